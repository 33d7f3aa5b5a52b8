import { Conflict, Unavailable, type Backplane, type Guard, type Lease, type Operation } from './backplane.ts';
import { checkKey, valueBytes } from './limits.ts';

export interface CoalescedRemoval {
  readonly key: string;
  /** Must hold, else this key is not written. Few guards for many keys: one of each stands in a transaction. */
  readonly guard?: Guard;
}

export interface CoalescedPut extends CoalescedRemoval {
  readonly value: Uint8Array | string;
  readonly lease?: Lease;
}

interface Waiting {
  operation: Operation & { readonly key: string };
  guard: Guard | undefined;
  bytes: number;
  readonly done: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[];
}

const batchMaxPuts = 100;
const batchMaxBytes = 512 * 1024;
/** Transactions under way at once: the next one fills while the engine syncs this one to its disks. */
const batchesInFlight = 4;
const waitingMaxKeys = 100_000;

/**
 * For records that are written often, by one writer per key: up to 100 writes share one transaction, and
 * so one sync on each voter. A value that is replaced before it was sent is not sent. Made for the location service, whose
 * telephones renew their bindings all the time.
 */
export class Coalescer {
  readonly #store: Pick<Backplane, 'txn'>;
  readonly #waiting = new Map<string, Waiting>();
  /** A key is under way in one transaction at a time: two could arrive in the wrong order. */
  readonly #underWay = new Set<string>();
  #inFlight = 0;
  #isPending = false;

  constructor(store: Pick<Backplane, 'txn'>) {
    this.#store = store;
  }

  /**
   * Resolves when this value, or one that replaced it, is durable. @throws BadRequest; Unavailable, also at the cap of
   * waiting keys; Conflict when its guard does not hold, or when a lease of the same transaction is gone: then it may be
   * put again without that key.
   */
  async put({ key, value, lease, guard }: CoalescedPut): Promise<void> {
    checkKey(key);
    const put = { kind: 'put', key, value: valueBytes(key, value) } as const;
    return this.#ask(lease === undefined ? put : { ...put, lease }, guard, key.length + put.value.length);
  }

  /** As `put`, for a key that shall not be there any more. */
  async remove({ key, guard }: CoalescedRemoval): Promise<void> {
    checkKey(key);
    return this.#ask({ kind: 'delete', key }, guard, key.length);
  }

  #ask(operation: Waiting['operation'], guard: Guard | undefined, bytes: number): Promise<void> {
    const { key } = operation;
    const before = this.#waiting.get(key);
    if (before === undefined && this.#waiting.size >= waitingMaxKeys) {
      throw new Unavailable(`${waitingMaxKeys} keys wait to be written; nothing was changed; try again later`);
    }
    return new Promise((resolve, reject) => {
      const waiting = before ?? { operation, guard, bytes, done: [] };
      waiting.operation = operation;
      waiting.guard = guard;
      waiting.bytes = bytes;
      waiting.done.push({ resolve, reject });
      this.#waiting.set(key, waiting);
      this.#schedule();
    });
  }

  /** After what else is asked in this turn of the loop. */
  #schedule(): void {
    if (this.#isPending) return;
    this.#isPending = true;
    queueMicrotask(() => {
      this.#isPending = false;
      while (this.#inFlight < batchesInFlight) {
        const batch = this.#nextBatch();
        if (batch.length === 0) return;
        void this.#write(batch);
      }
    });
  }

  #nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    let bytes = 0;
    for (const [key, waiting] of this.#waiting) {
      if (this.#underWay.has(key)) continue;
      if (batch.length > 0 && bytes + waiting.bytes > batchMaxBytes) break;
      bytes += waiting.bytes;
      batch.push(waiting);
      this.#waiting.delete(key);
      this.#underWay.add(key);
      if (batch.length >= batchMaxPuts) break;
    }
    return batch;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    this.#inFlight++;
    try {
      await this.#transact(batch);
    } finally {
      this.#inFlight--;
      for (const { operation } of batch) this.#underWay.delete(operation.key);
      if (this.#waiting.size > 0) this.#schedule();
    }
  }

  async #transact(batch: readonly Waiting[]): Promise<void> {
    const guards = guardsOf(batch);
    try {
      await this.#store.txn(
        batch.map(({ operation }) => operation),
        [...guards.values()],
      );
      for (const { done } of batch) for (const { resolve } of done) resolve();
    } catch (error) {
      // Which of several guards it was is not said: those of each are tried for themselves.
      const free = batch.filter(({ guard }) => guard === undefined);
      if (error instanceof Conflict && guards.size + Math.sign(free.length) > 1) {
        if (free.length > 0) await this.#transact(free);
        for (const key of guards.keys()) await this.#transact(batch.filter(({ guard }) => guard?.key === key));
      } else {
        for (const { done } of batch) for (const { reject } of done) reject(error);
      }
    }
  }
}

/** One for each key that is guarded. Two guards of one key do not come together: the key changes hands between them. */
function guardsOf(batch: readonly Waiting[]): ReadonlyMap<string, Guard> {
  const guards = new Map<string, Guard>();
  for (const { guard } of batch) if (guard !== undefined) guards.set(guard.key, guard);
  return guards;
}
