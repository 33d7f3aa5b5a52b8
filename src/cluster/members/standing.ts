import type { Clock, Timer } from '#io';

const lookEveryMs = 250;
/** Nothing got through for so long: something is said at once, not when it is due. */
const doubtAfterMs = 900;

/** In leases: so long after the last that the others have certainly got of it, a member takes its place for lost… */
const standingShare = 0.85;
/** …and so long after the last that came of a member, others may act as if it had none. */
const silenceShare = 0.9;

export const standingMs = (leaseTtlMs: number): number => leaseTtlMs * standingShare;
export const silenceMs = (leaseTtlMs: number): number => leaseTtlMs * silenceShare;

export interface StandingOptions {
  readonly clock: Clock;
  readonly leaseTtlMs: number;
  /**
   * Own clock: enough of the others have got what was sent by then, so that nobody can act on a longer silence; Infinity
   * where nobody ever can, -Infinity where nothing has come to them.
   */
  readonly heardByMs: () => number;
  /** Nothing got through for a while. */
  readonly doubtful: () => void;
  /** It has lost its place now. */
  readonly lapsed: () => void;
}

/**
 * Whether others may take this member for gone, although its lease lives on in the engine: it does after a change of the
 * engine's leader, and for a while with a leader that is cut off itself. Nobody may who has got a sign of life since: a
 * report that the engine has taken, which all see, or an answer over the bus. Exact: what comes too late counts no more.
 */
export class Standing {
  readonly #options: StandingOptions;
  readonly #timer: Timer;
  #isHeld = false;
  #gotAtMs = -Infinity;

  constructor(options: StandingOptions) {
    this.#options = options;
    this.#timer = options.clock.every(lookEveryMs, () => this.#look());
  }

  /** It has a place now, and said so at this time. */
  begin(sentMs: number): void {
    this.#isHeld = true;
    this.#gotAtMs = sentMs;
  }

  end(): void {
    this.#isHeld = false;
  }

  /** The engine has taken what was sent at this time. */
  told(sentMs: number): void {
    if (this.#isHeld && !this.#hasLapsed()) this.#gotAtMs = Math.max(this.#gotAtMs, sentMs);
  }

  /** Own clock: until then nobody can take it for gone. */
  untilMs(): number {
    return this.#gotAtMs + standingMs(this.#options.leaseTtlMs);
  }

  stop(): void {
    this.#isHeld = false;
    this.#timer.cancel();
  }

  #look(): void {
    if (!this.#isHeld || this.#hasLapsed()) return;
    const { clock, heardByMs, doubtful } = this.#options;
    const nowMs = clock.nowMs();
    this.#gotAtMs = Math.max(this.#gotAtMs, Math.min(nowMs, heardByMs()));
    if (nowMs - this.#gotAtMs >= doubtAfterMs) doubtful();
  }

  #hasLapsed(): boolean {
    if (this.#options.clock.nowMs() < this.untilMs()) return false;
    this.#isHeld = false;
    this.#options.lapsed();
    return true;
  }
}
