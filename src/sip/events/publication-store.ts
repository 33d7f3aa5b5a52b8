import { Coalescer, type Backplane, type Batch } from '#backplane';
import { silentLogger, type Logger } from '#base';
import type { Clock, Timer } from '#io';
import { Publications, type Publication, type PublishInput, type PublishResult } from './publications.ts';

const prefix = 'sip/publish/';

export interface PublicationStoreOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** The state of an account in a package is another one. */
  readonly changed: (packageName: string, aor: string) => void;
}

interface StoredPublication {
  readonly serial: number;
  readonly contentType: string;
  /** base64 */
  readonly body: string;
  readonly expiresAtMs: number;
}

/** Publications of all members, in memory, from `sip/publish/<domain>/<user>/<package>/<id>`; a restart loses none. */
export class PublicationStore {
  readonly #options: PublicationStoreOptions;
  readonly #logger: Logger;
  readonly #publications = new Publications();
  readonly #writes: Coalescer;
  readonly #expiry = new Map<string, Timer>();
  #watch: { close(): void } | undefined;

  private constructor(options: PublicationStoreOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#writes = new Coalescer(options.backplane);
  }

  /** Resolves when what the store has is at hand. */
  static async open(options: PublicationStoreOptions): Promise<PublicationStore> {
    const store = new PublicationStore(options);
    await new Promise<void>((resolve) => {
      store.#watch = options.backplane.watch(prefix, (batch) => {
        store.#apply(batch);
        resolve();
      });
    });
    return store;
  }

  close(): void {
    this.#watch?.close();
    for (const timer of this.#expiry.values()) timer.cancel();
    this.#expiry.clear();
  }

  get size(): number {
    return this.#publications.size;
  }

  of(packageName: string, aor: string): Publication[] {
    return this.#publications.of(packageName, aor, this.#options.clock.wallMs());
  }

  /** Resolves when it is durable. Rejects as `Coalescer.put` does: then it may or may not be there after a restart. */
  async publish(input: PublishInput): Promise<PublishResult> {
    const result = this.#publications.publish(input, this.#options.clock.wallMs());
    if (result.kind === 'refused') return result;
    const { publication } = result;
    const key = keyOf(publication);
    if (result.kind === 'removed') {
      this.#remove(publication.id);
      await this.#writes.remove({ key });
    } else {
      this.#show(publication);
      await this.#writes.put({ key, value: encode(publication) });
    }
    return result;
  }

  /** All of an account that is gone. */
  async removeAll(aor: string, packageNames: readonly string[]): Promise<void> {
    const removed = this.#publications.ofAccount(aor, packageNames);
    for (const { id } of removed) this.#remove(id);
    await Promise.all(removed.map((publication) => this.#writes.remove({ key: keyOf(publication) })));
  }

  #show(publication: Publication): void {
    if (!this.#publications.apply(publication)) return;
    const { id, serial, expiresAtMs } = publication;
    this.#expiry.get(id)?.cancel();
    const leftMs = Math.max(expiresAtMs - this.#options.clock.wallMs(), 0);
    this.#expiry.set(
      id,
      this.#options.clock.after(leftMs, () => this.#expire(id, serial)),
    );
    this.#options.changed(publication.package, publication.aor);
  }

  #expire(id: string, serial: number): void {
    const expired = this.#remove(id, serial);
    if (expired === undefined) return;
    this.#writes.remove({ key: keyOf(expired) }).catch((error: unknown) => {
      this.#logger.warn(
        { aor: expired.aor, err: error },
        'expired presence is still in the store; it counts for nothing',
      );
    });
  }

  #remove(id: string, serial?: number): Publication | undefined {
    const removed = this.#publications.remove(id, serial);
    if (removed === undefined) return undefined;
    this.#expiry.get(id)?.cancel();
    this.#expiry.delete(id);
    this.#options.changed(removed.package, removed.aor);
    return removed;
  }

  #apply({ isSnapshot, changes }: Batch): void {
    if (isSnapshot) {
      const present = new Set(changes.map(({ key }) => key.slice(key.lastIndexOf('/') + 1)));
      for (const id of [...this.#publications.ids()]) if (!present.has(id)) this.#remove(id);
    }
    for (const { key, entry } of changes) {
      const id = key.slice(key.lastIndexOf('/') + 1);
      if (entry === undefined) {
        this.#remove(id);
        continue;
      }
      const publication = decode(key, entry.value);
      if (publication === undefined) this.#logger.error({ key }, 'a record of the store cannot be read and is ignored');
      else this.#show(publication);
    }
  }
}

function keyOf({ aor, package: packageName, id }: Publication): string {
  const at = aor.lastIndexOf('@');
  return `${prefix}${aor.slice(at + 1)}/${encodeURIComponent(aor.slice(0, at))}/${packageName}/${id}`;
}

function encode({ serial, contentType, body, expiresAtMs }: Publication): string {
  return JSON.stringify({
    serial,
    contentType,
    body: body.toString('base64'),
    expiresAtMs,
  } satisfies StoredPublication);
}

function decode(key: string, value: Uint8Array): Publication | undefined {
  const [domain, user, packageName, id, more] = key.slice(prefix.length).split('/');
  if (
    domain === undefined ||
    user === undefined ||
    packageName === undefined ||
    id === undefined ||
    more !== undefined
  ) {
    return undefined;
  }
  try {
    const stored = JSON.parse(Buffer.from(value).toString()) as Partial<StoredPublication>;
    const { serial, contentType, body, expiresAtMs } = stored;
    const isWhole =
      typeof serial === 'number' &&
      typeof contentType === 'string' &&
      typeof body === 'string' &&
      typeof expiresAtMs === 'number';
    if (!isWhole) return undefined;
    const aor = `${decodeURIComponent(user)}@${domain}`;
    return { id, serial, aor, package: packageName, contentType, body: Buffer.from(body, 'base64'), expiresAtMs };
  } catch {
    return undefined;
  }
}
