import { GuardedChanges, RecordWatch, type Backplane, type Guard, type Operation } from '#backplane';
import { silentLogger, type Logger } from '#base';
import type { Clock } from '#io';
import { DirectoryError } from './errors.ts';
import { HubTables, type DirectoryChange, type Kept, type KeptHub } from './hub-tables.ts';
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
import { encodeRecord } from './record-codec.ts';
import { kindInCluster, type HubRecord, type UserRecord } from './records.ts';

export interface DirectoryLimits {
  /** Further ones are refused with `TOO_MANY_HUBS`. */
  readonly maxHubs: number;
  /** Further ones are refused with `TOO_MANY_USERS`. */
  readonly maxUsersPerHub: number;
}

export const defaultDirectoryLimits: DirectoryLimits = Object.freeze({ maxHubs: 4_096, maxUsersPerHub: 10_000 });

export interface DirectoryOptions {
  readonly limits?: DirectoryLimits;
  readonly logger?: Logger;
  /**
   * In a cluster only the controller changes hubs and users: each write has this guard, and while there is none changes
   * are refused with `NOT_CONTROLLER`.
   */
  readonly leadership?: () => Guard | undefined;
}

/**
 * Hubs and users: a copy of `cfg/hub/…` that is always at hand, and the changes to it. A change resolves when it is
 * durable and this copy shows it. It rejects with a `DirectoryError`, or with what the backplane rejects with.
 */
export class HubDirectory {
  readonly #clock: Clock;
  readonly #limits: DirectoryLimits;
  readonly #listeners = new Set<(change: DirectoryChange) => void>();
  readonly #tables: HubTables;
  #watch!: RecordWatch;
  #changes!: GuardedChanges;

  private constructor(clock: Clock, { limits = defaultDirectoryLimits, logger = silentLogger }: DirectoryOptions) {
    this.#clock = clock;
    this.#limits = limits;
    this.#tables = new HubTables(logger, (change) => {
      for (const listener of this.#listeners) listener(change);
    });
  }

  static async open(backplane: Backplane, clock: Clock, options: DirectoryOptions = {}): Promise<HubDirectory> {
    const directory = new HubDirectory(clock, options);
    const watch = await RecordWatch.open(backplane, hubPrefix, directory.#tables);
    const { leadership } = options;
    directory.#watch = watch;
    directory.#changes = new GuardedChanges({ backplane, watch, leadership, notController, busy });
    return directory;
  }

  close(): void {
    this.#watch.close();
    this.#listeners.clear();
  }

  /** Called for each change, after the copy shows it. Returns the function that ends this. */
  onChange(listener: (change: DirectoryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** In the order of their names. */
  hubs(): HubRecord[] {
    return this.#tables.hubs();
  }

  hub(name: string): HubRecord | undefined {
    return this.#tables.folder(name)?.hub?.record;
  }

  /** In the order of their names; empty if there is no such hub. */
  users(hub: string): UserRecord[] {
    return this.#tables.users(hub);
  }

  userCount(hub: string): number {
    return this.#tables.folder(hub)?.users.size ?? 0;
  }

  user(hub: string, name: string): UserRecord | undefined {
    return this.#tables.folder(hub)?.users.get(userKeyOf(name))?.record;
  }

  /** A guard that holds as long as the hub, or the user, is the same one; undefined if there is none. */
  existenceGuard(hub: string, user?: string): Guard | undefined {
    const folder = this.#tables.folder(hub);
    const kept = user === undefined ? folder?.hub : folder?.users.get(userKeyOf(user));
    return kept && sameOne(kept);
  }

  async createHub(record: HubRecord): Promise<HubRecord> {
    checkHubName(record.name);
    const key = hubRecordKey(record.name);
    await this.#changes.make(() => {
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
    await this.#changes.make(() => {
      const { hub } = this.#keptHub(name);
      return [
        [
          { kind: 'delete', key: hub.key },
          { kind: 'deletePrefix', prefix: `${hub.key}/` },
          { kind: 'delete', key: hubStatKey(name) },
          { kind: 'deletePrefix', prefix: `${hubStatKey(name)}/` },
        ],
        [sameOne(hub)],
      ];
    });
  }

  async createUser(hub: string, record: UserRecord): Promise<UserRecord> {
    checkUserName(record.name);
    const key = userRecordKey(hub, record.name);
    await this.#changes.make(() => {
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
      return [[put(key, record)], [{ key, modRevision: 0 }, sameOne(kept.hub)]];
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
    await this.#changes.make(() => {
      const kept = this.#keptUser(hub, name);
      return [
        [
          { kind: 'delete', key: kept.key },
          { kind: 'delete', key: userStatKey(hub, name) },
        ],
        [sameOne(kept)],
      ];
    });
  }

  async #update<T extends object>(find: () => Kept<T>, change: (current: T) => T): Promise<T> {
    let changed!: T;
    await this.#changes.make(() => {
      const { record, key, modRevision } = find();
      changed = change(record);
      return [[put(key, changed)], [{ key, modRevision }]];
    });
    return changed;
  }

  #keptHub(name: string): KeptHub & { readonly hub: Kept<HubRecord> } {
    const kept = this.#tables.folder(name);
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
}

function notController(): DirectoryError {
  return new DirectoryError('NOT_CONTROLLER', 'hubs and users can be changed at the controller of the cluster only');
}

function busy(key: string, cause: unknown): DirectoryError {
  return new DirectoryError('BUSY', `${key} is being changed by somebody else, try again`, { cause });
}

/** Holds as long as the record has not been deleted, whatever else becomes of it. */
function sameOne({ key, createRevision }: Kept<unknown>): Guard {
  return { key, createRevision };
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
