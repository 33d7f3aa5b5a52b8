/** Work that could hold up the loop (a slow disk) goes to a thread of its own. */
export interface Threads {
  /**
   * Runs what `module` exports as `run` (a `ThreadBody`) in a new thread, with a copy of `input`. What is posted before
   * the thread is ready waits for it. The process stays alive until the thread ends.
   */
  start(module: URL, input: unknown, sink: ThreadSink): Thread;
}

export interface Thread {
  /** Sends a structured clone. */
  post(message: unknown): void;
}

export interface ThreadSink {
  message(message: unknown): void;
  /** Once; nothing follows. `error` = what the thread did not catch. */
  ended(error: Error | undefined): void;
}

export type ThreadBody = (port: ThreadPort, input: unknown) => void;

/** The thread's own side. */
export interface ThreadPort {
  post(message: unknown): void;
  receive(message: (message: unknown) => void): void;
  /** The thread ends when it has nothing left to do. */
  close(): void;
}
