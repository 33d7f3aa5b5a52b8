import type { Timer } from '../clock.ts';

interface Periodic {
  readonly intervalMs: number;
  readonly run: () => void;
  dueMs: number;
}

/**
 * What is done again and again, on one timer of the runtime. Each interval is counted from the same moment, so that what is due
 * every 250 ms, every 500 and every second is due together: an idle process wakes up four times a second for all of it, and
 * not for each. The first time comes after half the interval to one and a half of it. Does not keep the process alive.
 */
export class Periodics {
  readonly #nowMs: () => number;
  readonly #all = new Set<Periodic>();
  #timer: NodeJS.Timeout | undefined;
  #wakesMs = Infinity;

  /** `nowMs`: monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(intervalMs: number, run: () => void): Timer {
    const periodic = { intervalMs, run, dueMs: nextMs(intervalMs, this.#nowMs() + intervalMs / 2) };
    this.#all.add(periodic);
    if (periodic.dueMs < this.#wakesMs) this.#arm(periodic.dueMs);
    return { cancel: () => this.#remove(periodic) };
  }

  #remove(periodic: Periodic): void {
    this.#all.delete(periodic);
    if (this.#all.size > 0) return;
    clearTimeout(this.#timer);
    this.#wakesMs = Infinity;
  }

  #arm(dueMs: number): void {
    clearTimeout(this.#timer);
    this.#wakesMs = dueMs;
    // The runtime counts whole milliseconds, and may be one early.
    this.#timer = setTimeout(this.#wake, Math.max(1, Math.ceil(dueMs - this.#nowMs())));
    this.#timer.unref();
  }

  readonly #wake = (): void => {
    const nowMs = this.#nowMs() + 1;
    const due: Periodic[] = [];
    let earliestMs = Infinity;
    for (const periodic of this.#all) {
      if (periodic.dueMs <= nowMs) {
        due.push(periodic);
        periodic.dueMs = nextMs(periodic.intervalMs, nowMs);
      }
      earliestMs = Math.min(earliestMs, periodic.dueMs);
    }
    // Before anything is run: an error of one does not keep the others from their next time.
    if (earliestMs < Infinity) this.#arm(earliestMs);
    for (const periodic of due) if (this.#all.has(periodic)) periodic.run();
  };
}

/** The first multiple of the interval after `ms`. */
function nextMs(intervalMs: number, ms: number): number {
  const next = (Math.floor(ms / intervalMs) + 1) * intervalMs;
  // The quotient of two numbers with fractions may be a little too small.
  return next > ms ? next : next + intervalMs;
}
