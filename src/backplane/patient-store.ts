import type { Clock } from '#io';
import {
  Conflict,
  Unavailable,
  type Backplane,
  type Guard,
  type Lease,
  type Operation,
  type PutOptions,
  type Revision,
} from './backplane.ts';
import { valueBytes } from './limits.ts';
import { put } from './put.ts';

/** An engine that chooses a leader, or whose disks are busy, answers again within this. */
const patienceMs = 20_000;
const pauseMs = 250;
/** A change is made as a whole or not at all: of a large one so many keys tell. */
const lookedAfterMaxKeys = 64;

/**
 * A store as people's orders need it: they fail neither because the engine was slow for some seconds, nor because it is not
 * certain whether a change was made. It is looked after then, and made again. What must fail fast (log-ins, finding out
 * who is dead) goes by the store itself.
 */
export class PatientStore implements Backplane {
  readonly #store: Backplane;
  readonly #clock: Clock;

  constructor(store: Backplane, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get mode(): Backplane['mode'] {
    return this.#store.mode;
  }

  state(): ReturnType<Backplane['state']> {
    return this.#store.state();
  }

  onState(changed: Parameters<Backplane['onState']>[0]): () => void {
    return this.#store.onState(changed);
  }

  get(key: string): ReturnType<Backplane['get']> {
    return this.#repeated(this.#deadlineMs(), () => this.#store.get(key));
  }

  list(prefix: string): ReturnType<Backplane['list']> {
    return this.#repeated(this.#deadlineMs(), () => this.#store.list(prefix));
  }

  put(key: string, value: Uint8Array | string, options?: PutOptions): Promise<Revision> {
    return put(this, key, value, options);
  }

  /** Resolves with 0 where a change that only deletes was found made, so that its revision is not known. */
  async txn(operations: readonly Operation[], guards: readonly Guard[]): Promise<Revision> {
    const deadlineMs = this.#deadlineMs();
    let isDoubtful = false;
    for (;;) {
      try {
        return await this.#store.txn(operations, guards);
      } catch (error) {
        // The guards may have been broken by an earlier try of this very change, which came late.
        const isRefused = error instanceof Conflict;
        if (isRefused ? !isDoubtful : !isPassing(error)) throw error;
        isDoubtful = true;
        const made = await this.#madeAt(operations, deadlineMs);
        if (made !== undefined) return made;
        if (isRefused || this.#clock.nowMs() >= deadlineMs) throw error;
      }
      await this.#pause();
    }
  }

  watch(prefix: string, deliver: Parameters<Backplane['watch']>[1]): { close(): void } {
    return this.#store.watch(prefix, deliver);
  }

  lease(ttlMs: number): Promise<Lease> {
    return this.#store.lease(ttlMs);
  }

  elect(...candidature: Parameters<Backplane['elect']>): ReturnType<Backplane['elect']> {
    return this.#store.elect(...candidature);
  }

  backup(path: string): Promise<void> {
    return this.#store.backup(path);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** The revision of the change if the store shows what it would have left; undefined: it does not. */
  async #madeAt(operations: readonly Operation[], deadlineMs: number): Promise<Revision | undefined> {
    const left = outcomeOf(operations);
    const prefixes = operations.flatMap((operation) => (operation.kind === 'deletePrefix' ? [operation.prefix] : []));
    let revision = 0;
    for (const [key, value] of [...left].slice(0, lookedAfterMaxKeys)) {
      const entry = await this.#repeated(deadlineMs, () => this.#store.get(key));
      if (value === undefined ? entry !== undefined : entry === undefined || !isSame(entry.value, value)) {
        return undefined;
      }
      revision = Math.max(revision, value === undefined ? 0 : (entry?.modRevision ?? 0));
    }
    for (const prefix of prefixes) {
      const { entries } = await this.#repeated(deadlineMs, () => this.#store.list(prefix));
      if (entries.some(({ key }) => left.get(key) === undefined)) return undefined;
    }
    return revision;
  }

  async #repeated<T>(deadlineMs: number, ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!isPassing(error) || this.#clock.nowMs() >= deadlineMs) throw error;
      }
      await this.#pause();
    }
  }

  #deadlineMs(): number {
    return this.#clock.nowMs() + patienceMs;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(pauseMs, resolve));
  }
}

/** A store that is closed, full, or closed to this server will be so a moment later, too. */
const isPassing = (error: unknown): boolean => error instanceof Unavailable && error.code === 'UNAVAILABLE';

/** What each key has afterwards; undefined = it is gone. */
function outcomeOf(operations: readonly Operation[]): ReadonlyMap<string, Uint8Array | undefined> {
  const left = new Map<string, Uint8Array | undefined>();
  for (const operation of operations) {
    if (operation.kind === 'put') left.set(operation.key, valueBytes(operation.key, operation.value));
    else if (operation.kind === 'delete') left.set(operation.key, undefined);
    else for (const key of left.keys()) if (key.startsWith(operation.prefix)) left.set(key, undefined);
  }
  return left;
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
