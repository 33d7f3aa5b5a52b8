import type { Clock, Timer } from '#io';

/** After this the others take a member that says nothing out of the farm, and do its work. */
const TAKEN_OVER_MS = 3_000;
const BEAT_MS = 500;
/** Within this all that has gathered in the sockets is read. */
const READ_MS = 250;

/**
 * Notices that this process stood still (stopped, swapped out, its machine asleep) for so long that others have done its work.
 * What waits in its sockets then is of calls that are up, or over, by now: an INVITE among it would ring a telephone for nobody.
 * All of it is known to the others, and whoever still waits for an answer asks again.
 */
export class Standstill {
  readonly #beat: Timer;
  #lastBeatMs: number;
  #staleUntilMs = -Infinity;

  constructor(clock: Clock) {
    this.#lastBeatMs = clock.nowMs();
    this.#beat = clock.every(BEAT_MS, () => this.isStale(clock.nowMs(), true));
  }

  /** Whether what is read from a socket at this time may have waited there since before others took over. */
  isStale(nowMs: number, isBeat = false): boolean {
    if (nowMs - this.#lastBeatMs > TAKEN_OVER_MS) this.#staleUntilMs = nowMs + READ_MS;
    if (isBeat || nowMs <= this.#staleUntilMs) this.#lastBeatMs = nowMs;
    return nowMs <= this.#staleUntilMs;
  }

  stop(): void {
    this.#beat.cancel();
  }
}
