import type { Clock } from '#io';

export interface TurnPacerOptions {
  readonly clock: Clock;
  /** Pieces of work that may begin in one turn of the loop. */
  readonly perTurn: number;
  /** Asked when a turn was long: whether what is under way is enough for now. Absent = it never is. */
  readonly isEnoughUnderWay?: () => boolean;
}

/** A turn of the loop that takes longer says that there is enough to do. */
const BUSY_TURN_MS = 5;
/** However busy the loop is, one piece begins in so many milliseconds. */
const LONGEST_WAIT_MS = 20;
const COMPACT_AFTER = 256;

/**
 * Lets pieces of work begin a few per turn of the loop, in the order of their arrival; where there are few, at once.
 * Log-ins cost one to two milliseconds in all, in some pieces: without this, hundreds of clients that come back at
 * once after a restart would stop the forwarding of frames for as long as all their pieces take.
 */
export class TurnPacer {
  readonly #options: TurnPacerOptions;
  #waiting: (() => void)[] = [];
  #next = 0;
  #begunThisTurn = 0;
  #isTurning = false;
  #turnBeganMs = 0;
  #lastBeganMs = 0;

  constructor(options: TurnPacerOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  enter(begin: () => void): void {
    const isAtOnce = this.#begunThisTurn < this.#options.perTurn && this.waiting === 0;
    if (isAtOnce) this.#begunThisTurn++;
    else this.#waiting.push(begin);
    if (!this.#isTurning) this.#turn();
    if (isAtOnce) begin();
  }

  #turn(): void {
    const { clock } = this.#options;
    this.#isTurning = true;
    this.#turnBeganMs = clock.nowMs();
    clock.soon(() => {
      this.#begunThisTurn = 0;
      this.#beginSome();
      if (this.#begunThisTurn > 0 || this.waiting > 0) this.#turn();
      else this.#isTurning = false;
    });
  }

  #beginSome(): void {
    const { clock, perTurn, isEnoughUnderWay } = this.#options;
    const now = clock.nowMs();
    const isBusy = now - this.#turnBeganMs > BUSY_TURN_MS && isEnoughUnderWay?.() === true;
    if (isBusy && now - this.#lastBeganMs < LONGEST_WAIT_MS) return;
    const count = Math.min(isBusy ? 1 : perTurn, this.waiting);
    this.#begunThisTurn = count;
    if (count > 0) this.#lastBeganMs = now;
    for (let i = 0; i < count; i++) this.#waiting[this.#next++]!();
    if (this.#next === this.#waiting.length || this.#next > COMPACT_AFTER) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
  }
}
