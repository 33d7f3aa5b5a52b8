import type { Entry, Guard, Revision } from '../backplane.ts';

/** What the store is asked. Plain data: it may travel to another thread. */
export type Request =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'list'; readonly prefix: string }
  | { readonly kind: 'txn'; readonly operations: readonly StoredOperation[]; readonly guards: readonly Guard[] }
  | { readonly kind: 'expire'; readonly lease: string }
  /** Writes something that nobody sees: does the disk take it again? */
  | { readonly kind: 'probe' };

export type StoredOperation =
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array; readonly lease: string | undefined }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'deletePrefix'; readonly prefix: string };

export interface Change {
  readonly key: string;
  readonly entry: Entry | undefined;
}

/** One reply per request, in the order of the requests. */
export type Reply =
  | { readonly kind: 'entries'; readonly revision: Revision; readonly entries: readonly Entry[] }
  | { readonly kind: 'done'; readonly revision: Revision; readonly changes: readonly Change[] }
  | { readonly kind: 'conflict'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** Entries by columns: a list may have a hundred thousand, and an object for each would need ten times their memory. */
export interface ListedReply {
  readonly kind: 'listed';
  readonly revision: Revision;
  readonly keys: readonly string[];
  /** Values one after the other, none in two pieces: `lengths` bytes for each entry. */
  readonly pieces: readonly Uint8Array[];
  readonly lengths: readonly number[];
  readonly created: readonly Revision[];
  readonly modified: readonly Revision[];
  /** Names of leases; empty = none. */
  readonly leases: readonly string[];
}

/** As the store says it. */
export type StoreReply = Reply | ListedReply;
