import { Conflict, type Backplane, type Entry, type Guard, type Operation } from '#backplane';
import type { Logger } from '#base';
import { silentLogger } from '#base';
import type { Clock } from '#io';
import { DirectoryError } from './errors.ts';
import {
  checkHubName,
  checkUserName,
  hubKeyOf,
  hubPrefix,
  hubRecordKey,
  hubStatKey,
  userKeyOf,
  userRecordKey,
  userStatKey,
} from './names.ts';
import { decodeHubRecord, decodeUserRecord, encodeRecord } from './record-codec.ts';
import { kindInCluster, type HubRecord, type UserRecord } from './records.ts';
import { WatchedCopy } from './watched-copy.ts';

export interface DirectoryLimits {
  /** Further ones are refused with `TOO_MANY_HUBS`. */
  readonly maxHubs: number;
  /** Further ones are refused with `TOO_MANY_USERS`. */
  readonly maxUsersPerHub: number;
}

export const defaultDirectoryLimits: DirectoryLimits = Object.freeze({ maxHubs: 4_096, maxUsersPerHub: 10_000 });

/** How often a change is tried again when somebody else changed the same thing at the same moment. */
const maxAttempts = 8;

export type DirectoryChange =
  | {
      readonly kind: 'hub';
      readonly hubName: string;
      /** undefined = deleted */ readonly record: HubRecord | undefined;
    }
  | {
      readonly kind: 'user';
      readonly hubName: string;
      readonly userName: string;
      /** undefined = deleted */
      readonly record: UserRecord | undefined;
    };

export interface DirectoryOptions {
  readonly limits?: DirectoryLimits;
  readonly logger?: Logger;
  /**
   * In a cluster only the controller changes hubs and users: each write has this guard, and while there is none changes
   * are refused with `NOT_CONTROLLER`.
   */
  readonly leadership?: () => Guard | undefined;
}

interface Kept<T> {
  readonly record: T;
  readonly entry: Entry;
}

interface KeptHub {
  hub: Kept<HubRecord> | undefined;
  readonly users: Map<string, Kept<UserRecord>>;
}

/**
 * Hubs and users: a copy of `cfg/hub/…` that is always at hand, and the changes to it. A change resolves when it is
 * durable and this copy shows it. It rejects with a `DirectoryError`, or with what the backplane rejects with.
 */
export class HubDirectory {
  readonly #backplane: Backplane;
  readonly #clock: Clock;
  readonly #limits: DirectoryLimits;
  readonly #logger: Logger;
  readonly #leadership: DirectoryOptions['leadership'];
  readonly #hubs = new Map<string, KeptHub>();
  readonly #listeners = new Set<(change: DirectoryChange) => void>();
  #copy!: WatchedCopy;

  private constructor(backplane: Backplane, clock: Clock, options: DirectoryOptions) {
    this.#backplane = backplane;
    this.#clock = clock;
    this.#limits = options.limits ?? defaultDirectoryLimits;
    this.#logger = options.logger ?? silentLogger;
    this.#leadership = options.leadership;
  }

  static async open(backplane: Backplane, clock: Clock, options: DirectoryOptions = {}): Promise<HubDirectory> {
    const directory = new HubDirectory(backplane, clock, options);
    directory.#copy = await WatchedCopy.open(backplane, hubPrefix, (key, entry) => directory.#apply(key, entry));
    return directory;
  }

  close(): void {
    this.#copy.close();
    this.#listeners.clear();
  }

