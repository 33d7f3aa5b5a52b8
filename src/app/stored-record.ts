import { HubfarmError } from '#base';
import { Conflict, type Backplane, type Revision } from '#backplane';

const maxAttempts = 16;

/**
 * One durable JSON record of the backplane, with its current value at hand. A change resolves once it is durable;
 * changes made elsewhere arrive by watch.
 */
export class StoredRecord<T> {
  readonly #backplane: Backplane;
  readonly #key: string;
  readonly #parse: (value: unknown) => T;
  #value: T;
  #revision: Revision;
  #watch: { close(): void } | undefined;

  private constructor(backplane: Backplane, key: string, parse: (value: unknown) => T, value: T, revision: Revision) {
    this.#backplane = backplane;
    this.#key = key;
    this.#parse = parse;
    this.#value = value;
    this.#revision = revision;
  }

  /** Reads the record; where there is none yet, writes what `initial` gives. */
  static async open<T>(options: {
    readonly backplane: Backplane;
    readonly key: string;
    readonly parse: (value: unknown) => T;
    readonly initial: () => Promise<T>;
    readonly changed?: (value: T) => void;
  }): Promise<StoredRecord<T>> {
    const { backplane, key, parse } = options;
    const record = await readOrCreate(backplane, key, parse, options.initial);
    const stored = new StoredRecord(backplane, key, parse, record.value, record.revision);
    stored.#watch = backplane.watch(key, (batch) => {
      for (const { key: changedKey, entry } of batch.changes) {
        if (changedKey !== key || entry === undefined || entry.modRevision <= stored.#revision) continue;
        stored.#accept(decode(key, parse, entry.value), entry.modRevision);
        options.changed?.(stored.#value);
      }
    });
    return stored;
  }

  get value(): T {
    return this.#value;
  }

  async change(change: (value: T) => T): Promise<void> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const next = change(this.#value);
      const guard = { key: this.#key, modRevision: this.#revision };
      try {
        const revision = await this.#backplane.put(this.#key, JSON.stringify(next), { guard });
        this.#accept(next, revision);
        return;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        const entry = await this.#backplane.get(this.#key);
        if (entry === undefined) throw error;
        this.#accept(decode(this.#key, this.#parse, entry.value), entry.modRevision);
      }
    }
    throw new HubfarmError('BUSY', `${this.#key} is being changed by others all the time: try again`);
  }

  close(): void {
    this.#watch?.close();
  }

  #accept(value: T, revision: Revision): void {
    if (revision < this.#revision) return;
    this.#value = value;
    this.#revision = revision;
  }
}

async function readOrCreate<T>(
  backplane: Backplane,
  key: string,
  parse: (value: unknown) => T,
  initial: () => Promise<T>,
): Promise<{ value: T; revision: Revision }> {
  const entry = await backplane.get(key);
  if (entry !== undefined) return { value: decode(key, parse, entry.value), revision: entry.modRevision };
  const value = await initial();
  const revision = await backplane.put(key, JSON.stringify(value), { guard: { key, modRevision: 0 } });
  return { value, revision };
}

function decode<T>(key: string, parse: (value: unknown) => T, bytes: Uint8Array): T {
  try {
    return parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    throw new HubfarmError('BAD_RECORD', `the stored record ${key} is damaged: restore it from a backup`, { cause });
  }
}
