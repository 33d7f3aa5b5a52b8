/** Losses longer ago than this are forgiven. */
const memoryMs = 120_000;
const firstPauseMs = 1_000;
const pauseMaxMs = 30_000;

/**
 * How long a member that has lost its leadership lets others go first: not at all after one loss, then longer with each
 * further one. A controller that hangs now and then so does not come back again and again.
 */
export class StandBack {
  #lossesMs: number[] = [];

  lost(nowMs: number): void {
    this.#lossesMs = [...this.#recent(nowMs), nowMs];
  }

  pauseMs(nowMs: number): number {
    const losses = this.#recent(nowMs).length;
    return losses < 2 ? 0 : Math.min(pauseMaxMs, firstPauseMs * 2 ** Math.min(losses - 2, 10));
  }

  #recent(nowMs: number): number[] {
    return this.#lossesMs.filter((lossMs) => nowMs - lossMs < memoryMs);
  }
}
