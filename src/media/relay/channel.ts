import type { KernelPath, KernelRelay } from './kernel-relay.ts';
import type { Leg } from './leg.ts';
import type { SideTotals } from './side-totals.ts';

/** After the kernel refused a channel, or lost it, user space keeps it for so long. */
const RETRY_MS = 30_000;

type SideName = 'a' | 'b';

/** RTP or RTCP of a stream: the two legs, and the kernel in their place once both parties have been found. */
export class Channel {
  readonly a: Leg;
  readonly b: Leg;
  readonly #kind: 'media' | 'control';
  readonly #totals: Readonly<Record<SideName, SideTotals>>;
  #path: KernelPath | undefined;
  #notBeforeMs = -Infinity;

  constructor(a: Leg, b: Leg, kind: 'media' | 'control', totals: Readonly<Record<SideName, SideTotals>>) {
    this.a = a;
    this.b = b;
    this.#kind = kind;
    this.#totals = totals;
    a.partner = b;
    b.partner = a;
  }

  get isInKernel(): boolean {
    return this.#path?.isInstalled === true;
  }

  /** A party whose packets the kernel forwards has been heard just now, until the counts say otherwise. */
  kernelHeardMs(side: SideName, nowMs: number): number {
    if (this.#path?.isInstalled !== true) return -Infinity;
    return this.#path[side].quietSinceMs ?? nowMs;
  }

  get lastHeardMs(): number {
    const path = this.#path;
    const own = Math.max(this.a.lastHeardMs, this.b.lastHeardMs);
    return path === undefined ? own : Math.max(own, path.a.lastHeardMs, path.b.lastHeardMs);
  }

  /** Hands the channel to the kernel if it is time. True: it has it, or is being asked. */
  offer(kernel: KernelRelay, nowMs: number): boolean {
    if (this.#path !== undefined) return true;
    const { a, b } = this;
    if (nowMs < this.#notBeforeMs || a.isDeaf || b.isDeaf || a.source === undefined || b.source === undefined)
      return false;
    const channel = { a: { remote: a.source, local: a.local }, b: { remote: b.source, local: b.local } };
    this.#path = kernel.install(channel, (path) => this.#ended(path, nowMs));
    // What the kernel forwards cannot be told from what is lost.
    if (this.#path !== undefined && this.#kind === 'media') this.#interrupt();
    return this.#path !== undefined;
  }

  /** User space has it again: a party has moved, or is on hold. */
  recall(): void {
    const path = this.#path;
    if (path === undefined) return;
    this.#path = undefined;
    path.remove();
    this.#keep(path);
  }

  /** What the kernel has forwarded of what came from this side, beyond what the totals have already. */
  kernelShare(side: SideName): { packets: number; octets: number; controlPackets: number } {
    return this.#path === undefined ? { packets: 0, octets: 0, controlPackets: 0 } : this.#shareOf(this.#path, side);
  }

  close(): void {
    this.recall();
    this.a.close();
    this.b.close();
  }

  #shareOf(path: KernelPath, side: SideName): { packets: number; octets: number; controlPackets: number } {
    const { packets, octets } = path[side];
    const isMedia = this.#kind === 'media';
    return { packets: isMedia ? packets : 0, octets: isMedia ? octets : 0, controlPackets: isMedia ? 0 : packets };
  }

  #ended(path: KernelPath, sinceMs: number): void {
    if (path !== this.#path) return;
    this.#path = undefined;
    this.#notBeforeMs = sinceMs + RETRY_MS;
    this.#keep(path);
  }

  #keep(path: KernelPath): void {
    for (const side of ['a', 'b'] as const) {
      this.#totals[side].add(this.#shareOf(path, side));
      this[side].lastHeardMs = Math.max(this[side].lastHeardMs, path[side].lastHeardMs);
    }
    if (this.#kind === 'media') this.#interrupt();
  }

  #interrupt(): void {
    this.#totals.a.reception.interrupt();
    this.#totals.b.reception.interrupt();
  }
}
