import type { Clock, Timer } from '../clock.ts';

/** A test that runs into this has timers that make timers without time passing. */
const MAX_EVENTS_PER_ADVANCE = 1_000_000;
/** Promise turns given to the code under test between two events. */
const MICROTASK_TURNS = 20;

interface Waiting {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * A clock that moves only when it is told to. Callbacks run in the order of their time, those of the same time in the order
 * in which they were asked for, `soon` ones before any timer; so a run can be repeated exactly.
 */
export class VirtualClock implements Clock {
  #nowMs = 0;
  readonly #wallAtStartMs: number;
  /** Sorted by time; the next one is last. */
  readonly #timers: Waiting[] = [];
  #soon: (() => void)[] = [];

  constructor(wallAtStartMs = Date.UTC(2026, 0, 1)) {
    this.#wallAtStartMs = wallAtStartMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallAtStartMs + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add(this.#nowMs + Math.max(0, delayMs), run);
  }

  every(intervalMs: number, run: () => void): Timer {
    const step = Math.max(1, intervalMs);
    const next = (dueMs: number): Timer =>
      this.#add(dueMs, () => {
        current = next(dueMs + step);
        run();
      });
    let current = next(this.#nowMs + step);
    return { cancel: () => current.cancel() };
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Timers that wait, `soon` callbacks not counted. For tests that look for leaks. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next callback; undefined when nothing waits. */
  get nextInMs(): number | undefined {
    if (this.#soon.length > 0) return 0;
    const next = this.#timers.at(-1);
    return next && next.dueMs - this.#nowMs;
  }

  /** Lets `durationMs` pass and runs, at once, everything that falls due on the way. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    let events = 0;
    while (this.#runNext(untilMs)) {
      if (++events > MAX_EVENTS_PER_ADVANCE) throw new Error(`more than ${events} callbacks within ${durationMs} ms`);
    }
    this.#nowMs = untilMs;
  }

  /** As `advance`, but code that waits for promises goes on between two callbacks. */
  async run(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    let events = 0;
    do {
      for (let turn = 0; turn < MICROTASK_TURNS; turn++) await Promise.resolve();
      if (++events > MAX_EVENTS_PER_ADVANCE) throw new Error(`more than ${events} callbacks within ${durationMs} ms`);
    } while (this.#runNext(untilMs));
    this.#nowMs = untilMs;
  }

  /** False: nothing is due until `untilMs`. */
  #runNext(untilMs: number): boolean {
    if (this.#soon.length > 0) {
      const due = this.#soon;
      this.#soon = [];
      for (const run of due) run();
      return true;
    }
    const next = this.#timers.at(-1);
    if (next === undefined || next.dueMs > untilMs) return false;
    this.#timers.pop();
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.run();
    return true;
  }

  #add(dueMs: number, run: () => void): Timer {
    const waiting: Waiting = { dueMs, run };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      // An equal time keeps the order of asking: the newcomer stands before (runs after) those that are there.
      if (this.#timers[middle]!.dueMs > dueMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, waiting);
    return {
      cancel: () => {
        const at = this.#timers.indexOf(waiting);
        if (at >= 0) this.#timers.splice(at, 1);
      },
    };
  }
}
