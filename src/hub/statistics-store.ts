import { Conflict, type Backplane, type Entry, type Guard } from '#backplane';
import type { Logger } from '#base';
import type { HubDirectory } from './directory.ts';
import { statPrefix } from './names.ts';
import { encodeRecord } from './record-codec.ts';
import {
  addStatistics,
  decodeStatistics,
  isNothing,
  noStatistics,
  statisticsKeyOf,
  subtractStatistics,
  type Statistics,
  type StatisticsKeeper,
  type StatisticsOwner,
} from './statistics.ts';
import { WatchedCopy } from './watched-copy.ts';

interface Pending {
  readonly owner: StatisticsOwner;
  delta: Statistics;
}

export interface StatisticsStoreOptions {
  readonly backplane: Backplane;
  readonly directory: Pick<HubDirectory, 'existenceGuard'>;
  readonly logger: Logger;
  /** In a cluster only the controller writes: each write has this guard, and without one nothing is written. */
  readonly leadership?: () => Guard | undefined;
}

/** A transaction of which nobody knows whether it was applied. */
interface Unsure {
  readonly key: string;
  readonly value: string;
  readonly written: ReadonlyMap<string, Statistics>;
  readonly marks: ReadonlyMap<string, string>;
}

/** Records that are written in one transaction. */
const batchSize = 5_000;
const maxAttempts = 4;

/**
 * Statistics under `stat/hub/<H>` and `stat/hub/<H>/user/<U>`. Additions gather in memory and are written by `flush`, as
 * sums, guarded against other members that write the same records, and against owners deleted meanwhile.
 */
export class StatisticsStore implements StatisticsKeeper {
  readonly #options: StatisticsStoreOptions;
  readonly #stored = new Map<string, Statistics>();
  readonly #pending = new Map<string, Pending>();
  readonly #marks = new Map<string, string>();
  #unsure: Unsure | undefined;
  #copy!: WatchedCopy;
  #flushing: Promise<boolean> = Promise.resolve(true);

  private constructor(options: StatisticsStoreOptions) {
    this.#options = options;
  }

  static async open(options: StatisticsStoreOptions): Promise<StatisticsStore> {
    const store = new StatisticsStore(options);
    store.#copy = await WatchedCopy.open(options.backplane, statPrefix, (key, entry) => store.#apply(key, entry));
    return store;
  }

  /** As stored and not yet stored. */
  of(owner: StatisticsOwner): Statistics {
    const key = statisticsKeyOf(owner);
    const stored = this.#stored.get(key) ?? noStatistics;
    const pending = this.#pending.get(key);
    return pending === undefined ? stored : addStatistics(stored, pending.delta);
  }

  add(owner: StatisticsOwner, delta: Statistics): void {
    if (isNothing(delta)) return;
    const key = statisticsKeyOf(owner);
    const pending = this.#pending.get(key);
    if (pending === undefined) this.#pending.set(key, { owner, delta });
    else pending.delta = addStatistics(pending.delta, delta);
  }

  /** A record that is written together with what was added before it, as far as one transaction goes. */
  mark(key: string, value: string): void {
    this.#marks.set(key, value);
  }

  forget(owner: StatisticsOwner): void {
    this.#pending.delete(statisticsKeyOf(owner));
  }

  /** What has not been written is somebody else's to write. */
  drop(): void {
    this.#pending.clear();
    this.#marks.clear();
    this.#unsure = undefined;
  }

  flush(): Promise<boolean> {
    this.#flushing = this.#flushing.then(() => this.#flushAll());
    return this.#flushing;
  }

  close(): void {
    this.#copy.close();
  }

  async #flushAll(): Promise<boolean> {
    try {
      await this.#learnFate();
      const keys = [...this.#pending.keys()];
      // Marks go with the first: what is cut off behind it is lost rather than counted twice.
      for (let at = 0; at === 0 || at < keys.length; at += batchSize) {
        if (!(await this.#flushBatch(keys.slice(at, at + batchSize)))) return false;
      }
      return true;
    } catch (error) {
      const records = this.#pending.size;
      this.#options.logger.warn({ error, records }, 'statistics could not be stored, trying again later');
      return false;
    }
  }

  async #flushBatch(keys: readonly string[]): Promise<boolean> {
    const { backplane, leadership } = this.#options;
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const leader = leadership?.();
      if (leadership !== undefined && leader === undefined) return false;
      const { operations, guards, written, marks } = this.#plan(keys);
      if (operations.length === 0) return true;
      try {
        const revision = await backplane.txn(operations, leader === undefined ? guards : [...guards, leader]);
        if (written.size > 0) await this.#copy.shows(revision);
        this.#settle(written, marks);
        return true;
      } catch (error) {
        if (!(error instanceof Conflict)) {
          const [{ key, value }] = operations as [(typeof operations)[0], ...typeof operations];
          this.#unsure = { key, value, written, marks };
          throw error;
        }
        for (const { key } of guards) if (key.startsWith(statPrefix)) await this.#catchUp(key);
      }
    }
    return false;
  }

  #plan(keys: readonly string[]) {
    const written = new Map<string, Statistics>();
    const marks = new Map(this.#marks);
    const guards: Guard[] = [];
    const operations: { readonly kind: 'put'; readonly key: string; readonly value: string }[] = [];
    for (const key of keys) {
      const pending = this.#pending.get(key);
      if (pending === undefined) continue;
      const exists = this.#options.directory.existenceGuard(pending.owner.hubName, pending.owner.userName);
      if (exists === undefined) {
        this.#pending.delete(key);
        continue;
      }
      const sum = addStatistics(this.#stored.get(key) ?? noStatistics, pending.delta);
      guards.push(exists, { key, modRevision: this.#copy.entries.get(key)?.modRevision ?? 0 });
      operations.push({ kind: 'put', key, value: encodeRecord(sum) });
      written.set(key, pending.delta);
    }
    for (const [key, value] of marks) operations.push({ kind: 'put', key, value });
    return { written, marks, guards, operations };
  }

  /** Whether the transaction without an answer was applied: only then its first record has the value that it wrote. */
  async #learnFate(): Promise<void> {
    const unsure = this.#unsure;
    if (unsure === undefined) return;
    const entry = await this.#options.backplane.get(unsure.key);
    if (this.#unsure !== unsure) return;
    this.#unsure = undefined;
    if (entry === undefined || Buffer.from(entry.value).toString('utf8') !== unsure.value) return;
    if (unsure.written.size > 0) await this.#copy.shows(entry.modRevision);
    this.#settle(unsure.written, unsure.marks);
  }

  async #catchUp(key: string): Promise<void> {
    await this.#copy.catchUp(key, await this.#options.backplane.get(key));
  }

  /** What was added while the transaction was on its way stays pending. */
  #settle(written: ReadonlyMap<string, Statistics>, marks: ReadonlyMap<string, string>): void {
    for (const [key, delta] of written) {
      const pending = this.#pending.get(key);
      if (pending === undefined) continue;
      if (pending.delta === delta) this.#pending.delete(key);
      else pending.delta = subtractStatistics(pending.delta, delta);
    }
    for (const [key, value] of marks) if (this.#marks.get(key) === value) this.#marks.delete(key);
  }

  #apply(key: string, entry: Entry | undefined): void {
    if (entry === undefined) {
      this.#stored.delete(key);
      return;
    }
    try {
      this.#stored.set(key, decodeStatistics(key, entry.value));
    } catch (error) {
      this.#options.logger.error({ key, error }, 'statistics of the store cannot be read and start again at zero');
      this.#stored.delete(key);
    }
  }
}
