import type { Backplane, Batch } from '#backplane';
import { silentLogger, type Logger } from '#base';
import type { Clock } from '#io';
import { eventLimits } from './limits.ts';

const prefix = 'sip/message/';

/** A message that waits for its receiver. Texts are wire text. */
export interface WaitingMessage {
  readonly from: string;
  readonly to: string;
  readonly contentType: string;
  /** base64 */
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly receivedAtMs: number;
  readonly expiresAtMs: number;
}

export interface KeptMessage {
  readonly key: string;
  readonly message: WaitingMessage;
}

export interface MessageStoreOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** How many messages wait for an account is another number. */
  readonly changed: (aor: string) => void;
}

/** Messages for those who are away, in the backplane under `sip/message/<domain>/<user>/<time>-<id>`. In memory are their keys only. */
export class MessageStore {
  readonly #options: MessageStoreOptions;
  readonly #logger: Logger;
  readonly #keys = new Map<string, Set<string>>();
  #size = 0;
  #lastTimeMs = 0;
  #watch: { close(): void } | undefined;

  private constructor(options: MessageStoreOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
  }

  /** Resolves when it is known what waits. */
  static async open(options: MessageStoreOptions): Promise<MessageStore> {
    const store = new MessageStore(options);
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
  }

  get size(): number {
    return this.#size;
  }

  count(aor: string): number {
    return this.#size === 0 ? 0 : (this.#keys.get(accountPrefix(aor))?.size ?? 0);
  }

  hasRoom(aor: string): boolean {
    return this.count(aor) < eventLimits.maxMessagesPerAccount && this.#size < eventLimits.maxMessages;
  }

  /** Resolves with its key when it is durable. `id` tells messages of several members apart. */
  async keep(aor: string, message: WaitingMessage, id: string): Promise<string> {
    // The keys are the order: two of one millisecond must not change places.
    this.#lastTimeMs = Math.max(this.#lastTimeMs + 1, message.receivedAtMs);
    const key = `${accountPrefix(aor)}${String(this.#lastTimeMs).padStart(15, '0')}-${id}`;
    await this.#options.backplane.put(key, JSON.stringify(message));
    this.#add(key);
    return key;
  }

  /** Oldest first. What has waited too long is thrown away. */
  async list(aor: string): Promise<KeptMessage[]> {
    const { entries } = await this.#options.backplane.list(accountPrefix(aor));
    const nowMs = this.#options.clock.wallMs();
    const kept: KeptMessage[] = [];
    for (const { key, value } of entries) {
      const message = decode(value);
      if (message !== undefined && message.expiresAtMs > nowMs) kept.push({ key, message });
      else await this.remove(key);
    }
    return kept.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** It has been delivered. */
  async remove(key: string): Promise<void> {
    await this.#options.backplane.txn([{ kind: 'delete', key }], []);
    this.#drop(key);
  }

  /** The account is gone, and with it what waits for it. */
  async removeAll(aor: string): Promise<void> {
    if (this.count(aor) === 0) return;
    await this.#options.backplane.txn([{ kind: 'deletePrefix', prefix: accountPrefix(aor) }], []);
    for (const key of [...(this.#keys.get(accountPrefix(aor)) ?? [])]) this.#drop(key);
  }

  #apply({ isSnapshot, changes }: Batch): void {
    if (isSnapshot) {
      const present = new Set(changes.map(({ key }) => key));
      for (const key of [...this.#keys.values()].flatMap((keys) => [...keys])) if (!present.has(key)) this.#drop(key);
    }
    for (const { key, entry } of changes) {
      if (entry === undefined) this.#drop(key);
      else if (aorOfKey(key) === undefined)
        this.#logger.error({ key }, 'a record of the store cannot be read and is ignored');
      else this.#add(key);
    }
  }

  #add(key: string): void {
    const account = key.slice(0, key.lastIndexOf('/') + 1);
    const keys = this.#keys.get(account) ?? new Set<string>();
    this.#keys.set(account, keys);
    if (keys.has(key)) return;
    keys.add(key);
    this.#size++;
    this.#changed(key);
  }

  #drop(key: string): void {
    const account = key.slice(0, key.lastIndexOf('/') + 1);
    const keys = this.#keys.get(account);
    if (keys?.delete(key) !== true) return;
    if (keys.size === 0) this.#keys.delete(account);
    this.#size--;
    this.#changed(key);
  }

  #changed(key: string): void {
    const aor = aorOfKey(key);
    if (aor !== undefined) this.#options.changed(aor);
  }
}

function accountPrefix(aor: string): string {
  const at = aor.lastIndexOf('@');
  return `${prefix}${aor.slice(at + 1)}/${encodeURIComponent(aor.slice(0, at))}/`;
}

function aorOfKey(key: string): string | undefined {
  const [domain, user, id, more] = key.slice(prefix.length).split('/');
  if (domain === undefined || user === undefined || id === undefined || more !== undefined) return undefined;
  try {
    return `${decodeURIComponent(user)}@${domain}`;
  } catch {
    return undefined;
  }
}

function decode(value: Uint8Array): WaitingMessage | undefined {
  try {
    const stored = JSON.parse(Buffer.from(value).toString()) as Partial<WaitingMessage>;
    const { from, to, contentType, body, receivedAtMs, expiresAtMs } = stored;
    const isWhole =
      typeof from === 'string' &&
      typeof to === 'string' &&
      typeof contentType === 'string' &&
      typeof body === 'string' &&
      typeof receivedAtMs === 'number' &&
      typeof expiresAtMs === 'number';
    return isWhole ? { from, to, contentType, body, receivedAtMs, expiresAtMs } : undefined;
  } catch {
    return undefined;
  }
}
