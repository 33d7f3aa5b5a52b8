import { FailureTable, type FailureEntry } from './failure-table.ts';
import { isLoopback, networkOf } from './network-of.ts';

/** What a guard needs of a clock. */
export interface GuardClock {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Unix milliseconds. */
  wallMs(): number;
}

export interface LoginGuardLimits {
  readonly maxFailuresPerUserAndAddress: number;
  readonly maxFailuresPerAddress: number;
  readonly maxFailuresPerUser: number;
  readonly freeFailures: number;
  readonly maxFailureDelayMs: number;
  readonly banMs: number;
  readonly maxBanMs: number;
  readonly maxFailureEntries: number;
}

/** What the guard says before a proof is looked at. */
export type GuardVerdict = { readonly kind: 'refuse' } | { readonly kind: 'check'; readonly delayMs: number };

export interface Ban {
  /** `userAtAddress`: this user from this address; `user`: see LoginGuard. */
  readonly kind: 'address' | 'user' | 'userAtAddress';
  /** Empty for kind `user`. IPv6: the /64. */
  readonly address: string;
  /** `HUB/user`; empty for kind `address`. */
  readonly user: string;
  /** Unix milliseconds. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Nobody has failed within living memory. */
const atOnce: GuardVerdict = { kind: 'check', delayMs: 0 };
const SEPARATOR = '\n';
const MAX_NAME = 128;
/** A user under attack from an address without failures: the proof is looked at after this. */
const USER_BAN_DELAY_MS = 3000;
const FIRST_DELAY_MS = 500;
/** Failures of an address, whoever the user, slow its answers down later than those of one user there. */
const ADDRESS_FAILURES_PER_STEP = 5;

/**
 * Slows down and stops those who guess passwords, without giving them a way to lock others out.
 *
 * - Failures of one user from one address: the first two are answered at once, then the answer waits, 0.5 s doubling
 *   to 8 s; at 10 that user is refused from that address. One client with an old password behind a shared address
 *   so bans itself, not its neighbours.
 * - Failures from one address over all users: at 50 the address is refused (five such clients, or somebody trying names).
 * - Failures of one user over all addresses: at 50 the user counts as under attack. Then an address that has failures
 *   itself is refused; one from which this user has logged in before is served as ever; any other is served after
 *   3 s. So the right password always gets in from an address that has not failed within the last minute, and each
 *   address that an attacker owns is good for one guess a minute.
 *
 * Refused attempts are not looked at and do not count. Each minute forgives one failure. A ban lasts 5 minutes, each
 * further one of the same key twice as long, up to an hour. Loopback is slowed down, never refused: there sits the
 * administrator, or a reverse proxy with everybody behind it.
 */
export class LoginGuard {
  readonly #clock: GuardClock;
  readonly #limits: LoginGuardLimits;
  readonly #pairs: FailureTable;
  readonly #addresses: FailureTable;
  readonly #users: FailureTable;
  /** Pairs that have logged in: those since the set was begun, and the full one before it. */
  #known = new Set<string>();
  #knownBefore: ReadonlySet<string> = new Set<string>();

  constructor(clock: GuardClock, limits: LoginGuardLimits) {
    this.#clock = clock;
    this.#limits = limits;
    const table = (maxFailures: number): FailureTable =>
      new FailureTable({
        maxFailures,
        banMs: limits.banMs,
        maxBanMs: limits.maxBanMs,
        maxEntries: limits.maxFailureEntries,
      });
    this.#pairs = table(limits.maxFailuresPerUserAndAddress);
    this.#addresses = table(limits.maxFailuresPerAddress);
    this.#users = table(limits.maxFailuresPerUser);
  }

