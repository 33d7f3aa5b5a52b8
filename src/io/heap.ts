/**
 * `quick`: a pause of about 1 ms per MB kept. `thorough`: of some 4 ms, and what this thread and the C library do not need
 * then is given back to the system. `trim`: only what the C library does not need; some 15 ms in all.
 */
export type Collection = 'trim' | 'quick' | 'thorough';

/** The memory that the runtime manages for this thread. */
export interface Heap {
  /** What has outlived its first collections, garbage or not. */
  keptBytes(): number;
  /** Memory of the whole process, with the program itself, as the system counts it. */
  residentBytes(): number;
  /** Share of the time since it was last asked in which this thread's loop had something to do: 0 to 1. */
  busyShare(): number;
  /** Throws garbage away, now. Absent: this process was not started for it. */
  readonly collect?: (how: Collection) => void;
}
