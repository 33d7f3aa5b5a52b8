import type { Backplane, Batch, Entry, Revision } from '#backplane';

interface Waiting {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A copy of all keys under a prefix that follows the backplane, and the means to wait until it shows a revision.
 * `changed` is told each key whose entry is another one than before, in the order of the store.
 */
export class WatchedCopy {
  readonly entries = new Map<string, Entry>();
  readonly #changed: (key: string, entry: Entry | undefined) => void;
  #revision: Revision = -1;
  #waiting: Waiting[] = [];
  #watch: { close(): void } | undefined;

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
    copy.#watch = backplane.watch(prefix, (batch) => copy.#apply(batch));
    await copy.shows(0);
    return copy;
  }

  /** Resolves when the copy shows the change that was made at `revision`, under this prefix. */
  shows(revision: Revision): Promise<void> {
    return this.#until(() => this.#revision >= revision);
  }

  /** Resolves when the copy shows what the store had of `key`, or something newer. */
  async catchUp(key: string, stored: Entry | undefined): Promise<void> {
    if (stored !== undefined) {
      await this.shows(stored.modRevision);
      return;
    }
    const stale = this.entries.get(key)?.modRevision;
    await this.#until(() => this.entries.get(key)?.modRevision !== stale || stale === undefined);
  }

  #until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ isMet, resolve, reject }));
  }

  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    for (const { reject } of this.#waiting) reject(new Error('the copy was closed while a change was on its way'));
    this.#waiting = [];
  }

  #apply(batch: Batch): void {
    if (batch.isSnapshot) this.#removeMissing(new Set(batch.changes.map((change) => change.key)));
    for (const { key, entry } of batch.changes) this.#set(key, entry);
    this.#revision = batch.revision;
    this.#waiting = this.#waiting.filter((waiting) => {
      const isMet = waiting.isMet();
      if (isMet) waiting.resolve();
      return !isMet;
    });
  }

  #removeMissing(present: ReadonlySet<string>): void {
    for (const key of [...this.entries.keys()]) if (!present.has(key)) this.#set(key, undefined);
  }

  #set(key: string, entry: Entry | undefined): void {
    const before = this.entries.get(key);
    if (before?.modRevision === entry?.modRevision) return;
    if (entry === undefined) this.entries.delete(key);
    else this.entries.set(key, entry);
    this.#changed(key, entry);
  }
}
