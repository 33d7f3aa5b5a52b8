import { forgetOldest } from './forget-oldest.ts';

export interface FailureEntry {
  /** At `countedAtMs`. */
  failures: number;
  /** Forgiveness is counted from here. */
  countedAtMs: number;
  bannedAtMs: number;
  /** 0 = not banned. */
  bannedUntilMs: number;
  /** Bans so far: each doubles the next. */
  bans: number;
}

export interface FailureTableLimits {
  readonly maxFailures: number;
  readonly banMs: number;
  readonly maxBanMs: number;
  readonly maxEntries: number;
}

/** As `forgetOldest` does. */
const ROOM_SHARE = 64;
const FORGIVE_ONE_EVERY_MS = 60_000;
/** An entry without failures is kept this long, so that the next ban still doubles. */
const REMEMBER_MS = 60 * 60_000;

/** Counts failures under keys. Each minute forgives one; too many at once ban the key, each time for longer. */
export class FailureTable {
  readonly #limits: FailureTableLimits;
  /** Least recently changed first. */
  readonly #entries = new Map<string, FailureEntry>();

  constructor(limits: FailureTableLimits) {
    this.#limits = limits;
  }

  failures(key: string, nowMs: number): number {
    const entry = this.#entries.get(key);
    return entry === undefined ? 0 : remaining(entry, nowMs);
  }

  isBanned(key: string, nowMs: number): boolean {
    return (this.#entries.get(key)?.bannedUntilMs ?? 0) > nowMs;
  }

  /** True if this failure began a ban. */
  add(key: string, nowMs: number): boolean {
    const old = this.#entries.get(key);
    const entry = old ?? { failures: 0, countedAtMs: nowMs, bannedAtMs: 0, bannedUntilMs: 0, bans: 0 };
    if (old !== undefined) this.#entries.delete(key);
    else this.#makeRoom(nowMs);
    this.#entries.set(key, entry);
    const left = remaining(entry, nowMs);
    entry.countedAtMs = left === 0 ? nowMs : entry.countedAtMs + (entry.failures - left) * FORGIVE_ONE_EVERY_MS;
    entry.failures = left + 1;
    if (entry.failures < this.#limits.maxFailures || entry.bannedUntilMs > nowMs) return false;
    entry.bannedAtMs = nowMs;
    entry.bannedUntilMs = nowMs + Math.min(this.#limits.banMs * 2 ** entry.bans, this.#limits.maxBanMs);
    entry.bans = Math.min(entry.bans + 1, 16);
    entry.failures = 0;
    return true;
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  *banned(nowMs: number): Generator<readonly [key: string, entry: Readonly<FailureEntry>]> {
    for (const pair of this.#entries) if (pair[1].bannedUntilMs > nowMs) yield pair;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * At the cap: forgets what is past remembering, at least some of the oldest that are not banned (several at once, see
   * `forgetOldest`), and if all are banned the oldest ones.
   */
  #makeRoom(nowMs: number): void {
    const { maxEntries } = this.#limits;
    if (this.#entries.size < maxEntries) return;
    const enough = maxEntries - Math.ceil(maxEntries / ROOM_SHARE);
    for (const [key, entry] of this.#entries) {
      if (entry.bannedUntilMs > nowMs) continue;
      if (this.#entries.size <= enough && nowMs - entry.countedAtMs < REMEMBER_MS) break;
      this.#entries.delete(key);
    }
    if (this.#entries.size >= maxEntries) forgetOldest(this.#entries);
  }
}

function remaining(entry: FailureEntry, nowMs: number): number {
  return Math.max(0, entry.failures - Math.floor((nowMs - entry.countedAtMs) / FORGIVE_ONE_EVERY_MS));
}
