import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '#io';
import type { HttpFaceLimits } from './limits.ts';

interface Tracked {
  readonly address: string;
  inFlight: number;
  timer: Timer | undefined;
}

/**
 * The connections that the HTTP server works on. They are not accepted by it but handed to it, and Node watches only
 * those that it accepted itself: so the time limits are kept here.
 */
export class HttpConnections {
  readonly #clock: Clock;
  readonly #limits: HttpFaceLimits;
  readonly #byStream = new Map<Duplex, Tracked>();

  constructor(clock: Clock, limits: HttpFaceLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get size(): number {
    return this.#byStream.size;
  }

  /** False: there are too many, and the stream is destroyed. */
  add(stream: Duplex, address: string): boolean {
    if (this.#byStream.size >= this.#limits.maxConnections) {
      stream.destroy();
      return false;
    }
    const tracked: Tracked = { address, inFlight: 0, timer: undefined };
    this.#byStream.set(stream, tracked);
    stream.once('close', () => {
      tracked.timer?.cancel();
      this.#byStream.delete(stream);
    });
    this.#limit(stream, tracked, this.#limits.idleTimeoutMs);
    return true;
  }

  /** '' if the stream is not one of ours (any more). */
  addressOf(stream: Duplex): string {
    return this.#byStream.get(stream)?.address ?? '';
  }

  /** A request's head is complete. */
  requestBegan(stream: Duplex): void {
    const tracked = this.#byStream.get(stream);
    if (tracked === undefined) return;
    tracked.inFlight++;
    if (tracked.inFlight > this.#limits.maxPipelined) stream.destroy();
    else this.#limit(stream, tracked, this.#limits.bodyTimeoutMs);
  }

  /** Its body too: the time that follows is ours. */
  requestComplete(stream: Duplex): void {
    this.#byStream.get(stream)?.timer?.cancel();
  }

  /** The answer is being sent. */
  answerBegan(stream: Duplex): void {
    const tracked = this.#byStream.get(stream);
    if (tracked !== undefined) this.#limit(stream, tracked, this.#limits.answerTimeoutMs);
  }

  answerComplete(stream: Duplex): void {
    const tracked = this.#byStream.get(stream);
    if (tracked === undefined) return;
    tracked.inFlight--;
    if (tracked.inFlight === 0) this.#limit(stream, tracked, this.#limits.idleTimeoutMs);
  }

  destroyAll(): void {
    for (const stream of this.#byStream.keys()) stream.destroy();
  }

  #limit(stream: Duplex, tracked: Tracked, ms: number): void {
    tracked.timer?.cancel();
    tracked.timer = this.#clock.after(ms, () => stream.destroy());
  }
}
