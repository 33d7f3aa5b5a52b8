import { RecordWatch, type Backplane, type Entry, type RecordTables, type Revision } from '#backplane';

/**
 * A copy of all keys under a prefix that follows the backplane, and the means to wait until it shows a revision.
 * `changed` is told each key whose entry is another one than before, in the order of the store.
 */
export class WatchedCopy implements RecordTables {
  readonly entries = new Map<string, Entry>();
  readonly #changed: (key: string, entry: Entry | undefined) => void;
  #watch!: RecordWatch;

  private constructor(changed: (key: string, entry: Entry | undefined) => void) {
    this.#changed = changed;
  }

  /** Resolves when the first snapshot is here. */
  static async open(
    backplane: Backplane,
    prefix: string,
    changed: (key: string, entry: Entry | undefined) => void,
  ): Promise<WatchedCopy> {
    const copy = new WatchedCopy(changed);
    copy.#watch = await RecordWatch.open(backplane, prefix, copy);
    return copy;
  }

  /** Resolves when the copy shows the change that was made at `revision`, under this prefix. */
  shows(revision: Revision): Promise<void> {
    return this.#watch.shows(revision);
  }

  /** Resolves when the copy shows what the store had of `key`, or something newer. */
  catchUp(key: string, stored: Entry | undefined): Promise<void> {
    return this.#watch.catchUp(key, stored);
  }

  close(): void {
    this.#watch.close();
  }

  apply(key: string, entry: Entry | undefined): void {
    if (entry === undefined) this.entries.delete(key);
    else this.entries.set(key, entry);
    this.#changed(key, entry);
  }

  revisionOf(key: string): Revision | undefined {
    return this.entries.get(key)?.modRevision;
  }

  keys(): Iterable<string> {
    return this.entries.keys();
  }
}
