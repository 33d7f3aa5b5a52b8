import type { Backplane, Batch, Entry, Revision } from './backplane.ts';

/** The tables that a watch keeps up to date. */
export interface RecordTables {
  /** `entry` undefined = gone. */
  apply(key: string, entry: Entry | undefined): void;
  /** Of the record that the tables have under this key; undefined = none. */
  revisionOf(key: string): Revision | undefined;
  /** Of all records. */
  keys(): Iterable<string>;
}

interface Waiting {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Keeps tables up to date with a prefix of the backplane, without a copy of its own of the entries, and waits for them. */
export class RecordWatch {
  readonly #tables: RecordTables;
  #revision: Revision = -1;
  #waiting: Waiting[] = [];
  #watch: { close(): void } | undefined;

  private constructor(tables: RecordTables) {
    this.#tables = tables;
  }

  /** Resolves when the tables show the first snapshot. */
  static async open(backplane: Backplane, prefix: string, tables: RecordTables): Promise<RecordWatch> {
    const watch = new RecordWatch(tables);
    watch.#watch = backplane.watch(prefix, (batch) => watch.#apply(batch));
    await watch.shows(0);
    return watch;
  }

  /** Resolves when the tables show the change that was made at `revision`, under this prefix. */
  shows(revision: Revision): Promise<void> {
    return this.#until(() => this.#revision >= revision);
  }

  /** Resolves when the tables show what the store had of `key`, or something newer. */
  async catchUp(key: string, stored: Entry | undefined): Promise<void> {
    if (stored !== undefined) {
      await this.#until(() => (this.#tables.revisionOf(key) ?? this.#revision) >= stored.modRevision);
      return;
    }
    const stale = this.#tables.revisionOf(key);
    if (stale !== undefined) await this.#until(() => this.#tables.revisionOf(key) !== stale);
  }

  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    for (const { reject } of this.#waiting) reject(new Error('the tables were closed while a change was on its way'));
    this.#waiting = [];
  }

  #until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ isMet, resolve, reject }));
  }

  #apply({ isSnapshot, revision, changes }: Batch): void {
    if (isSnapshot) this.#removeMissing(changes);
    for (const { key, entry } of changes) {
      if (entry?.modRevision !== this.#tables.revisionOf(key)) this.#tables.apply(key, entry);
    }
    this.#revision = revision;
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter(({ isMet, resolve }) => {
      const met = isMet();
      if (met) resolve();
      return !met;
    });
  }

  #removeMissing(changes: Batch['changes']): void {
    const present = new Set(changes.map(({ key }) => key));
    for (const key of [...this.#tables.keys()]) if (!present.has(key)) this.#tables.apply(key, undefined);
  }
}
