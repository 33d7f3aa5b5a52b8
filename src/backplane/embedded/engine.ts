import type { Reply, Request } from './requests.ts';

/** The store as the calling side sees it: one group of requests at a time, answered in order. */
export interface Engine {
  /** Openings of this store so far; part of lease names. */
  readonly boot: number;
  run(requests: readonly Request[]): Promise<readonly Reply[]>;
  /** Copies what is stored now; further groups may run meanwhile. */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
}
