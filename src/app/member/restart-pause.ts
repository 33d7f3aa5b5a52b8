const firstMs = 1_000;
const lastMs = 30_000;
/** Who was up for so long has earned a quick restart. */
const provenMs = 60_000;

/** How long to wait before what has ended is started again: longer each time. */
export class RestartPause {
  #nextMs = firstMs;

  /** `livedMs` = for how long it was up. */
  after(livedMs: number): number {
    if (livedMs >= provenMs) this.#nextMs = firstMs;
    const pauseMs = this.#nextMs;
    this.#nextMs = Math.min(2 * pauseMs, lastMs);
    return pauseMs;
  }
}
