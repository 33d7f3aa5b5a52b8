import type { Clock } from '#io';

/** What has written in this turn of the loop, and is flushed, all of it together, at its end. */
export class FlushTurn {
  readonly #clock: Clock;
  #waiting: { flush(): void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(flushed: { flush(): void }): void {
    if (this.#waiting.length === 0) this.#clock.soon(this.#run);
    this.#waiting.push(flushed);
  }

  readonly #run = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each.flush();
  };
}
