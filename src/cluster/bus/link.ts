import { reasonOf, type BufferPool } from '#base';
import type { Clock } from '#io';
import type { MemberBoot } from '../member-boot.ts';
import type { Carrier } from './carrier.ts';
import { FrameDecoder } from './codec/frame-decoder.ts';
import { FrameWriter, type FrameBlock } from './codec/frame-writer.ts';
import type { Frame } from './codec/frame.ts';
import type { FlushTurn } from './flush-turn.ts';
import type { BusLimits } from './limits.ts';

export interface LinkDeps {
  readonly clock: Clock;
  readonly pool: BufferPool;
  readonly turn: FlushTurn;
  readonly limits: BusLimits;
}

export interface LinkSink {
  frame(frame: Frame): void;
  /** Once; nothing follows. Never before the function returns that made it end. */
  ended(cause: string): void;
  /** The queue was full, and is half empty. */
  drained(): void;
  /** Frames go out in this turn: what can travel with them may be written now. */
  flushing(): void;
}

const nobody: LinkSink = {
  frame: () => undefined,
  ended: () => undefined,
  drained: () => undefined,
  flushing: () => undefined,
};

/** Frames, in order, over one carrier. Frames of one turn of the loop go out together. */
export class Link {
  readonly carrier: Carrier;
  /** This side has opened it. */
  readonly isDialled: boolean;
  readonly writer: FrameWriter;
  /** Known when the other side has said hello. */
  other: MemberBoot | undefined;
  phase: 'hello' | 'memory' | 'up' | 'ended' = 'hello';
  readonly openedAtMs: number;
  lastHeardMs: number;
  roundTripMs: number | undefined;
  /** When the last ping was sent that was answered. */
  heardByMs: number | undefined;
  sink: LinkSink = nobody;
  readonly #deps: LinkDeps;
  readonly #decoder: FrameDecoder;
  #inFlightBytes = 0;
  #isTouched = false;
  #written: (() => void) | undefined;
  #wasFull = false;
  #pingToken = 0;
  #pingSentMs: number | undefined;
  #lastPingMs: number;

  constructor(carrier: Carrier, isDialled: boolean, deps: LinkDeps) {
    this.carrier = carrier;
    this.isDialled = isDialled;
    this.#deps = deps;
    this.writer = new FrameWriter(deps.pool);
    this.#decoder = new FrameDecoder(deps.limits.maxFrameBytes);
    this.openedAtMs = deps.clock.nowMs();
    this.lastHeardMs = this.openedAtMs;
    this.#lastPingMs = this.openedAtMs;
  }

  receive(sink: LinkSink): void {
    this.sink = sink;
    this.carrier.receive({ data: this.#data, closed: this.#closed });
  }

  /** Written, and not yet taken by the carrier. */
  get queuedBytes(): number {
    return this.writer.length + this.#inFlightBytes;
  }

  get isFull(): boolean {
    if (this.queuedBytes < this.#deps.limits.maxQueuedBytes) return false;
    this.#wasFull = true;
    return true;
  }

  /** To be called after each frame that was written. */
  touch(): void {
    if (this.#isTouched || this.phase === 'ended') return;
    this.#isTouched = true;
    this.#deps.turn.add(this);
  }

  flush(): void {
    this.#isTouched = false;
    if (this.phase === 'ended') {
      for (const block of this.writer.take()) this.writer.giveBack(block);
      return;
    }
    this.sink.flushing();
    for (const block of this.writer.take()) this.#write(block);
    if (this.#inFlightBytes > this.#deps.limits.maxStuckBytes) {
      this.end(`${this.#inFlightBytes} bytes wait, the other side does not read`);
    }
  }

  /** One at a time: an answer that is overdue comes late or never, more questions would only wait behind. */
  ping(intervalMs: number): void {
    const nowMs = this.#deps.clock.nowMs();
    if (this.#pingSentMs !== undefined || nowMs - this.#lastPingMs < intervalMs) return;
    this.#lastPingMs = nowMs;
    this.#pingSentMs = nowMs;
    this.#pingToken = (this.#pingToken + 1) >>> 0;
    this.writer.ping(this.#pingToken);
    this.touch();
  }

  /** After what was written in this turn; what the other side sends meanwhile is dropped. */
  close(cause: string): void {
    if (this.phase === 'ended') return;
    this.flush();
    if (!this.#isOpen()) return;
    this.#finish(cause);
    this.carrier.close();
  }

  /** Calls `then` once, when everything that was flushed has been taken by the carrier. */
  whenWritten(then: () => void): void {
    if (this.#inFlightBytes === 0) then();
    else this.#written = then;
  }

  /** At once. */
  end(cause: string): void {
    if (this.phase === 'ended') return;
    this.#finish(cause);
    this.carrier.destroy();
  }

  #finish(cause: string): void {
    this.phase = 'ended';
    const { sink } = this;
    this.sink = nobody;
    this.#deps.clock.soon(() => sink.ended(cause));
  }

  #write(block: FrameBlock): void {
    const { memory, length } = block;
    this.#inFlightBytes += length;
    this.carrier.write(memory.subarray(0, length), () => {
      this.#inFlightBytes -= length;
      this.writer.giveBack(block);
      if (this.#inFlightBytes === 0) this.#written?.();
      if (!this.#wasFull || this.queuedBytes * 2 > this.#deps.limits.maxQueuedBytes) return;
      this.#wasFull = false;
      this.sink.drained();
    });
  }

  readonly #data = (chunk: Buffer): void => {
    if (this.phase === 'ended') return;
    this.lastHeardMs = this.#deps.clock.nowMs();
    try {
      this.#decoder.push(chunk, this.#take);
    } catch (error) {
      this.end(`what it sent cannot be handled: ${reasonOf(error)}`);
    }
  };

  readonly #take = (frame: Frame): boolean => {
    if (frame.kind === 'ping') {
      this.writer.pong(frame.token);
      this.touch();
    } else if (frame.kind === 'pong') this.#pong(frame.token);
    else this.sink.frame(frame);
    return this.#isOpen();
  };

  /** A frame may have ended the link. */
  #isOpen(): boolean {
    return this.phase !== 'ended';
  }

  #pong(token: number): void {
    if (token !== this.#pingToken || this.#pingSentMs === undefined) return;
    this.roundTripMs = this.#deps.clock.nowMs() - this.#pingSentMs;
    this.heardByMs = this.#pingSentMs;
    this.#pingSentMs = undefined;
  }

  readonly #closed = (cause: string): void => {
    if (this.phase === 'ended') return;
    this.#finish(cause);
  };
}
