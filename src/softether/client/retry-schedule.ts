import type { Random } from '#io';
import type { ClientLimits } from './limits.ts';

type RetryLimits = Pick<
  ClientLimits,
  'comeBackMs' | 'firstRetryMs' | 'maxRetryMs' | 'hopelessRetryMs' | 'steadyAfterMs'
>;

/** Half to all of it: many clients that lost the same server do not come back at the same moment. */
function jittered(ms: number, random: Random): number {
  return ms - random.below(Math.floor(ms / 2) + 1);
}

/** When to try again: at once after a session that lasted, quickly at first, then less and less often, for ever. */
export class RetrySchedule {
  readonly #limits: RetryLimits;
  readonly #random: Random;
  #failures = 0;
  #isComingBack = false;

  constructor(limits: RetryLimits, random: Random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** A session was there, and ended after `lastedMs`. */
  sessionEnded(lastedMs: number): void {
    if (lastedMs < this.#limits.steadyAfterMs) return;
    this.#failures = 0;
    this.#isComingBack = true;
  }

  /** How long to wait now, ms. */
  nextDelayMs(healsByWaiting: boolean): number {
    const { comeBackMs, firstRetryMs, maxRetryMs, hopelessRetryMs } = this.#limits;
    const isFirst = this.#isComingBack;
    this.#isComingBack = false;
    if (isFirst && healsByWaiting) return jittered(comeBackMs, this.#random);
    if (!healsByWaiting) return jittered(hopelessRetryMs, this.#random);
    const doubled = firstRetryMs * 2 ** Math.min(this.#failures, 30);
    this.#failures++;
    return jittered(Math.min(doubled, maxRetryMs), this.#random);
  }
}
