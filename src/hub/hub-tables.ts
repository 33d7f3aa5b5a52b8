import type { Entry, RecordTables, Revision } from '#backplane';
import type { Logger } from '#base';
import { hubKeyOf, hubPrefix, userKeyOf } from './names.ts';
import { decodeHubRecord, decodeUserRecord } from './record-codec.ts';
import type { HubRecord, UserRecord } from './records.ts';

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

/** A record, and which state of it the store has. */
export interface Kept<T> {
  readonly record: T;
  readonly key: string;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}

export interface KeptHub {
  hub: Kept<HubRecord> | undefined;
  readonly users: Map<string, Kept<UserRecord>>;
}

/** Hubs and their users, as `cfg/hub/…` has them. */
export class HubTables implements RecordTables {
  readonly #logger: Logger;
  readonly #changed: (change: DirectoryChange) => void;
  readonly #hubs = new Map<string, KeptHub>();

  constructor(logger: Logger, changed: (change: DirectoryChange) => void) {
    this.#logger = logger;
    this.#changed = changed;
  }

  /** Also a hub that is gone, as long as there are users of it. */
  folder(hub: string): KeptHub | undefined {
    return this.#hubs.get(hubKeyOf(hub));
  }

  /** In the order of their names. */
  hubs(): HubRecord[] {
    const records: HubRecord[] = [];
    for (const { hub } of this.#hubs.values()) if (hub !== undefined) records.push(hub.record);
    return records.sort((a, b) => compare(hubKeyOf(a.name), hubKeyOf(b.name)));
  }

  /** In the order of their names; empty if there is no such hub. */
  users(hub: string): UserRecord[] {
    const users = this.folder(hub)?.users.values() ?? [];
    return Array.from(users, ({ record }) => record).sort((a, b) => compare(userKeyOf(a.name), userKeyOf(b.name)));
  }

  apply(key: string, entry: Entry | undefined): void {
    const [hubKey, userKey] = partsOf(key);
    if (hubKey === undefined) return;
    if (userKey === undefined) this.#applyHub(hubKey, key, entry);
    else this.#applyUser(hubKey, userKey, key, entry);
  }

  revisionOf(key: string): Revision | undefined {
    const [hubKey = '', userKey] = partsOf(key);
    const kept = this.#hubs.get(hubKey);
    return (userKey === undefined ? kept?.hub : kept?.users.get(userKey))?.modRevision;
  }

  *keys(): Iterable<string> {
    for (const { hub, users } of this.#hubs.values()) {
      if (hub !== undefined) yield hub.key;
      for (const { key } of users.values()) yield key;
    }
  }

  #applyHub(hubKey: string, key: string, entry: Entry | undefined): void {
    const kept = this.#folder(hubKey);
    const before = kept.hub?.record;
    kept.hub = this.#decode(key, entry, decodeHubRecord);
    this.#tidy(hubKey, kept);
    const record = kept.hub?.record;
    if (record === undefined && before === undefined) return;
    this.#changed({ kind: 'hub', hubName: (record ?? before)!.name, record });
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
    this.#changed({ kind: 'user', hubName: kept.hub?.record.name ?? hubKey, userName: name, record: user?.record });
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
    const { createRevision, modRevision } = entry;
    try {
      return { record: decode(key, entry.value), key, createRevision, modRevision };
    } catch (error) {
      this.#logger.error({ key, error }, 'a record of the store cannot be read and is ignored');
      return undefined;
    }
  }
}

/** `cfg/hub/<hub>` and `cfg/hub/<hub>/user/<user>`; other keys have no parts. */
function partsOf(key: string): readonly [hubKey?: string, userKey?: string] {
  const [hubKey, folder, userKey] = key.slice(hubPrefix.length).split('/') as [string, ...string[]];
  if (folder === undefined) return [hubKey];
  return folder === 'user' && userKey !== undefined ? [hubKey, userKey] : [];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
