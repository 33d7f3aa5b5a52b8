import type { Clock, Timer } from '#io';

interface Pending {
  dueMs: number;
  readonly intervalMs: number | undefined;
  readonly run: () => void;
}

/** Time that the test moves; `soon` is real, so that stores work without being pushed. */
export class ManualClock implements Clock {
  readonly #pending = new Set<Pending>();
  #nowMs = 1_000;

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add({ dueMs: this.#nowMs + delayMs, intervalMs: undefined, run });
  }

  every(intervalMs: number, run: () => void): Timer {
    return this.#add({ dueMs: this.#nowMs + intervalMs, intervalMs, run });
  }

  soon(run: () => void): void {
    setImmediate(run);
  }

  /** Lets time pass, each timer at its time; what they start in the loop is done before the next one. */
  async advance(ms: number): Promise<void> {
    // What was asked a moment ago arms its timers first.
    await turn();
    const endMs = this.#nowMs + ms;
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#fire(next);
      await turn();
    }
    this.#nowMs = endMs;
    await turn();
  }

  /** As if the process had been stopped for so long: every timer that is due runs once, late. */
  async jump(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const timer of [...this.#pending].filter((pending) => pending.dueMs <= this.#nowMs)) this.#fire(timer);
    await this.advance(0);
  }

  #add(pending: Pending): Timer {
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  #next(endMs: number): Pending | undefined {
    const due = [...this.#pending].filter((pending) => pending.dueMs <= endMs);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }

  #fire(timer: Pending): void {
    if (timer.intervalMs === undefined) this.#pending.delete(timer);
    else timer.dueMs = this.#nowMs + timer.intervalMs;
    timer.run();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The real clock, for tests in which only the loop matters. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  every: (intervalMs, run) => {
    const timer = setInterval(run, intervalMs);
    return { cancel: () => clearInterval(timer) };
  },
  soon: (run) => void setImmediate(run),
};
