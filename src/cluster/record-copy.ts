import type { Backplane, Batch, Entry, Revision } from '#backplane';

/** A record as the watch shows it. */
export interface CopiedRecord<T> {
  readonly value: T;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}

export interface RecordCopyOptions<T> {
  readonly backplane: Backplane;
  readonly prefix: string;
  /** undefined = not a record: it is passed over. */
  readonly parse: (key: string, value: Uint8Array) => T | undefined;
  /** Told once for each batch, with the keys whose record is another one than before. */
  readonly changed: (keys: readonly string[]) => void;
}

interface Waiting {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
}

/** All records under a prefix, in memory, following the backplane: reading it costs nothing and never waits. */
export class RecordCopy<T> {
  readonly #records = new Map<string, CopiedRecord<T>>();
  readonly #options: RecordCopyOptions<T>;
  readonly #watch: { close(): void };
  /** Resolves with the first snapshot. */
  readonly opened: Promise<void>;
  #revision: Revision = -1;
  #waiting: Waiting[] = [];

  constructor(options: RecordCopyOptions<T>) {
    this.#options = options;
    this.opened = new Promise((resolve) => this.#waiting.push({ isMet: () => this.#revision >= 0, resolve }));
    this.#watch = options.backplane.watch(options.prefix, (batch) => this.#apply(batch));
  }

  get(key: string): CopiedRecord<T> | undefined {
    return this.#records.get(key);
  }

  entries(): IterableIterator<[string, CopiedRecord<T>]> {
    return this.#records.entries();
  }

  /** Resolves when the copy shows this revision of `key` or something newer; never after `close`. */
  shows(key: string, revision: Revision): Promise<void> {
    return this.#until(() => this.#revision >= revision || (this.#records.get(key)?.modRevision ?? -1) >= revision);
  }

  /** Resolves when the copy no longer shows this revision of `key`; never after `close`. */
  leaves(key: string, revision: Revision): Promise<void> {
    return this.#until(() => this.#records.get(key)?.modRevision !== revision);
  }

  close(): void {
    this.#watch.close();
    this.#waiting = [];
  }

  #until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isMet, resolve }));
  }

  #apply({ isSnapshot, revision, changes }: Batch): void {
    const changed: string[] = [];
    if (isSnapshot) {
      const present = new Set(changes.map(({ key }) => key));
      for (const key of [...this.#records.keys()]) if (!present.has(key)) this.#set(key, undefined, changed);
    }
    for (const { key, entry } of changes) this.#set(key, entry, changed);
    this.#revision = revision;
    if (changed.length > 0 || isSnapshot) this.#options.changed(changed);
    this.#waiting = this.#waiting.filter(({ isMet, resolve }) => {
      if (isMet()) resolve();
      return !isMet();
    });
  }

  #set(key: string, entry: Entry | undefined, changed: string[]): void {
    const before = this.#records.get(key);
    if (before?.modRevision === entry?.modRevision) return;
    const value = entry && this.#options.parse(key, entry.value);
    if (entry === undefined || value === undefined) {
      if (this.#records.delete(key)) changed.push(key);
      return;
    }
    this.#records.set(key, { value, createRevision: entry.createRevision, modRevision: entry.modRevision });
    changed.push(key);
  }
}
