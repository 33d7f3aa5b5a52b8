import { Conflict, type Backplane, type Entry, type Guard } from '#backplane';
import { silentLogger, type Logger } from '#base';
import { DirectoryError } from './errors.ts';
import { checkHubName, hubKeyOf } from './names.ts';
import { encodeRecord, Fields } from './record-codec.ts';
import { WatchedCopy } from './watched-copy.ts';

/** A configured local bridge: `cfg/bridge/<id>`, JSON. The hub need not exist; the bridge waits for it. */
export interface BridgeRecord {
  readonly hubName: string;
  /** A physical interface; with `tapMode` the name of a new TAP device without the `tap_` in front. */
  readonly deviceName: string;
  readonly tapMode: boolean;
}

export interface BridgeLimits {
  /** Further ones are refused with `TOO_MANY_BRIDGES`. */
  readonly maxBridges: number;
}

const defaultBridgeLimits: BridgeLimits = Object.freeze({ maxBridges: 1_024 });

export interface BridgeDirectoryOptions {
  readonly limits?: BridgeLimits;
  readonly logger?: Logger;
  /** `cluster`: bridges that each server of the cluster has, in the store that all share. Absent: those of one server. */
  readonly scope?: 'server' | 'cluster';
  /** In a cluster only the controller declares such bridges: each write has this guard. */
  readonly leadership?: () => Guard | undefined;
}

const prefixes = { server: 'cfg/bridge/', cluster: 'cfg/cluster-bridge/' } as const;
/** Linux: 15 characters for an interface, four of which are `tap_` for a TAP device. */
const interfaceName = /^[^\s/:]{1,15}$/;
const tapName = /^[A-Za-z0-9_.-]{1,11}$/;

export interface Bridge extends BridgeRecord {
  readonly id: string;
}

/** The configured local bridges: a copy that is always at hand, and the changes to it, as in `HubDirectory`. */
export class BridgeDirectory {
  readonly #backplane: Backplane;
  readonly #limits: BridgeLimits;
  readonly #logger: Logger;
  readonly #prefix: string;
  readonly #leadership: BridgeDirectoryOptions['leadership'];
  readonly #bridges = new Map<string, Bridge>();
  readonly #listeners = new Set<(id: string) => void>();
  #copy!: WatchedCopy;

  private constructor(backplane: Backplane, options: BridgeDirectoryOptions) {
    this.#backplane = backplane;
    this.#limits = options.limits ?? defaultBridgeLimits;
    this.#logger = options.logger ?? silentLogger;
    this.#prefix = prefixes[options.scope ?? 'server'];
    this.#leadership = options.leadership;
  }

  static async open(backplane: Backplane, options: BridgeDirectoryOptions = {}): Promise<BridgeDirectory> {
    const directory = new BridgeDirectory(backplane, options);
    directory.#copy = await WatchedCopy.open(backplane, directory.#prefix, (key, entry) =>
      directory.#apply(key, entry),
    );
    return directory;
  }

  close(): void {
    this.#copy.close();
    this.#listeners.clear();
  }

  /** Called with the id of a bridge that is new or gone. Returns the function that ends this. */
  onChange(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** In the order of their ids. */
  bridges(): Bridge[] {
    return [...this.#bridges.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  bridge(id: string): Bridge | undefined {
    return this.#bridges.get(id);
  }

  /** Resolves when the bridge is durable. Whether its device can be opened shows in its state. */
  async create(record: BridgeRecord): Promise<Bridge> {
    checkHubName(record.hubName);
    if (!(record.tapMode ? tapName : interfaceName).test(record.deviceName)) {
      throw new DirectoryError(
        'BAD_NAME',
        record.tapMode
          ? `"${record.deviceName}" cannot name a TAP device: 1 to 11 letters, digits and _.- are allowed`
          : `"${record.deviceName}" is not the name of a network interface`,
      );
    }
    const id = idOf(record);
    if (this.#bridges.has(id)) throw exists(record);
    if (this.#bridges.size >= this.#limits.maxBridges) {
      throw new DirectoryError(
        'TOO_MANY_BRIDGES',
        `there are ${this.#limits.maxBridges} local bridges, no further one is possible`,
      );
    }
    const key = this.#prefix + id;
    const leading = this.#leadershipGuards();
    try {
      const operation = { kind: 'put', key, value: encodeRecord(record) } as const;
      await this.#copy.shows(await this.#backplane.txn([operation], [{ key, modRevision: 0 }, ...leading]));
    } catch (error) {
      throw error instanceof Conflict ? exists(record) : error;
    }
    return { ...record, id };
  }

  /** Deletes every bridge between this hub and this device, as SoftEther does: TAP or not. */
  async delete(hubName: string, deviceName: string): Promise<void> {
    const found = this.bridges().filter((bridge) => isSame(bridge, hubName, deviceName));
    if (found.length === 0) {
      throw new DirectoryError('BRIDGE_NOT_FOUND', `there is no local bridge between ${hubName} and ${deviceName}`);
    }
    const operations = found.map(({ id }) => ({ kind: 'delete', key: this.#prefix + id }) as const);
    await this.#copy.shows(await this.#backplane.txn(operations, this.#leadershipGuards()));
  }

  #leadershipGuards(): Guard[] {
    if (this.#leadership === undefined) return [];
    const guard = this.#leadership();
    if (guard !== undefined) return [guard];
    throw new DirectoryError(
      'NOT_CONTROLLER',
      'bridges of all servers are declared at the controller of the cluster only',
    );
  }

  #apply(key: string, entry: Entry | undefined): void {
    const id = key.slice(this.#prefix.length);
    const bridge = entry === undefined ? undefined : this.#decode(id, key, entry);
    if (bridge !== undefined) this.#bridges.set(id, bridge);
    else if (!this.#bridges.delete(id)) return;
    for (const listener of this.#listeners) listener(id);
  }

  #decode(id: string, key: string, entry: Entry): Bridge | undefined {
    try {
      const fields = new Fields(key, entry.value);
      const [hubName, deviceName] = [fields.string('hubName'), fields.string('deviceName')];
      return { id, hubName, deviceName, tapMode: fields.boolean('tapMode', false) };
    } catch (error) {
      this.#logger.error({ key, error }, 'a record of the store cannot be read and is ignored');
      return undefined;
    }
  }
}

/** One bridge for each hub, kind and device. */
function idOf({ hubName, deviceName, tapMode }: BridgeRecord): string {
  return `${hubKeyOf(hubName)}/${tapMode ? 'tap' : 'interface'}/${deviceName}`;
}

function isSame(bridge: Bridge, hubName: string, deviceName: string): boolean {
  return hubKeyOf(bridge.hubName) === hubKeyOf(hubName) && bridge.deviceName.toLowerCase() === deviceName.toLowerCase();
}

function exists({ hubName, deviceName }: BridgeRecord): DirectoryError {
  return new DirectoryError('BRIDGE_EXISTS', `a local bridge between ${hubName} and ${deviceName} exists already`);
}
