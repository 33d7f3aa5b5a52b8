import type { Clock } from './clock.ts';

/** Work that could hold up the loop (a slow disk), or that one processor does not suffice for, goes to other threads. */
export interface Threads {
  /**
   * Runs what `module` exports as `run` (a `ThreadBody`) in a new thread, with a copy of `input`. What is posted before
   * the thread is ready waits for it. The process stays alive until the thread ends.
   */
  start(module: URL, input: unknown, sink: ThreadSink): Thread;
  /**
   * A pipe between two threads, without a third between them. Use an end here, or give it to a thread with `post`; an end
   * that was given away is dead here.
   */
  channel(): readonly [ThreadPort, ThreadPort];
}

export interface Thread {
  /** Sends a structured clone. `ends` of channels go with it, in the same order. */
  post(message: unknown, ends?: readonly ThreadPort[]): void;
  /** Ends it at once, also in an endless loop. `ended` is called. */
  terminate(): void;
}

export interface ThreadSink {
  message(message: unknown, ends: readonly ThreadPort[]): void;
  /** Once; nothing follows. `error` = what the thread did not catch. */
  ended(error: Error | undefined): void;
}

export type ThreadBody = (port: ThreadPort, input: unknown, clock: Clock) => void;

/**
 * The thread's own side of the pipe to the thread that started it, or one end of a channel. Messages come in order, none is
 * lost while both ends live, and each is handled to its end, promises included, before the next.
 */
export interface ThreadPort {
  /** Sends a structured clone; of bytes with all of the memory that they are a part of. Does nothing after the end. */
  post(message: unknown, ends?: readonly ThreadPort[]): void;
  /** What came before waits for it. An end that is received from keeps its thread alive. */
  receive(message: (message: unknown, ends: readonly ThreadPort[]) => void): void;
  /** Called once when the end has come: the other end was closed, its thread has ended, or `close` was called here. */
  onClosed(closed: () => void): void;
  /** A thread ends when it has nothing left to do. */
  close(): void;
}
