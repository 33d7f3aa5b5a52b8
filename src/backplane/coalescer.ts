import type { Clock, Timer } from '#io';
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

export interface Gathering {
  readonly clock: Clock;
  /** A transaction follows another one after this time at the earliest, unless it is full. */
  readonly spacingMs: number;
}

/** Called once: without an error when the write is durable. */
export type WriteDone = (error?: unknown) => void;

interface Waiting {
  operation: Operation & { readonly key: string };
  guard: Guard | undefined;
  bytes: number;
  readonly done: WriteDone[];
}

const batchMaxPuts = 100;
const batchMaxBytes = 512 * 1024;
/** Transactions under way at once: the next one fills while the engine syncs this one to its disks. */
const batchesInFlight = 4;
const waitingMaxKeys = 100_000;

/**
 * For records that are written often, by one writer per key: up to 100 writes share one transaction, and
 * so one sync on each voter. A value that is replaced before it was sent is not sent. Made for the location service, whose
 * telephones renew their bindings all the time. With `gathering` what comes alone is written at once, and what comes
 * closely together together.
 */
export class Coalescer {
  readonly #store: Pick<Backplane, 'txn'>;
  readonly #gathering: Gathering | undefined;
  readonly #waiting = new Map<string, Waiting>();
  /** A key is under way in one transaction at a time: two could arrive in the wrong order. */
  readonly #underWay = new Set<string>();
  #inFlight = 0;
  #isPending = false;
  /** Not before this, unless a transaction is full. */
  #nextAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(store: Pick<Backplane, 'txn'>, gathering?: Gathering) {
    this.#store = store;
    this.#gathering = gathering;
  }

  /**
   * Resolves when this value, or one that replaced it, is durable. @throws BadRequest; Unavailable, also at the cap of
   * waiting keys; Conflict when its guard does not hold, or when a lease of the same transaction is gone: then it may be
   * put again without that key.
   */
  put(put: CoalescedPut): Promise<void> {
    return new Promise((resolve, reject) => this.submit(put, settled(resolve, reject)));
  }

  /** As `put`, for a key that shall not be there any more. */
  remove(removal: CoalescedRemoval): Promise<void> {
    return new Promise((resolve, reject) => this.submitRemoval(removal, settled(resolve, reject)));
  }

  /** As `put`, without a promise for those that write thousands a second. Throws what is wrong with the key or value. */
  submit({ key, value, lease, guard }: CoalescedPut, done: WriteDone): void {
    checkKey(key);
    const put = { kind: 'put', key, value: valueBytes(key, value) } as const;
    this.#ask(lease === undefined ? put : { ...put, lease }, guard, key.length + put.value.length, done);
  }

  /** As `remove`, without a promise. */
  submitRemoval({ key, guard }: CoalescedRemoval, done: WriteDone): void {
    checkKey(key);
    this.#ask({ kind: 'delete', key }, guard, key.length, done);
  }

  #ask(operation: Waiting['operation'], guard: Guard | undefined, bytes: number, done: WriteDone): void {
    const { key } = operation;
    const before = this.#waiting.get(key);
    if (before !== undefined) {
      before.operation = operation;
      before.guard = guard;
      before.bytes = bytes;
      before.done.push(done);
    } else if (this.#waiting.size >= waitingMaxKeys) {
      throw new Unavailable(`${waitingMaxKeys} keys wait to be written; nothing was changed; try again later`);
    } else {
      this.#waiting.set(key, { operation, guard, bytes, done: [done] });
    }
    this.#schedule();
  }

  /** After what else is asked in this turn of the loop. */
  #schedule(): void {
    if (this.#isPending || (this.#timer !== undefined && this.#waiting.size < batchMaxPuts)) return;
    this.#isPending = true;
    queueMicrotask(() => {
      this.#isPending = false;
      this.#send();
    });
  }

  #send(): void {
    while (this.#inFlight < batchesInFlight && this.#waiting.size > 0) {
      if (this.#waiting.size < batchMaxPuts && this.#mustWait()) return;
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      void this.#write(batch);
    }
  }

  /** True: it will be sent later. */
  #mustWait(): boolean {
    if (this.#gathering === undefined) return false;
    const { clock, spacingMs } = this.#gathering;
    const nowMs = clock.nowMs();
    if (nowMs >= this.#nextAtMs) {
      this.#nextAtMs = nowMs + spacingMs;
      return false;
    }
    this.#timer ??= clock.after(this.#nextAtMs - nowMs, () => {
      this.#timer = undefined;
      this.#nextAtMs = clock.nowMs();
      this.#send();
    });
    return true;
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
    } catch (error) {
      // Which of several guards it was is not said: those of each are tried for themselves.
      const free = batch.filter(({ guard }) => guard === undefined);
      if (error instanceof Conflict && guards.size + Math.sign(free.length) > 1) {
        if (free.length > 0) await this.#transact(free);
        for (const key of guards.keys()) await this.#transact(batch.filter(({ guard }) => guard?.key === key));
      } else {
        for (const { done } of batch) for (const told of done) told(error);
      }
      return;
    }
    for (const { done } of batch) for (const told of done) told();
  }
}

/** Of the two functions of a promise. */
export const settled =
  (resolve: () => void, reject: (error: unknown) => void): WriteDone =>
  (error) => {
    if (error === undefined) resolve();
    else reject(error);
  };

/** One for each key that is guarded. Two guards of one key do not come together: the key changes hands between them. */
function guardsOf(batch: readonly Waiting[]): ReadonlyMap<string, Guard> {
  const guards = new Map<string, Guard>();
  for (const { guard } of batch) if (guard !== undefined) guards.set(guard.key, guard);
  return guards;
}
