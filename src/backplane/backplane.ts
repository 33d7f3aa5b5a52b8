import { HubfarmError } from '#base';

/**
 * Durable state and coordination behind one interface. Two implementations: embedded (node:sqlite, one process) and
 * etcd (three machines and more). Both pass the same conformance suite (test/backplane/conformance.ts).
 *
 * S1 revisions  One counter for the whole store; each committed write or transaction takes one new, larger revision.
 * S2 writes     put and txn resolve only after the write is durable (embedded: fsynced; etcd: on a majority).
 *               `Conflict` = certainly not applied. `Unavailable` = unknown: read again, or repeat the same guarded txn.
 * S3 reads      get and list see every write acknowledged before the call; list is a snapshot at one revision.
 * S4 watch      First the snapshot at revision R (`isSnapshot`), then every change after R in revision order, no gaps,
 *               no repeats, all changes of one txn in one batch. After a long interruption a new snapshot batch comes;
 *               the consumer replaces its whole view. A watch never ends by itself.
 * S5 lease      Keys under a lease vanish atomically, with watch events, no earlier than its TTL after the last renewal
 *               that was acknowledged. The holder counts it as lost at `deadlineMs()` (own monotonic clock, from the
 *               moment the last good renewal was sent), so strictly before anybody can see it gone.
 * S6 fencing    elect gives an epoch (create revision of the election key); epochs only grow. What a leader or owner
 *               writes goes through txn with its guard: a deposed one gets `Conflict`, however long it was suspended.
 * S7 no engine  Calls reject with `Unavailable` within the call time-out; watches are silent; state is `lost`.
 */
export interface Backplane {
  readonly mode: 'embedded' | 'cluster';
  state(): BackplaneState;
  /** Returns the function that stops it. */
  onState(changed: (state: BackplaneState) => void): () => void;
  get(key: string): Promise<Entry | undefined>;
  list(prefix: string): Promise<{ readonly revision: Revision; readonly entries: readonly Entry[] }>;
  put(key: string, value: Uint8Array | string, options?: PutOptions): Promise<Revision>;
  /**
   * All guards hold: all operations are applied, in order, at one revision. Else `Conflict` and nothing is applied. A key
   * that a txn deletes and puts again has been changed by it, not made anew: it keeps its create revision.
   */
  txn(operations: readonly Operation[], guards: readonly Guard[]): Promise<Revision>;
  watch(prefix: string, deliver: (batch: Batch) => void): { close(): void };
  lease(ttlMs: number): Promise<Lease>;
  /** Resolves when elected. Aborting `signal` withdraws the candidature and rejects with the signal's reason. */
  elect(name: string, self: string, lease: Lease, signal?: AbortSignal): Promise<Leadership>;
  /** Writes a consistent copy of the whole store to `path` (must not exist), while the store is in use. */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
}

export type BackplaneState = 'ok' | 'lost';
/** < 2^53. */
export type Revision = number;

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly lease?: string;
}

/** Revision 0 = the key must not exist. */
export type Guard =
  | { readonly key: string; readonly modRevision: Revision }
  | { readonly key: string; readonly createRevision: Revision };

export interface PutOptions {
  readonly lease?: Lease;
  readonly guard?: Guard;
}

export type Operation =
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array | string; readonly lease?: Lease }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'deletePrefix'; readonly prefix: string };

export interface Batch {
  readonly revision: Revision;
  readonly isSnapshot: boolean;
  /** `entry` undefined = deleted or expired. */
  readonly changes: readonly { readonly key: string; readonly entry: Entry | undefined }[];
}

export interface Lease {
  readonly id: string;
  readonly ttlMs: number;
  deadlineMs(): number;
  /** Resolves with the reason. */
  readonly lost: Promise<string>;
  revoke(): Promise<void>;
}

export interface Leadership {
  readonly epoch: Revision;
  readonly guard: Guard;
  readonly lost: Promise<string>;
  isValid(): boolean;
  resign(): Promise<void>;
}

/** A guard did not hold: certainly nothing was applied. */
export class Conflict extends HubfarmError {
  constructor(message: string, options?: ErrorOptions) {
    super('CONFLICT', message, options);
  }
}

/** The engine did not answer, or could not store: the outcome is unknown unless the message says otherwise. */
export class Unavailable extends HubfarmError {
  /** Any code but `UNAVAILABLE`: trying again a moment later will not help. */
  constructor(
    message: string,
    options?: ErrorOptions,
    code: 'UNAVAILABLE' | 'STORE_CLOSED' | 'STORE_FULL' | 'FORBIDDEN' = 'UNAVAILABLE',
  ) {
    super(code, message, options);
  }
}

/**
 * This server has no right to it in the cluster: nothing was applied. For whoever waits for the engine it is as good as
 * away: a server that was taken out of its cluster finds it so until it stands alone.
 */
export class Forbidden extends Unavailable {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, 'FORBIDDEN');
  }
}
