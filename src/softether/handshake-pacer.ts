import type { Clock } from '#io';

const COMPACT_AFTER = 256;

/**
 * Lets TLS handshakes begin a few per turn of the loop. A handshake costs about a millisecond in one piece; without
 * this, hundreds of clients that come back at once after a restart would stop the forwarding of frames for as long.
 * With it a turn grows by `perTurn` handshakes at most, and the order of arrival is kept. The queue is bounded by
 * `Admission`: nothing waits here that has no place there.
 */
export class HandshakePacer {
  readonly #clock: Clock;
  readonly #perTurn: number;
  #waiting: (() => void)[] = [];
  #next = 0;
  #startedThisTurn = 0;
  #isTurning = false;

  constructor(clock: Clock, perTurn: number) {
    this.#clock = clock;
    this.#perTurn = perTurn;
  }

  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  enter(start: () => void): void {
    if (this.#startedThisTurn < this.#perTurn && this.waiting === 0) {
      this.#startedThisTurn++;
      start();
    } else {
      this.#waiting.push(start);
    }
    if (!this.#isTurning) this.#turn();
  }

  #turn(): void {
    this.#isTurning = true;
    this.#clock.soon(() => {
      this.#isTurning = false;
      const last = Math.min(this.#next + this.#perTurn, this.#waiting.length);
      this.#startedThisTurn = last - this.#next;
      while (this.#next < last) this.#waiting[this.#next++]!();
      if (this.#next === this.#waiting.length || this.#next > COMPACT_AFTER) {
        this.#waiting = this.#waiting.slice(this.#next);
        this.#next = 0;
      }
      if (this.#startedThisTurn > 0) this.#turn();
    });
  }
}