  /** Ask before looking at a proof, and once more after the delay: others may have failed meanwhile. */
  ask(address: string, account: string): GuardVerdict {
    if (this.#pairs.size + this.#addresses.size + this.#users.size === 0) return atOnce;
    const now = this.#clock.nowMs();
    const network = networkOf(address);
    const user = userKey(account);
    const delayMs = this.#delay(network, user, now);
    if (isLoopback(address)) return { kind: 'check', delayMs };
    const pair = pairKey(network, user);
    if (this.#addresses.isBanned(network, now) || this.#pairs.isBanned(pair, now)) return { kind: 'refuse' };
    if (!this.#users.isBanned(user, now) || this.#isKnown(pair)) return { kind: 'check', delayMs };
    if (this.#addresses.failures(network, now) > 0) return { kind: 'refuse' };
    return { kind: 'check', delayMs: Math.max(delayMs, USER_BAN_DELAY_MS) };
  }

  /** Returns the bans that this failure began. */
  failed(address: string, account: string): readonly Ban['kind'][] {
    const now = this.#clock.nowMs();
    const network = networkOf(address);
    const user = userKey(account);
    const begun: Ban['kind'][] = [];
    if (this.#pairs.add(pairKey(network, user), now)) begun.push('userAtAddress');
    if (this.#addresses.add(network, now)) begun.push('address');
    if (this.#users.add(user, now)) begun.push('user');
    return begun;
  }

  succeeded(address: string, account: string): void {
    const pair = pairKey(networkOf(address), userKey(account));
    this.#pairs.delete(pair);
    this.#known.add(pair);
    // Two generations instead of taking out the oldest: a Set that is emptied from its front gets slow.
    if (this.#known.size < this.#limits.maxFailureEntries) return;
    this.#knownBefore = this.#known;
    this.#known = new Set();
  }

  #isKnown(pair: string): boolean {
    return this.#known.has(pair) || this.#knownBefore.has(pair);
  }

  bans(): Ban[] {
    const now = this.#clock.nowMs();
    const wallAt = this.#clock.wallMs() - now;
    const ban = (kind: Ban['kind'], address: string, user: string, entry: Readonly<FailureEntry>): Ban => ({
      kind,
      address,
      user,
      sinceMs: Math.round(entry.bannedAtMs + wallAt),
      untilMs: Math.round(entry.bannedUntilMs + wallAt),
    });
    const list: Ban[] = [];
    for (const [address, entry] of this.#addresses.banned(now)) list.push(ban('address', address, '', entry));
    for (const [user, entry] of this.#users.banned(now)) list.push(ban('user', '', user, entry));
    for (const [pair, entry] of this.#pairs.banned(now)) {
      const [address = '', user = ''] = pair.split(SEPARATOR);
      list.push(ban('userAtAddress', address, user, entry));
    }
    return list;
  }

  /** Lifts every ban that concerns this address, or this user (`HUB/user`, or the user name alone). False: there was none. */
  lift(addressOrUser: string): boolean {
    const wanted = [addressOrUser, networkOf(addressOrUser)];
    const user = userKey(addressOrUser);
    let lifted = false;
    for (const ban of this.bans()) {
      const isMeant =
        wanted.includes(ban.address) || (ban.user !== '' && (ban.user === user || nameOf(ban.user) === user));
      if (!isMeant) continue;
      lifted = true;
      this.#forget(ban);
    }
    return lifted;
  }

  #forget(ban: Ban): void {
    if (ban.kind === 'address') this.#addresses.delete(ban.address);
    else if (ban.kind === 'user') this.#users.delete(ban.user);
    else this.#pairs.delete(pairKey(ban.address, ban.user));
  }

  #delay(network: string, user: string, now: number): number {
    const own = this.#pairs.failures(pairKey(network, user), now);
    const all = this.#addresses.failures(network, now) / ADDRESS_FAILURES_PER_STEP;
    const beyond = Math.floor(Math.max(own, all)) - this.#limits.freeFailures;
    return beyond < 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** beyond, this.#limits.maxFailureDelayMs);
  }
}

/** `account` = `HUB/user`. Names compare without case; line ends would break the pair keys. */
function userKey(account: string): string {
  const name = (account.length > MAX_NAME ? account.slice(0, MAX_NAME) : account).toLowerCase();
  return name.includes(SEPARATOR) ? name.replaceAll(SEPARATOR, ' ') : name;
}

function pairKey(network: string, user: string): string {
  return `${network}${SEPARATOR}${user}`;
}

function nameOf(user: string): string {
  return user.slice(user.indexOf('/') + 1);
}