  /** Called for each change, after the copy shows it. Returns the function that ends this. */
  onChange(listener: (change: DirectoryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** In the order of their names. */
  hubs(): HubRecord[] {
    const records: HubRecord[] = [];
    for (const { hub } of this.#hubs.values()) if (hub !== undefined) records.push(hub.record);
    return records.sort((a, b) => compare(hubKeyOf(a.name), hubKeyOf(b.name)));
  }

  hub(name: string): HubRecord | undefined {
    return this.#hubs.get(hubKeyOf(name))?.hub?.record;
  }

  /** In the order of their names; empty if there is no such hub. */
  users(hub: string): UserRecord[] {
    const users = this.#hubs.get(hubKeyOf(hub))?.users.values() ?? [];
    return Array.from(users, ({ record }) => record).sort((a, b) => compare(userKeyOf(a.name), userKeyOf(b.name)));
  }

  userCount(hub: string): number {
    return this.#hubs.get(hubKeyOf(hub))?.users.size ?? 0;
  }

  user(hub: string, name: string): UserRecord | undefined {
    return this.#hubs.get(hubKeyOf(hub))?.users.get(userKeyOf(name))?.record;
  }

  /** A guard that holds as long as the hub, or the user, is the same one; undefined if there is none. */
  existenceGuard(hub: string, user?: string): Guard | undefined {
    const kept = this.#hubs.get(hubKeyOf(hub));
    const entry = (user === undefined ? kept?.hub : kept?.users.get(userKeyOf(user)))?.entry;
    return entry === undefined ? undefined : { key: entry.key, createRevision: entry.createRevision };
  }

  async createHub(record: HubRecord): Promise<HubRecord> {
    checkHubName(record.name);
    const key = hubRecordKey(record.name);
    await this.#change(() => {
      if (this.hub(record.name) !== undefined) {
        throw new DirectoryError('HUB_EXISTS', `hub ${record.name} exists already`);
      }
      if (this.hubs().length >= this.#limits.maxHubs) {
        throw new DirectoryError('TOO_MANY_HUBS', `there are ${this.#limits.maxHubs} hubs, no further one is possible`);
      }
      return [[put(key, record)], [{ key, modRevision: 0 }]];
    });
    return record;
  }

  /** `change` gets the record as it is and returns it as it shall be; called again if somebody else was faster. */
  async updateHub(name: string, change: (current: HubRecord) => HubRecord): Promise<HubRecord> {
    return await this.#update(
      () => this.#keptHub(name).hub,
      (current) => checkKind(current, sameKey(hubKeyOf(name), change(current), hubKeyOf)),
    );
  }

