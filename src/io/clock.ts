/** A pending callback. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time as an input. Machines compare `nowMs` only with itself; `wallMs` is for people and for records. */
export interface Clock {
  /** Monotonic milliseconds; may be fractional; the origin means nothing. */
  nowMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  wallMs(): number;
  after(delayMs: number, run: () => void): Timer;
  every(intervalMs: number, run: () => void): Timer;
  /** Runs once in this turn of the loop, after the I/O callbacks that are already due (setImmediate). */
  soon(run: () => void): void;
}

/** Random bytes as an input, so that a test can replay them. */
export interface Random {
  bytes(length: number): Buffer;
  /** Uniform integer in [0, below). */
  below(below: number): number;
}
