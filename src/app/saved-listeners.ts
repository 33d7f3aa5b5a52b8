import type { Backplane } from '#backplane';
import { HubfarmError } from '#base';
import type { ListenAddress } from './config/listen-address.ts';
import type { ListenerSet, ListenerStatus } from './listener-set.ts';
import { booleanOf, integerOf, objectOf } from './parse-record.ts';
import { StoredRecord } from './stored-record.ts';

interface SavedListener {
  readonly port: number;
  readonly isEnabled: boolean;
}

interface ListenersRecord {
  readonly listeners: readonly SavedListener[];
}

const parse = (value: unknown): ListenersRecord => {
  const { listeners } = objectOf(value);
  if (!Array.isArray(listeners)) throw new Error('listeners is not a list');
  return {
    listeners: listeners.map((item: unknown) => {
      const record = objectOf(item);
      return { port: integerOf(record, 'port'), isEnabled: booleanOf(record, 'isEnabled') };
    }),
  };
};

export interface SavedListenersOptions {
  readonly set: ListenerSet;
  readonly backplane: Backplane;
  readonly key: string;
  /** undefined: the saved ones, at the first start `defaultPorts`. */
  readonly configured: readonly ListenAddress[] | undefined;
  readonly defaultPorts: readonly number[];
  /** Added to each port. Not 0: a further member, which follows what is changed at the first one. */
  readonly offset?: number;
}

/**
 * The listeners that administrators made, kept over restarts, beside those that the configuration file or the command
 * line names. The latter always open; deleting or disabling one holds until the next start.
 */
export class SavedListeners {
  readonly #set: ListenerSet;
  readonly #configured: readonly ListenAddress[];
  readonly #offset: number;
  #record!: StoredRecord<ListenersRecord>;
  #following: Promise<void> = Promise.resolve();
  #isOpen = false;

  private constructor({ set, configured = [], offset = 0 }: SavedListenersOptions) {
    this.#set = set;
    this.#configured = configured;
    this.#offset = offset;
  }

  /** Nothing is opened yet. */
  static async load(options: SavedListenersOptions): Promise<SavedListeners> {
    const { backplane, key, configured, defaultPorts } = options;
    const first = configured === undefined ? defaultPorts.map((port) => ({ port, isEnabled: true })) : [];
    const saved = new SavedListeners(options);
    saved.#record = await StoredRecord.open({
      backplane,
      key,
      parse,
      initial: () => Promise.resolve({ listeners: first }),
      changed: () => saved.#follow(),
    });
    return saved;
  }

  /** Opens all that are enabled. Those that cannot be opened say so in `list`. */
  async open(): Promise<void> {
    this.#isOpen = true;
    for (const { host, port } of this.#configured) await this.#add({ host, port: port + this.#offset }, true);
    for (const { port, isEnabled } of this.#record.value.listeners) {
      await this.#add({ host: undefined, port: port + this.#offset }, isEnabled);
    }
  }

  list(): readonly ListenerStatus[] {
    return this.#set.list();
  }

  async create(port: number, isEnabled: boolean): Promise<void> {
    this.#refuseIfFollowing();
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      throw new HubfarmError('BAD_PORT', `${port} is not a TCP port: give one from 1 to 65535`);
    }
    if (this.#set.has(port)) throw new HubfarmError('LISTENER_EXISTS', `port ${port} has a listener already`);
    await this.#save((listeners) => [...listeners.filter((one) => one.port !== port), { port, isEnabled }]);
    await this.#set.add({ host: undefined, port }, isEnabled);
  }

  async delete(port: number): Promise<void> {
    this.#refuseIfFollowing();
    if (!this.#set.has(port)) throw new HubfarmError('LISTENER_NOT_FOUND', `port ${port} has no listener`);
    await this.#save((listeners) => listeners.filter((one) => one.port !== port));
    await this.#set.remove(port);
  }

  async enable(port: number, isEnabled: boolean): Promise<void> {
    this.#refuseIfFollowing();
    if (!this.#set.has(port)) throw new HubfarmError('LISTENER_NOT_FOUND', `port ${port} has no listener`);
    await this.#save((listeners) => listeners.map((one) => (one.port === port ? { port, isEnabled } : one)));
    await this.#set.enable(port, isEnabled);
  }

  /** Stops accepting. Connections that are up stay up. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#record.close();
    await this.#following;
    await this.#set.stop();
  }

  /** A port that the configuration names has no saved entry unless an administrator made one. */
  #save(change: (listeners: readonly SavedListener[]) => readonly SavedListener[]): Promise<void> {
    return this.#record.change(({ listeners }) => ({ listeners: change(listeners) }));
  }

  async #add(at: ListenAddress, isEnabled: boolean): Promise<void> {
    if (!this.#set.has(at.port)) await this.#set.add(at, isEnabled);
  }

  #refuseIfFollowing(): void {
    if (this.#offset === 0) return;
    throw new HubfarmError(
      'NOT_HERE',
      'the listeners of a further member follow those of the first: change them there',
    );
  }

  #follow(): void {
    if (this.#offset > 0) this.#following = this.#following.then(() => this.#reconcile());
  }

  /** Makes the listeners of a further member what those of the first are. */
  async #reconcile(): Promise<void> {
    if (!this.#isOpen) return;
    const { listeners } = this.#record.value;
    const wanted = new Map(listeners.map(({ port, isEnabled }) => [port + this.#offset, isEnabled]));
    for (const { port } of this.#configured)
      if (!wanted.has(port + this.#offset)) wanted.set(port + this.#offset, true);
    for (const { port } of this.#set.list()) if (!wanted.has(port)) await this.#set.remove(port);
    for (const [port, isEnabled] of wanted) {
      if (this.#set.has(port)) await this.#set.enable(port, isEnabled);
      else await this.#set.add({ host: undefined, port }, isEnabled);
    }
  }
}
