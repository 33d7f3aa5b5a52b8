import type { Clock, Timer } from '#io';

interface Held {
  readonly run: () => void;
  isCancelled: boolean;
}

/**
 * A process on a machine of its own: its clock, and what can happen to it. While it is stopped (SIGSTOP) everything that
 * falls due waits, in order; once it is killed nothing of it ever runs again. Wall time may jump; monotonic time does not.
 */
export class SimulatedProcess implements Clock {
  readonly #world: Clock;
  readonly #held: Held[] = [];
  #state: 'running' | 'stopped' | 'killed' = 'running';
  #wallOffsetMs = 0;

  constructor(world: Clock) {
    this.#world = world;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get isKilled(): boolean {
    return this.#state === 'killed';
  }

  nowMs(): number {
    return this.#world.nowMs();
  }

  wallMs(): number {
    return this.#world.wallMs() + this.#wallOffsetMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const held: Held = { run, isCancelled: false };
    const timer = this.#world.after(delayMs, () => this.#fire(held));
    return {
      cancel: () => {
        held.isCancelled = true;
        timer.cancel();
      },
    };
  }

  every(intervalMs: number, run: () => void): Timer {
    let isPending = false;
    const held: Held = {
      run: () => {
        isPending = false;
        run();
      },
      isCancelled: false,
    };
    const timer = this.#world.every(intervalMs, () => {
      if (isPending) return;
      isPending = true;
      this.#fire(held);
    });
    return {
      cancel: () => {
        held.isCancelled = true;
        timer.cancel();
      },
    };
  }

  soon(run: () => void): void {
    const held = { run, isCancelled: false };
    this.#world.soon(() => this.#fire(held));
  }

  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  resume(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    for (const held of this.#held.splice(0)) this.soon(() => this.#fire(held));
  }

  kill(): void {
    this.#state = 'killed';
    this.#held.length = 0;
  }

  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  #fire(held: Held): void {
    if (held.isCancelled || this.#state === 'killed') return;
    if (this.#state === 'stopped') this.#held.push(held);
    else held.run();
  }
}
