import type { Clock, Timer } from '#io';

/** A clock whose timers can be held back for a while, as those of a stopped process are. */
export class HoldableClock implements Clock {
  readonly #clock: Clock;
  #late: Set<() => void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#guarded(run, (due) => this.#clock.after(delayMs, due));
  }

  every(intervalMs: number, run: () => void): Timer {
    return this.#guarded(run, (due) => this.#clock.every(intervalMs, due));
  }

  soon(run: () => void): void {
    this.#clock.soon(run);
  }

  /** What falls due meanwhile runs once, at the end. */
  hold(ms: number): Promise<void> {
    const late = new Set<() => void>();
    this.#late = late;
    return new Promise((resolve) => {
      this.#clock.after(ms, () => {
        this.#late = undefined;
        for (const run of late) run();
        resolve();
      });
    });
  }

  #guarded(run: () => void, arm: (due: () => void) => Timer): Timer {
    let isCancelled = false;
    const guarded = (): void => {
      if (!isCancelled) run();
    };
    const timer = arm(() => {
      if (this.#late === undefined) guarded();
      else this.#late.add(guarded);
    });
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }
}