  /** With all its users and statistics. */
  async deleteHub(name: string): Promise<void> {
    await this.#change(() => {
      const { hub } = this.#keptHub(name);
      return [
        [
          { kind: 'delete', key: hub.entry.key },
          { kind: 'deletePrefix', prefix: `${hub.entry.key}/` },
          { kind: 'delete', key: hubStatKey(name) },
          { kind: 'deletePrefix', prefix: `${hubStatKey(name)}/` },
        ],
        [{ key: hub.entry.key, createRevision: hub.entry.createRevision }],
      ];
    });
  }

  async createUser(hub: string, record: UserRecord): Promise<UserRecord> {
    checkUserName(record.name);
    const key = userRecordKey(hub, record.name);
    await this.#change(() => {
      const kept = this.#keptHub(hub);
      if (kept.users.has(userKeyOf(record.name))) {
        throw new DirectoryError('USER_EXISTS', `user ${record.name} exists already in hub ${kept.hub.record.name}`);
      }
      if (kept.users.size >= this.#limits.maxUsersPerHub) {
        throw new DirectoryError(
          'TOO_MANY_USERS',
          `hub ${kept.hub.record.name} has ${this.#limits.maxUsersPerHub} users, no further one is possible`,
        );
      }
      const { entry } = kept.hub;
      return [
        [put(key, record)],
        [
          { key, modRevision: 0 },
          { key: entry.key, createRevision: entry.createRevision },
        ],
      ];
    });
    return record;
  }

  /** As `updateHub`. `updatedAtMs` is set here. */
  async updateUser(hub: string, name: string, change: (current: UserRecord) => UserRecord): Promise<UserRecord> {
    return await this.#update(
      () => this.#keptUser(hub, name),
      (current) => ({
        ...sameKey(userKeyOf(name), change(current), userKeyOf),
        updatedAtMs: this.#clock.wallMs(),
      }),
    );
  }

  /** With his statistics. */
  async deleteUser(hub: string, name: string): Promise<void> {
    await this.#change(() => {
      const { entry } = this.#keptUser(hub, name);
      return [
        [
          { kind: 'delete', key: entry.key },
          { kind: 'delete', key: userStatKey(hub, name) },
        ],
        [{ key: entry.key, createRevision: entry.createRevision }],
      ];
    });
  }

  async #update<T extends object>(find: () => Kept<T>, change: (current: T) => T): Promise<T> {
    let changed!: T;
    await this.#change(() => {
      const { record, entry } = find();
      changed = change(record);
      return [[put(entry.key, changed)], [{ key: entry.key, modRevision: entry.modRevision }]];
    });
    return changed;
  }

  /** `plan` looks at the copy as it is and may throw; it is asked again when the store had moved on. */
  async #change(plan: () => [Operation[], Guard[]]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const [operations, guards] = plan();
      const leading = this.#leadershipGuards();
      try {
        await this.#copy.shows(await this.#backplane.txn(operations, [...guards, ...leading]));
        return;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        if (attempt === maxAttempts) {
          throw new DirectoryError('BUSY', `${guards[0]!.key} is being changed by somebody else, try again`, {
            cause: error,
          });
        }
      }
      for (const guard of leading) await this.#requireLeadership(guard);
      // The store that refused may be ahead of the copy that the plan was made from.
      for (const { key } of guards) await this.#copy.catchUp(key, await this.#backplane.get(key));
    }
  }

  #leadershipGuards(): Guard[] {
    if (this.#leadership === undefined) return [];
    const guard = this.#leadership();
    if (guard !== undefined) return [guard];
    throw notController();
  }

  /** The leadership may have ended before this member has learnt of it. */
  async #requireLeadership(guard: Guard): Promise<void> {
    const entry = await this.#backplane.get(guard.key);
    const holds =
      'createRevision' in guard
        ? entry?.createRevision === guard.createRevision
        : entry?.modRevision === guard.modRevision;
    if (!holds) throw notController();
  }

  #keptHub(name: string): KeptHub & { readonly hub: Kept<HubRecord> } {
    const kept = this.#hubs.get(hubKeyOf(name));
    if (kept?.hub === undefined) throw new DirectoryError('HUB_NOT_FOUND', `there is no hub ${name}`);
    return { ...kept, hub: kept.hub };
  }

  #keptUser(hub: string, name: string): Kept<UserRecord> {
    const kept = this.#keptHub(hub);
    const user = kept.users.get(userKeyOf(name));
    if (user === undefined) {
      throw new DirectoryError('USER_NOT_FOUND', `there is no user ${name} in hub ${kept.hub.record.name}`);
    }
    return user;
  }

  #apply(key: string, entry: Entry | undefined): void {
    const [hubKey, folder, userKey] = key.slice(hubPrefix.length).split('/') as [string, ...string[]];
    if (folder === undefined) this.#applyHub(hubKey, key, entry);
    else if (folder === 'user' && userKey !== undefined) this.#applyUser(hubKey, userKey, key, entry);
  }

  #applyHub(hubKey: string, key: string, entry: Entry | undefined): void {
    const kept = this.#folder(hubKey);
    const before = kept.hub?.record;
    kept.hub = this.#decode(key, entry, decodeHubRecord);
    this.#tidy(hubKey, kept);
    const record = kept.hub?.record;
    if (record === undefined && before === undefined) return;
    this.#tell({ kind: 'hub', hubName: (record ?? before)!.name, record });
  }

  #applyUser(hubKey: string, userKey: string, key: string, entry: Entry | undefined): void {
    const kept = this.#folder(hubKey);
    const user = this.#decode(key, entry, decodeUserRecord);
    const before = kept.users.get(userKey)?.record;
    if (user === undefined) kept.users.delete(userKey);
    else kept.users.set(userKey, user);
    this.#tidy(hubKey, kept);
    const name = user?.record.name ?? before?.name;
    if (name === undefined) return;
    this.#tell({ kind: 'user', hubName: kept.hub?.record.name ?? hubKey, userName: name, record: user?.record });
  }

  #folder(hubKey: string): KeptHub {
    let kept = this.#hubs.get(hubKey);
    if (kept === undefined) this.#hubs.set(hubKey, (kept = { hub: undefined, users: new Map() }));
    return kept;
  }

  #tidy(hubKey: string, kept: KeptHub): void {
    if (kept.hub === undefined && kept.users.size === 0) this.#hubs.delete(hubKey);
  }

  /** A record that cannot be read counts as absent; it stays in the store for people to look at. */
  #decode<T>(
    key: string,
    entry: Entry | undefined,
    decode: (key: string, value: Uint8Array) => T,
  ): Kept<T> | undefined {
    if (entry === undefined) return undefined;
    try {
      return { record: decode(key, entry.value), entry };
    } catch (error) {
      this.#logger.error({ key, error }, 'a record of the store cannot be read and is ignored');
      return undefined;
    }
  }

  #tell(change: DirectoryChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function notController(): DirectoryError {
  return new DirectoryError('NOT_CONTROLLER', 'hubs and users can be changed at the controller of the cluster only');
}

function put(key: string, record: object): Operation {
  return { kind: 'put', key, value: encodeRecord(record) };
}

function sameKey<T extends { readonly name: string }>(key: string, changed: T, keyOf: (name: string) => string): T {
  if (keyOf(changed.name) !== key) {
    throw new DirectoryError('BAD_NAME', `${key} cannot be renamed to ${changed.name}: delete it and make a new one`);
  }
  return changed;
}

/** A hub that is offline has no session anywhere; only then can it become another kind of hub. */
function checkKind(current: HubRecord, changed: HubRecord): HubRecord {
  if (kindInCluster(changed.kind) === kindInCluster(current.kind) || !current.isOnline) return changed;
  throw new DirectoryError(
    'HUB_ONLINE',
    `hub ${current.name} is online: take it offline before it becomes a ${changed.kind} hub`,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
