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

/**
 * The listeners that administrators made, kept over restarts, beside those that the configuration file or the command
 * line names. The latter always open; deleting or disabling one holds until the next start.
 */
export class SavedListeners {
  readonly #set: ListenerSet;
  readonly #record: StoredRecord<ListenersRecord>;
  readonly #configured: readonly ListenAddress[];

  private constructor(set: ListenerSet, record: StoredRecord<ListenersRecord>, configured: readonly ListenAddress[]) {
    this.#set = set;
    this.#record = record;
    this.#configured = configured;
  }

  /** `configured` undefined: the saved ones, at the first start `defaultPorts`. Nothing is opened yet. */
  static async load(options: {
    readonly set: ListenerSet;
    readonly backplane: Backplane;
    readonly key: string;
    readonly configured: readonly ListenAddress[] | undefined;
    readonly defaultPorts: readonly number[];
  }): Promise<SavedListeners> {
    const { set, backplane, key, configured, defaultPorts } = options;
    const first = configured === undefined ? defaultPorts.map((port) => ({ port, isEnabled: true })) : [];
    const record = await StoredRecord.open({
      backplane,
      key,
      parse,
      initial: () => Promise.resolve({ listeners: first }),
    });
    return new SavedListeners(set, record, configured ?? []);
  }

  /** Opens all that are enabled. Those that cannot be opened say so in `list`. */
  async open(): Promise<void> {
    for (const at of this.#configured) if (!this.#set.has(at.port)) await this.#set.add(at, true);
    for (const { port, isEnabled } of this.#record.value.listeners) {
      if (!this.#set.has(port)) await this.#set.add({ host: undefined, port }, isEnabled);
    }
  }

  list(): readonly ListenerStatus[] {
    return this.#set.list();
  }

  async create(port: number, isEnabled: boolean): Promise<void> {
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      throw new HubfarmError('BAD_PORT', `${port} is not a TCP port: give one from 1 to 65535`);
    }
    if (this.#set.has(port)) throw new HubfarmError('LISTENER_EXISTS', `port ${port} has a listener already`);
    await this.#save((listeners) => [...listeners.filter((one) => one.port !== port), { port, isEnabled }]);
    await this.#set.add({ host: undefined, port }, isEnabled);
  }

  async delete(port: number): Promise<void> {
    if (!this.#set.has(port)) throw new HubfarmError('LISTENER_NOT_FOUND', `port ${port} has no listener`);
    await this.#save((listeners) => listeners.filter((one) => one.port !== port));
    await this.#set.remove(port);
  }

  async enable(port: number, isEnabled: boolean): Promise<void> {
    if (!this.#set.has(port)) throw new HubfarmError('LISTENER_NOT_FOUND', `port ${port} has no listener`);
    await this.#save((listeners) => listeners.map((one) => (one.port === port ? { port, isEnabled } : one)));
    await this.#set.enable(port, isEnabled);
  }

  /** Stops accepting. Connections that are up stay up. */
  async close(): Promise<void> {
    this.#record.close();
    await this.#set.stop();
  }

  /** A port that the configuration names has no saved entry unless an administrator made one. */
  #save(change: (listeners: readonly SavedListener[]) => readonly SavedListener[]): Promise<void> {
    return this.#record.change(({ listeners }) => ({ listeners: change(listeners) }));
  }
}
