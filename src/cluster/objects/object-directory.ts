import type { Backplane } from '#backplane';
import { RecordCopy, type CopiedRecord } from '../record-copy.ts';
import { parseObjectRecord, type ObjectRecord, type PlacedObject } from './object-record.ts';

/** Where each placed object of one kind lives, in memory, following the backplane. Every member has one. */
export class ObjectDirectory {
  readonly prefix: string;
  readonly #copy: RecordCopy<ObjectRecord>;
  readonly #listeners = new Set<(names: readonly string[]) => void>();

  private constructor(backplane: Backplane, prefix: string) {
    this.prefix = prefix;
    this.#copy = new RecordCopy({
      backplane,
      prefix,
      parse: (_, value) => parseObjectRecord(value),
      changed: (keys) => {
        const names = keys.map((key) => key.slice(prefix.length));
        for (const changed of this.#listeners) changed(names);
      },
    });
  }

  /** Resolves when it shows what is there. `prefix` ends in `/`. */
  static async open(backplane: Backplane, prefix: string): Promise<ObjectDirectory> {
    const directory = new ObjectDirectory(backplane, prefix);
    await directory.#copy.opened;
    return directory;
  }

  find(name: string): PlacedObject | undefined {
    const record = this.#copy.get(this.prefix + name);
    return record && toObject(name, record);
  }

  list(): PlacedObject[] {
    return [...this.#copy.entries()].map(([key, record]) => toObject(key.slice(this.prefix.length), record));
  }

  /** Told the names whose object is new, elsewhere or gone. Returns the function that stops it. */
  onChange(changed: (names: readonly string[]) => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  /** Resolves when the directory shows this revision of the object or a later one. */
  shows(name: string, revision: number): Promise<void> {
    return this.#copy.shows(this.prefix + name, revision);
  }

  /** Resolves when the directory no longer shows this revision of the object. */
  leaves(name: string, revision: number): Promise<void> {
    return this.#copy.leaves(this.prefix + name, revision);
  }

  close(): void {
    this.#copy.close();
    this.#listeners.clear();
  }
}

const toObject = (name: string, { value, modRevision }: CopiedRecord<ObjectRecord>): PlacedObject => ({
  ...value,
  name,
  revision: modRevision,
});
