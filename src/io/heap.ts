/** The memory that the runtime manages for this thread. */
export interface Heap {
  /** What has outlived its first collections, garbage or not. */
  keptBytes(): number;
  /** Share of the time since it was last asked in which this thread's loop had something to do: 0 to 1. */
  busyShare(): number;
  /** Throws garbage away, now: a pause of about 1 ms per MB kept. Absent: this process was not started for it. */
  readonly collect?: () => void;
}
