import type { Backplane, Batch, Entry } from '#backplane';

/** What a watch has told: the view that it adds up to, and every batch. Fails on a gap in the rules of S4. */
export class View {
  readonly batches: Batch[] = [];
  readonly entries = new Map<string, Entry>();
  readonly faults: string[] = [];
  readonly #watch: { close(): void };
  readonly #prefix: string;
  readonly #waiting: { until: () => boolean; resolve: () => void }[] = [];
  #revision = 0;

  constructor(store: Backplane, prefix: string) {
    this.#prefix = prefix;
    this.#watch = store.watch(prefix, (batch) => this.#take(batch));
  }

  /** Key → value as text, in the order of keys. */
  get texts(): Record<string, string | undefined> {
    const sorted = [...this.entries.values()].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    return Object.fromEntries(sorted.map((entry) => [entry.key, text(entry)]));
  }

  get revision(): number {
    return this.#revision;
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ until: condition, resolve }));
  }

  reached(revision: number): Promise<void> {
    return this.until(() => this.#revision >= revision);
  }

  close(): void {
    this.#watch.close();
  }

  #take(batch: Batch): void {
    this.#check(batch);
    this.batches.push(batch);
    if (batch.isSnapshot) this.entries.clear();
    this.#revision = batch.revision;
    for (const { key, entry } of batch.changes) {
      if (entry === undefined) this.entries.delete(key);
      else this.entries.set(key, entry);
    }
    for (const waiting of this.#waiting.filter(({ until }) => until())) waiting.resolve();
  }

  #check({ isSnapshot, revision, changes }: Batch): void {
    const fault = (why: string): void => void this.faults.push(`batch ${this.batches.length}: ${why}`);
    if (this.batches.length === 0 && !isSnapshot) fault('the first is no snapshot');
    if (!isSnapshot && revision <= this.#revision) fault(`revision ${revision} after ${this.#revision}`);
    if (!isSnapshot && changes.length === 0) fault('nothing in it');
    for (const { key, entry } of changes) {
      if (!key.startsWith(this.#prefix)) fault(`${key} is not under ${this.#prefix}`);
      if (entry !== undefined && entry.key !== key) fault(`${key} has the entry of ${entry.key}`);
      if (!isSnapshot && entry !== undefined && entry.modRevision !== revision) {
        fault(`${key} of revision ${entry.modRevision} in the batch of ${revision}`);
      }
    }
    if (new Set(changes.map(({ key }) => key)).size < changes.length) fault('a key twice');
  }
}

export const text = (entry: Entry | undefined): string | undefined =>
  entry === undefined ? undefined : Buffer.from(entry.value).toString();
