import { Conflict, type Backplane, type Entry, type Guard } from '#backplane';
import type { Logger } from '#base';
import type { HubDirectory } from './directory.ts';
import { hubKeyOf, hubStatKey, statPrefix, userKeyOf, userStatKey } from './names.ts';
import { encodeRecord, Fields } from './record-codec.ts';
import type { Traffic } from './session-info.ts';
import { isNoTraffic, noTraffic, sumTraffic } from './traffic.ts';
import { WatchedCopy } from './watched-copy.ts';

/** What is kept of a hub or of a user over restarts. Times in unix milliseconds, 0 = never. */
export interface Statistics {
  readonly traffic: Readonly<Traffic>;
  readonly loginCount: number;
  readonly lastLoginAtMs: number;
  readonly lastCommunicationAtMs: number;
}

export const noStatistics: Statistics = Object.freeze({
  traffic: noTraffic,
  loginCount: 0,
  lastLoginAtMs: 0,
  lastCommunicationAtMs: 0,
});

export function addStatistics(a: Statistics, b: Statistics): Statistics {
  return {
    traffic: sumTraffic(a.traffic, b.traffic),
    loginCount: a.loginCount + b.loginCount,
    lastLoginAtMs: Math.max(a.lastLoginAtMs, b.lastLoginAtMs),
    lastCommunicationAtMs: Math.max(a.lastCommunicationAtMs, b.lastCommunicationAtMs),
  };
}

/** Whose: a hub, or one of its users. */
export interface StatisticsOwner {
  readonly hubName: string;
  readonly userName?: string;
}

interface Pending {
  readonly owner: StatisticsOwner;
  delta: Statistics;
}

/** Records that are written in one transaction. */
const batchSize = 500;
const maxAttempts = 4;

/**
 * Statistics under `stat/hub/<H>` and `stat/hub/<H>/user/<U>`. Additions gather in memory and are written by `flush`, as
 * sums, guarded against other members that write the same records, and against owners deleted meanwhile.
 */
export class StatisticsStore {
  readonly #backplane: Backplane;
  readonly #directory: HubDirectory;
  readonly #logger: Logger;
  readonly #stored = new Map<string, Statistics>();
  readonly #pending = new Map<string, Pending>();
  #copy!: WatchedCopy;
  #flushing: Promise<void> = Promise.resolve();

  private constructor(backplane: Backplane, directory: HubDirectory, logger: Logger) {
    this.#backplane = backplane;
    this.#directory = directory;
    this.#logger = logger;
  }

  static async open(backplane: Backplane, directory: HubDirectory, logger: Logger): Promise<StatisticsStore> {
    const store = new StatisticsStore(backplane, directory, logger);
    store.#copy = await WatchedCopy.open(backplane, statPrefix, (key, entry) => store.#apply(key, entry));
    return store;
  }

  /** As stored and not yet stored. */
  of(owner: StatisticsOwner): Statistics {
    const key = keyOf(owner);
    const stored = this.#stored.get(key) ?? noStatistics;
    const pending = this.#pending.get(key);
    return pending === undefined ? stored : addStatistics(stored, pending.delta);
  }

  add(owner: StatisticsOwner, delta: Statistics): void {
    if (delta.loginCount === 0 && delta.lastLoginAtMs === 0 && isNoTraffic(delta.traffic)) return;
    const key = keyOf(owner);
    const pending = this.#pending.get(key);
    if (pending === undefined) this.#pending.set(key, { owner, delta });
    else pending.delta = addStatistics(pending.delta, delta);
  }

  /** The owner was deleted. */
  forget(owner: StatisticsOwner): void {
    this.#pending.delete(keyOf(owner));
  }

  /** Writes what has gathered. What cannot be written now stays for the next time; never rejects. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flushAll());
    return this.#flushing;
  }

  close(): void {
    this.#copy.close();
  }

  async #flushAll(): Promise<void> {
    const keys = [...this.#pending.keys()];
    try {
      for (let at = 0; at < keys.length; at += batchSize) await this.#flushBatch(keys.slice(at, at + batchSize));
    } catch (error) {
      this.#logger.warn({ error, records: this.#pending.size }, 'statistics could not be stored, trying again later');
    }
  }

  async #flushBatch(keys: readonly string[]): Promise<void> {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const written = new Map<string, Statistics>();
      const guards: Guard[] = [];
      const operations = [];
      for (const key of keys) {
        const pending = this.#pending.get(key);
        if (pending === undefined) continue;
        const exists = this.#directory.existenceGuard(pending.owner.hubName, pending.owner.userName);
        if (exists === undefined) {
          this.#pending.delete(key);
          continue;
        }
        const sum = addStatistics(this.#stored.get(key) ?? noStatistics, pending.delta);
        guards.push(exists, { key, modRevision: this.#copy.entries.get(key)?.modRevision ?? 0 });
        operations.push({ kind: 'put', key, value: encodeRecord(sum) } as const);
        written.set(key, pending.delta);
      }
      if (operations.length === 0) return;
      try {
        const revision = await this.#backplane.txn(operations, guards);
        await this.#copy.shows(revision);
        this.#settle(written);
        return;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        for (const { key } of guards) if (key.startsWith(statPrefix)) await this.#catchUp(key);
      }
    }
  }

  async #catchUp(key: string): Promise<void> {
    await this.#copy.catchUp(key, await this.#backplane.get(key));
  }

  /** What was added while the transaction was on its way stays pending. */
  #settle(written: ReadonlyMap<string, Statistics>): void {
    for (const [key, delta] of written) {
      const pending = this.#pending.get(key);
      if (pending === undefined) continue;
      if (pending.delta === delta) this.#pending.delete(key);
      else pending.delta = subtract(pending.delta, delta);
    }
  }

  #apply(key: string, entry: Entry | undefined): void {
    if (entry === undefined) {
      this.#stored.delete(key);
      return;
    }
    try {
      this.#stored.set(key, decodeStatistics(key, entry.value));
    } catch (error) {
      this.#logger.error({ key, error }, 'statistics of the store cannot be read and start again at zero');
      this.#stored.delete(key);
    }
  }
}

function keyOf({ hubName, userName }: StatisticsOwner): string {
  return userName === undefined ? hubStatKey(hubKeyOf(hubName)) : userStatKey(hubName, userKeyOf(userName));
}

function subtract(a: Statistics, b: Statistics): Statistics {
  const traffic = { ...a.traffic };
  for (const name of Object.keys(traffic) as (keyof Traffic)[]) traffic[name] -= b.traffic[name];
  return { ...a, traffic, loginCount: a.loginCount - b.loginCount };
}

function decodeStatistics(key: string, value: Uint8Array): Statistics {
  const fields = new Fields(key, value);
  const counts = fields.object('traffic');
  const traffic = { ...noTraffic };
  if (counts !== undefined) {
    for (const name of Object.keys(traffic) as (keyof Traffic)[]) traffic[name] = counts.number(name, 0);
  }
  return {
    traffic,
    loginCount: fields.number('loginCount', 0),
    lastLoginAtMs: fields.number('lastLoginAtMs', 0),
    lastCommunicationAtMs: fields.number('lastCommunicationAtMs', 0),
  };
}
