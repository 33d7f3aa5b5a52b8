import type { Clock, Timer } from '#io';

/** The time of one holder, whose timers can be held back while it passes for the others, as those of a stopped process are. */
export class HeldClock implements Clock {
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
    this.#clock.soon(() => this.#run(run));
  }

  /** What falls due from now on runs once, at the release. */
  hold(): void {
    this.#late ??= new Set();
  }

  release(): void {
    const late = this.#late ?? [];
    this.#late = undefined;
    for (const run of late) run();
  }

  /** Resolves when what was held back has run. */
  holdFor(ms: number): Promise<void> {
    this.hold();
    return new Promise((resolve) => {
      this.#clock.after(ms, () => {
        this.release();
        resolve();
      });
    });
  }

  #run(run: () => void): void {
    if (this.#late === undefined) run();
    else this.#late.add(run);
  }

  #guarded(run: () => void, arm: (due: () => void) => Timer): Timer {
    let isCancelled = false;
    const guarded = (): void => {
      if (!isCancelled) run();
    };
    const timer = arm(() => this.#run(guarded));
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }
}
