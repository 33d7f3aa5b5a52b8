import type { Backplane } from '#backplane';

/** One store under test, with everything that a test needs to do to it from outside. */
export interface Harness {
  /** Clients of the same store; one where the implementation has no more. The last one is never held up. */
  readonly clients: readonly Backplane[];
  /** The client that gives up after `callTimeoutMs`. Others may be more patient, as a busy machine needs them. */
  readonly hasty: Backplane;
  readonly callTimeoutMs: number;
  /** Lets time pass while everybody runs. */
  passTime(ms: number): Promise<void>;
  /** Stops the holder of `client`'s leases for `ms`, as SIGSTOP or a cut line does; returns when the engine knows. */
  holdUp(client: Backplane, ms: number): Promise<void>;
  /** The engine does not answer from now on, until `restore`. */
  interrupt(): Promise<void>;
  restore(): Promise<void>;
  /** A path that does not exist, for a backup. */
  newPath(): string;
  close(): Promise<void>;
}

export type OpenHarness = () => Promise<Harness>;
