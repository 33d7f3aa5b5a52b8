import type { Clock } from '#io';

export interface PacerOptions {
  readonly clock: Clock;
  readonly limits: { readonly tlsHandshakesPerTurn: number };
  /** Connections that have begun their TLS handshake and are not done with logging in. */
  readonly underWay: () => number;
}

/** A turn of the loop that takes longer says that there is enough to do. */
const BUSY_TURN_MS = 5;
/** Log-ins under way that are enough for a busy loop. */
const MANY_LOGINS = 16;
/** However busy the loop is, one handshake begins in so many milliseconds. */
const LONGEST_WAIT_MS = 20;
const COMPACT_AFTER = 256;

/**
 * Lets TLS handshakes begin a few per turn of the loop. A log-in costs one to two milliseconds, in pieces; without this,
 * hundreds of clients that come back at once after a restart would stop the forwarding of frames for as long as all
 * their pieces take. The order of arrival is kept. While turns are long, nothing begins before earlier log-ins are done:
 * their later pieces (requests, renegotiation) would pile up. Turns are short while distant clients let us wait, so
 * those do not hold up others. The queue is bounded by `Admission`: nothing waits here that has no place there.
 */
export class HandshakePacer {
  readonly #options: PacerOptions;
  #waiting: (() => void)[] = [];
  #next = 0;
  #begunThisTurn = 0;
  #isTurning = false;
  #turnBeganMs = 0;
  #lastBeganMs = 0;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  enter(begin: () => void): void {
    if (this.#begunThisTurn < this.#options.limits.tlsHandshakesPerTurn && this.waiting === 0) {
      this.#begunThisTurn++;
      begin();
    } else {
      this.#waiting.push(begin);
    }
    if (!this.#isTurning) this.#turn();
  }

  #turn(): void {
    const { clock } = this.#options;
    this.#isTurning = true;
    this.#turnBeganMs = clock.nowMs();
    clock.soon(() => {
      this.#isTurning = false;
      this.#begunThisTurn = this.#beginSome();
      if (this.#begunThisTurn > 0 || this.waiting > 0) this.#turn();
    });
  }

  #beginSome(): number {
    const { clock, limits, underWay } = this.#options;
    const now = clock.nowMs();
    const isBusy = now - this.#turnBeganMs > BUSY_TURN_MS && underWay() >= MANY_LOGINS;
    if (isBusy && now - this.#lastBeganMs < LONGEST_WAIT_MS) return 0;
    const count = Math.min(isBusy ? 1 : limits.tlsHandshakesPerTurn, this.waiting);
    if (count > 0) this.#lastBeganMs = now;
    for (let i = 0; i < count; i++) this.#waiting[this.#next++]!();
    if (this.#next === this.#waiting.length || this.#next > COMPACT_AFTER) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return count;
  }
}
