import type { MediaSockets } from '#io';
import { Channel } from './channel.ts';
import type { KernelRelay } from './kernel-relay.ts';
import { Leg, type LegListener } from './leg.ts';
import type { LatchExpectation } from './latch.ts';
import type { MediaAddress, SideCounters, SidePlan, StreamCounters, StreamPlan } from './relay.ts';
import { SideTotals } from './side-totals.ts';

export interface StreamParts {
  readonly sockets: MediaSockets;
  readonly typeOfService: number | undefined;
}

export interface StreamTotals {
  readonly a: SideTotals;
  readonly b: SideTotals;
}

export const newStreamTotals = (): StreamTotals => ({ a: new SideTotals(), b: new SideTotals() });

/** One m= line: four ports, two channels. */
export class Stream {
  readonly totals: StreamTotals;
  readonly #media: Channel;
  readonly #control: Channel;
  #plan: StreamPlan;
  #wasInKernel = false;

  private constructor(plan: StreamPlan, totals: StreamTotals, media: Channel, control: Channel) {
    this.#plan = plan;
    this.totals = totals;
    this.#media = media;
    this.#control = control;
  }

  /** @throws IoError as `MediaSockets.open`; then nothing stays open. */
  static open(plan: StreamPlan, totals: StreamTotals, parts: StreamParts, failed: (error: Error) => void): Stream {
    const opened: Leg[] = [];
    let stream: Stream | undefined;
    const leg = (name: 'a' | 'b', isControl: boolean, rtpLeg: Leg | undefined): Leg => {
      const side = plan[name];
      const listener: LegListener = {
        kernelHeardMs: (nowMs) => stream?.channel(isControl).kernelHeardMs(name, nowMs) ?? -Infinity,
        moved: () => stream?.channel(isControl).recall(),
        failed,
      };
      const local = isControl ? nextPort(side.local) : side.local;
      const expected = expectationOf(plan, side, isControl);
      const { isDeaf } = side;
      const made = new Leg({ ...parts, local, expected, totals: totals[name], isDeaf, rtpLeg, listener });
      opened.push(made);
      return made;
    };
    try {
      const media = new Channel(leg('a', false, undefined), leg('b', false, undefined), 'media', totals);
      const control = new Channel(leg('a', true, media.a), leg('b', true, media.b), 'control', totals);
      stream = new Stream(plan, totals, media, control);
      return stream;
    } catch (error) {
      for (const one of opened) one.close();
      throw error;
    }
  }

  get isInKernel(): boolean {
    return this.#media.isInKernel || this.#wasInKernel;
  }

  get lastHeardMs(): number {
    return Math.max(this.#media.lastHeardMs, this.#control.lastHeardMs);
  }

  /** The same sockets do. */
  fits(plan: StreamPlan): boolean {
    return isSameAddress(plan.a.local, this.#plan.a.local) && isSameAddress(plan.b.local, this.#plan.b.local);
  }

  update(plan: StreamPlan, nowMs: number): void {
    this.#plan = plan;
    for (const name of ['a', 'b'] as const) {
      const side = plan[name];
      this.#media[name].expect(expectationOf(plan, side, false), side.isDeaf, nowMs);
      this.#control[name].expect(expectationOf(plan, side, true), side.isDeaf, nowMs);
    }
    // Asked for again when both are found and may be sent to, which most often is at once.
    if (!this.#hasBoth(this.#media)) this.#media.recall();
    if (!this.#hasBoth(this.#control)) this.#control.recall();
  }

  offer(kernel: KernelRelay, nowMs: number): void {
    this.#media.offer(kernel, nowMs);
    this.#control.offer(kernel, nowMs);
  }

  channel(isControl: boolean): Channel {
    return isControl ? this.#control : this.#media;
  }

  counters(): StreamCounters {
    return { a: this.#side('a'), b: this.#side('b'), isInKernel: this.isInKernel };
  }

  /** Its counters can still be asked for. */
  close(): void {
    this.#wasInKernel = this.isInKernel;
    this.#media.close();
    this.#control.close();
  }

  #hasBoth({ a, b }: Channel): boolean {
    return a.source !== undefined && b.source !== undefined && !a.isDeaf && !b.isDeaf;
  }

  #side(name: 'a' | 'b'): SideCounters {
    const [media, control] = [this.#media.kernelShare(name), this.#control.kernelShare(name)];
    const share = { ...media, controlPackets: control.controlPackets };
    return this.totals[name].countersWith(this.#media[name].source, share);
  }
}

const isSameAddress = (one: MediaAddress, other: MediaAddress): boolean =>
  one.port === other.port && one.address === other.address;

const nextPort = ({ address, port }: MediaAddress): MediaAddress => ({ address, port: port + 1 });

function expectationOf({ kind }: StreamPlan, side: SidePlan, isControl: boolean): LatchExpectation {
  return { kind, remote: isControl ? side.remoteControl : side.remote, learn: side.learn };
}
