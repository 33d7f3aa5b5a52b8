import { Unavailable, type Backplane, type Lease } from './backplane.ts';
import { checkKey, valueBytes } from './limits.ts';

export interface CoalescedPut {
  readonly key: string;
  readonly value: Uint8Array | string;
  readonly lease?: Lease;
}

interface Waiting {
  put: CoalescedPut;
  bytes: number;
  readonly done: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[];
}

const batchMaxPuts = 100;
const batchMaxBytes = 512 * 1024;
/** Transactions under way at once: the next one fills while the engine syncs this one to its disks. */
const batchesInFlight = 4;
const waitingMaxKeys = 100_000;

/**
 * For records that are written often, by one writer per key and without guards: up to 100 puts share one transaction, and
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
   * waiting keys; Conflict when a lease of the same transaction is gone: then it may be put again without that key.
   */
  async put(put: CoalescedPut): Promise<void> {
    checkKey(put.key);
    const value = valueBytes(put.key, put.value);
    const before = this.#waiting.get(put.key);
    if (before === undefined && this.#waiting.size >= waitingMaxKeys) {
      throw new Unavailable(`${waitingMaxKeys} keys wait to be written; nothing was changed; try again later`);
    }
    return new Promise((resolve, reject) => {
      const waiting = before ?? { put, bytes: 0, done: [] };
      waiting.put = { ...put, value };
      waiting.bytes = put.key.length + value.length;
      waiting.done.push({ resolve, reject });
      this.#waiting.set(put.key, waiting);
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
      await this.#store.txn(
        batch.map(({ put }) => ({ kind: 'put', ...put })),
        [],
      );
      for (const { done } of batch) for (const { resolve } of done) resolve();
    } catch (error) {
      for (const { done } of batch) for (const { reject } of done) reject(error);
    } finally {
      this.#inFlight--;
      for (const { put } of batch) this.#underWay.delete(put.key);
      if (this.#waiting.size > 0) this.#schedule();
    }
  }
}
