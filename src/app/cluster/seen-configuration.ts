import type { Backplane, Batch, Entry, Operation } from '#backplane';
import type { Logger } from '#base';
import type { Clock, Timer } from '#io';
import { decodeSeen, encodeSeen, parseSeenMark } from './seen-record.ts';

/** In the store on this server's disk, which nobody else may read: the copy holds hashes of passwords. */
const seenPrefix = 'local/seen/';
const markKey = `${seenPrefix}at`;
const entryPrefix = `${seenPrefix}entry/`;
/** What may be kept of the cluster's configuration. The authority's key is no server's to keep here. */
const keptPrefix = 'cfg/';
const secretPrefix = 'cfg/cluster/secret/';

/**
 * A copy is good for so long after this server last heard the engine: whoever was taken out of the cluster, or has lost a
 * right there, while his server was cut off, has no longer than this.
 */
export const seenGoodForMs = 24 * 60 * 60_000;
/** A mark so far in the future is wrong: the clock was set back, and says nothing about the age. */
const clockSlackMs = 5 * 60_000;
const markEveryMs = 60_000;
const operationsPerWrite = 2_000;

export interface SeenConfigurationOptions {
  readonly local: Backplane;
  readonly clusterId: string;
  /** Of the cluster's store. */
  readonly engine: Pick<Backplane, 'state'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The others of this server only read it. */
  readonly isKeeper: boolean;
}

/** The cluster's configuration as this server last saw it: for its start while the engine is away. */
export class SeenConfiguration {
  readonly #options: SeenConfigurationOptions;
  readonly #marking: Timer | undefined;
  readonly #inUse = new Set<string>();
  /** Unix milliseconds; undefined = there is no copy that is good. */
  #heardMs: number | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isStopped = false;

  private constructor(options: SeenConfigurationOptions, seenAtMs: number | undefined) {
    this.#options = options;
    this.#heardMs = seenAtMs;
    if (options.isKeeper) this.#marking = options.clock.every(markEveryMs, () => this.#mark());
  }

  static async open(options: SeenConfigurationOptions): Promise<SeenConfiguration> {
    const { local, clusterId, clock } = options;
    const mark = parseSeenMark((await local.get(markKey))?.value);
    const isUsable = mark?.clusterId === clusterId && mark.seenAtMs <= clock.wallMs() + clockSlackMs;
    return new SeenConfiguration(options, isUsable ? mark.seenAtMs : undefined);
  }

  /** Of a server that is in no cluster, or in another one than before. */
  static async forget(local: Backplane): Promise<void> {
    if ((await local.list(seenPrefix)).entries.length > 0) {
      await local.txn([{ kind: 'deletePrefix', prefix: seenPrefix }], []);
    }
  }

  /** For people: when what this server goes by was seen; undefined = it is what the engine has. */
  seenAtMs(): number | undefined {
    return this.#inUse.size > 0 ? this.#heardMs : undefined;
  }

  /** How long the copy is good from now on. */
  leftMs(): number {
    return this.#heardMs === undefined ? 0 : this.#heardMs + seenGoodForMs - this.#options.clock.wallMs();
  }

  /** As the engine had it when it was last heard; undefined = nothing is known of it, or not any more. */
  async recall(prefix: string): Promise<Batch | undefined> {
    if (!isKept(prefix) || this.leftMs() <= 0) return undefined;
    const { entries } = await this.#options.local.list(entryPrefix + prefix);
    const seen = entries.flatMap((entry) => decodeSeen(entry.key.slice(entryPrefix.length), entry.value) ?? []);
    const revision = seen.reduce((highest, { modRevision }) => Math.max(highest, modRevision), 0);
    return { revision, isSnapshot: true, changes: seen.map((entry) => ({ key: entry.key, entry })) };
  }

  /** A watch goes by the copy, or no longer. */
  using(prefix: string, isInUse: boolean): void {
    if (isInUse) this.#inUse.add(prefix);
    else this.#inUse.delete(prefix);
  }

  /** The engine has said so: kept behind everything else that this server does. */
  keep(prefix: string, batch: Batch): void {
    if (!this.#options.isKeeper || !isKept(prefix) || this.#isStopped) return;
    this.#writing = this.#writing
      .then(() => this.#write(prefix, batch))
      .catch((error: unknown) => {
        this.#options.logger.warn({ err: error, prefix }, 'what is configured in the cluster could not be kept here');
      });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#marking?.cancel();
    await this.#writing;
  }

  async #write(prefix: string, { isSnapshot, changes }: Batch): Promise<void> {
    const { local } = this.#options;
    const kept = isSnapshot ? (await local.list(entryPrefix + prefix)).entries : [];
    const operations = isSnapshot
      ? difference(kept, changes)
      : changes.map(({ key, entry }) => operationOf(key, entry));
    for (let from = 0; from < operations.length; from += operationsPerWrite) {
      await local.txn(operations.slice(from, from + operationsPerWrite), []);
    }
    if (this.#heardMs === undefined) this.#mark();
  }

  #mark(): void {
    const { local, clusterId, clock, engine, logger } = this.#options;
    if (engine.state() !== 'ok' || this.#inUse.size > 0 || this.#isStopped) return;
    const seenAtMs = clock.wallMs();
    this.#heardMs = seenAtMs;
    local.put(markKey, JSON.stringify({ clusterId, seenAtMs })).catch((error: unknown) => {
      logger.warn({ err: error }, 'how old the kept configuration of the cluster is could not be noted');
    });
  }
}

const isKept = (prefix: string): boolean => prefix.startsWith(keptPrefix) && !prefix.startsWith(secretPrefix);

function difference(kept: readonly Entry[], changes: Batch['changes']): Operation[] {
  const before = new Map(kept.map(({ key, value }) => [key.slice(entryPrefix.length), value]));
  const operations: Operation[] = [];
  for (const { key, entry } of changes) {
    const value = before.get(key);
    before.delete(key);
    const isSame = value !== undefined && decodeSeen(key, value)?.modRevision === entry?.modRevision;
    if (!isSame) operations.push(operationOf(key, entry));
  }
  return [...operations, ...[...before.keys()].map((key) => operationOf(key, undefined))];
}

function operationOf(key: string, entry: Entry | undefined): Operation {
  const kept = entryPrefix + key;
  if (entry === undefined || key.startsWith(secretPrefix)) return { kind: 'delete', key: kept };
  return { kind: 'put', key: kept, value: encodeSeen(entry) };
}
