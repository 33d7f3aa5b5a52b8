import type { Reply, Request } from './requests.ts';

/** The store as the calling side sees it: one group of requests at a time, answered in order. */
export interface Engine {
  /** Begins the names of this client's leases; no other client, now or after a restart, has the same. */
  readonly leasePrefix: string;
  run(requests: readonly Request[]): Promise<readonly Reply[]>;
  /** Copies what is stored now; further groups may run meanwhile. */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
  /** Where clients in several threads share a store; alone, a client is its own judge. */
  readonly others?: OtherClients;
}

/** What a client has to do with those in other threads: it hears what they change, and they outlive it. */
export interface OtherClients {
  /** Replies that others got, in the order of commits, each between the same of our own as in the store. */
  onReplies(seen: (replies: readonly Reply[]) => void): void;
  /** The store ends the lease when it has not been renewed for so long. Certain to arrive, and before what follows. */
  granted(lease: string, ttlMs: number): void;
  renewed(lease: string): void;
}
