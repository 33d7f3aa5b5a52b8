import type { Clock, Timer } from '../clock.ts';

type Deferred = () => void;

/**
 * The clock of one machine: the world's time, but nothing runs while the machine is asleep, and nothing ever again when it is
 * dead. Monotonic time goes on meanwhile, as it does for a process that was stopped.
 */
export class HostClock implements Clock {
  readonly #world: Clock;
  #state: 'awake' | 'asleep' | 'dead' = 'awake';
  #deferred: Deferred[] = [];
  #wallOffsetMs = 0;

  constructor(world: Clock) {
    this.#world = world;
  }

  get isAsleep(): boolean {
    return this.#state !== 'awake';
  }

  nowMs(): number {
    return this.#world.nowMs();
  }

  wallMs(): number {
    return this.#world.wallMs() + this.#wallOffsetMs;
  }

  after(delayMs: number, run: () => void): Timer {
    let isCancelled = false;
    const timer = this.#world.after(delayMs, () => this.#run(() => (isCancelled ? undefined : run())));
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  every(intervalMs: number, run: () => void): Timer {
    let isCancelled = false;
    let isWaiting = false;
    const timer = this.#world.every(intervalMs, () => {
      // However many were missed: one.
      if (isWaiting) return;
      isWaiting = true;
      this.#run(() => {
        isWaiting = false;
        if (!isCancelled) run();
      });
    });
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  soon(run: () => void): void {
    this.#world.soon(() => this.#run(run));
  }

  sleep(): void {
    if (this.#state === 'awake') this.#state = 'asleep';
  }

  /** What fell due meanwhile runs soon, in order, and before anything that is asked for after it; then `awake` is called. */
  wake(awake: () => void): void {
    if (this.#state !== 'asleep') return;
    this.#world.soon(() => {
      if (this.#state !== 'asleep') return;
      this.#state = 'awake';
      const deferred = this.#deferred;
      this.#deferred = [];
      for (const run of deferred) this.#run(run);
      awake();
    });
  }

  die(): void {
    this.#state = 'dead';
    this.#deferred = [];
  }

  /** Somebody sets the time of day. */
  setWallClockOff(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  #run(run: () => void): void {
    if (this.#state === 'awake') run();
    else if (this.#state === 'asleep') this.#deferred.push(run);
  }
}
