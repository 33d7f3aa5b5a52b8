import type { MemberBoot, MemberId } from '#cluster';
import { hubKeyOf } from '#hub';
import { ErrorCode } from '../codec/error-codes.ts';
import { rowKey, type LicenceKind, type PlaceOrder, type SessionRow } from './place-order.ts';

/** Connection licences of the whole cluster; Infinity = as many as anybody wants. */
export interface LicenceLimits {
  readonly client: number;
  readonly bridge: number;
}

export const unlimitedLicences: LicenceLimits = Object.freeze({ client: Infinity, bridge: Infinity });

/** What a hub and a user may have; 0 = unlimited. */
export interface PlaceLimits {
  readonly maxSessions: number;
  readonly multiLogins: number;
  readonly licences: LicenceLimits;
}

export type Reserved =
  | { readonly ok: true; /** Of the session to be. */ readonly name: string }
  | { readonly ok: false; readonly code: number };

interface Entry {
  readonly key: string;
  readonly row: SessionRow;
  /** Undefined: promised by this controller, and no member has it in its list yet. */
  readonly member: MemberBoot | undefined;
  /** A promise ends at this time. */
  readonly endsAtMs: number;
}

interface Hub {
  readonly key: string;
  /** Those that count for the hub's limit: administrators do not. */
  counted: number;
  readonly ofUser: Map<string, Set<Entry>>;
  /** By their keys. */
  readonly entries: Map<string, Entry>;
}

const sessionNumber = /-(\d{1,15})$/;

/**
 * Every session of the cluster, those that are promised included: what limits are checked against, and what gives sessions
 * names that no other has. It errs on the side of too many: a session counts from the moment that it is promised until
 * its member has said that it ended. So no race of log-ins gets past a limit.
 */
export class SessionLedger {
  readonly #entries = new Map<string, Entry>();
  readonly #promised = new Map<string, Entry>();
  readonly #ofMember = new Map<MemberId, { readonly boot: string; readonly keys: Set<string> }>();
  /** Those that have sessions. */
  readonly #hubs = new Map<string, Hub>();
  /** Of the n in `SID-<USER>-<n>`, the last one given out in each hub: a name does not come again soon. */
  readonly #lastNumbers = new Map<string, number>();
  readonly #licences = { none: 0, client: 0, bridge: 0 };

  get size(): number {
    return this.#entries.size;
  }

  /** In use, the promised ones included. */
  licences(kind: LicenceKind): number {
    return this.#licences[kind];
  }

  sessionsOfHub(hubName: string): number {
    return this.#hubs.get(hubKeyOf(hubName))?.entries.size ?? 0;
  }

  /** Members that have sessions of this hub, those with sessions of this user from this machine first. */
  membersOfHub({ hubName, userName, machine }: Pick<PlaceOrder, 'hubName' | 'userName' | 'machine'>): MemberBoot[] {
    const hub = this.#hubs.get(hubKeyOf(hubName));
    const own = [...(hub?.ofUser.get(userName) ?? [])].filter(({ row }) => row.machine === machine);
    const found = new Map<MemberId, MemberBoot>();
    for (const { member } of [...own, ...(hub?.entries.values() ?? [])]) {
      if (member !== undefined) found.set(member.member, member);
    }
    return [...found.values()];
  }

  /** Promises a session, or says which limit it would exceed. `name`: of one that was there before. */
  reserve(order: PlaceOrder, limits: PlaceLimits, endsAtMs: number, name?: string): Reserved {
    const { hubName, userName, machine, isAdministrator, licence } = order;
    const code = this.#limitOf(this.#hubs.get(hubKeyOf(hubName)), order, limits);
    if (code !== ErrorCode.NO_ERROR) return { ok: false, code };
    if (name !== undefined && this.#entries.has(rowKey(hubName, name))) {
      return { ok: false, code: ErrorCode.SESSION_TIMEOUT };
    }
    const given = name ?? this.#freeName(hubName, userName);
    const row = { hubName, name: given, userName, machine, isAdministrator, licence };
    const entry = { key: rowKey(hubName, given), row, member: undefined, endsAtMs };
    this.#add(entry);
    this.#promised.set(entry.key, entry);
    return { ok: true, name: given };
  }

  /** What was promised comes to nothing. What a member has in its list stays. */
  cancel(hubName: string, name: string): void {
    const entry = this.#promised.get(rowKey(hubName, name));
    if (entry !== undefined) this.#remove(entry);
  }

  /** Promises that no member has taken up. */
  expire(nowMs: number): void {
    for (const entry of this.#promised.values()) {
      if (entry.endsAtMs > nowMs) return;
      this.#remove(entry);
    }
  }

  /** The whole list of one member. */
  replace(member: MemberBoot, rows: readonly SessionRow[]): void {
    this.forget(member.member);
    this.#ofMember.set(member.member, { boot: member.boot, keys: new Set() });
    for (const row of rows) this.begun(member, row);
  }

  /** False: its list is not known, a change to it means nothing. */
  knows({ member, boot }: MemberBoot): boolean {
    return this.#ofMember.get(member)?.boot === boot;
  }

  begun(member: MemberBoot, row: SessionRow): void {
    const known = this.#ofMember.get(member.member);
    if (known?.boot !== member.boot) return;
    const key = this.#keyAt(member, row);
    const before = this.#entries.get(key);
    if (before !== undefined) this.#remove(before);
    this.#add({ key, row, member, endsAtMs: Infinity });
    known.keys.add(key);
  }

  ended(member: MemberBoot, hubName: string, name: string): void {
    const entry = this.#entries.get(this.#keyAt(member, { hubName, name }));
    // A name that has gone to another member meanwhile is that member's.
    if (entry === undefined || (entry.member !== undefined && entry.member.member !== member.member)) return;
    this.#remove(entry);
  }

  /** The member is gone, and its sessions with it. */
  forget(member: MemberId): void {
    const known = this.#ofMember.get(member);
    if (known === undefined) return;
    this.#ofMember.delete(member);
    for (const key of known.keys) {
      const entry = this.#entries.get(key);
      if (entry?.member?.member === member) this.#remove(entry);
    }
  }

  members(): MemberId[] {
    return [...this.#ofMember.keys()];
  }

  clear(): void {
    this.#entries.clear();
    this.#promised.clear();
    this.#ofMember.clear();
    this.#hubs.clear();
    this.#lastNumbers.clear();
    for (const kind of ['none', 'client', 'bridge'] as const) this.#licences[kind] = 0;
  }

  /** SoftEther protocol §4.3, steps 16 and 18: 20, 16, or 103 and 104 for licences. */
  #limitOf(hub: Hub | undefined, order: PlaceOrder, { maxSessions, multiLogins, licences }: PlaceLimits): number {
    if (multiLogins > 0 && othersOfUser(hub, order) >= multiLogins) return ErrorCode.TOO_MANY_USER_SESSION;
    if (maxSessions > 0 && !order.isAdministrator && (hub?.counted ?? 0) >= maxSessions) return ErrorCode.HUB_IS_BUSY;
    const { licence } = order;
    if (licence === 'none' || this.#licences[licence] < licences[licence]) return ErrorCode.NO_ERROR;
    return licence === 'client' ? ErrorCode.CLIENT_LICENSE_NOT_ENOUGH : ErrorCode.BRIDGE_LICENSE_NOT_ENOUGH;
  }

  /**
   * A controller that could not hear a member has perhaps given a name that is in use there. Both sessions count: what one
   * member says of its own says nothing of the other's.
   */
  #keyAt({ member }: MemberBoot, { hubName, name }: Pick<SessionRow, 'hubName' | 'name'>): string {
    const key = rowKey(hubName, name);
    const twin = `${key} ${member}`;
    const holder = this.#entries.get(key)?.member?.member ?? member;
    return holder !== member || this.#entries.has(twin) ? twin : key;
  }

  #add(entry: Entry): void {
    const { row, key } = entry;
    this.#entries.set(key, entry);
    const hub = this.#hub(row.hubName);
    hub.entries.set(key, entry);
    if (!row.isAdministrator) hub.counted++;
    const ofUser = hub.ofUser.get(row.userName);
    if (ofUser === undefined) hub.ofUser.set(row.userName, new Set([entry]));
    else ofUser.add(entry);
    this.#licences[row.licence]++;
    // A name that an earlier controller gave
    const number = Number(sessionNumber.exec(row.name)?.[1] ?? 0);
    if (number > (this.#lastNumbers.get(hub.key) ?? 0)) this.#lastNumbers.set(hub.key, number);
  }

  #remove(entry: Entry): void {
    const { row, key, member } = entry;
    this.#entries.delete(key);
    this.#promised.delete(key);
    if (member !== undefined) this.#ofMember.get(member.member)?.keys.delete(key);
    const hub = this.#hub(row.hubName);
    hub.entries.delete(key);
    if (!row.isAdministrator) hub.counted--;
    const ofUser = hub.ofUser.get(row.userName);
    ofUser?.delete(entry);
    if (ofUser?.size === 0) hub.ofUser.delete(row.userName);
    this.#licences[row.licence]--;
    if (hub.entries.size === 0) this.#hubs.delete(hub.key);
  }

  #hub(hubName: string): Hub {
    const key = hubKeyOf(hubName);
    let hub = this.#hubs.get(key);
    if (hub === undefined) this.#hubs.set(key, (hub = { key, counted: 0, ofUser: new Map(), entries: new Map() }));
    return hub;
  }

  #freeName(hubName: string, userName: string): string {
    const key = hubKeyOf(hubName);
    for (;;) {
      const number = (this.#lastNumbers.get(key) ?? 0) + 1;
      this.#lastNumbers.set(key, number);
      const name = `SID-${userName.toUpperCase()}-${number}`;
      if (!this.#entries.has(rowKey(hubName, name))) return name;
    }
  }
}

/** The sessions of this user from other machines. */
function othersOfUser(hub: Hub | undefined, order: PlaceOrder): number {
  let others = 0;
  for (const { row } of hub?.ofUser.get(order.userName) ?? []) {
    if (row.machine === '' || row.machine !== order.machine) others++;
  }
  return others;
}
