import type { MemberId } from '../member-id.ts';

/** Tickets are remembered by the second of their end. */
const graceMs = 1_000;

interface Bucket {
  readonly of: Pending;
  readonly endsAtMs: number;
  count: number;
}

interface Pending {
  readonly id: MemberId;
  total: number;
  /** Oldest first; those at the front may be empty. */
  buckets: Bucket[];
}

/**
 * Placements that no report of the member has counted yet: tickets on their way. Each ends when a report says that so
 * many tickets were taken (the oldest are meant: which one it was does not matter for a count), or when its ticket has
 * expired: the client never came.
 */
export class PendingPlacements {
  readonly #ticketLifeMs: number;
  readonly #changed: (id: MemberId, count: number) => void;
  readonly #members = new Map<MemberId, Pending>();
  /** All buckets by their end, oldest first, from `#head` on. */
  #queue: Bucket[] = [];
  #head = 0;

  /** `changed` is told each count that is another one than before. */
  constructor(ticketLifeMs: number, changed: (id: MemberId, count: number) => void) {
    this.#ticketLifeMs = ticketLifeMs;
    this.#changed = changed;
  }

  of(id: MemberId): number {
    return this.#members.get(id)?.total ?? 0;
  }

  add(id: MemberId, nowMs: number): void {
    const endsAtMs = Math.ceil((nowMs + this.#ticketLifeMs) / graceMs) * graceMs;
    let pending = this.#members.get(id);
    if (pending === undefined) this.#members.set(id, (pending = { id, total: 0, buckets: [] }));
    let bucket = pending.buckets.at(-1);
    if (bucket?.endsAtMs !== endsAtMs) {
      bucket = { of: pending, endsAtMs, count: 0 };
      pending.buckets.push(bucket);
      this.#queue.push(bucket);
    }
    bucket.count++;
    this.#set(pending, pending.total + 1);
  }

  /** The member did not take the ticket after all: the newest is forgotten. */
  withdraw(id: MemberId): void {
    const pending = this.#members.get(id);
    const bucket = pending?.buckets.findLast(({ count }) => count > 0);
    if (pending === undefined || bucket === undefined) return;
    bucket.count--;
    this.#set(pending, pending.total - 1);
  }

  /** A report counts so many tickets more than the one before. */
  taken(id: MemberId, count: number): void {
    const pending = this.#members.get(id);
    if (pending === undefined || count <= 0) return;
    let left = Math.min(count, pending.total);
    const total = pending.total - left;
    for (const bucket of pending.buckets) {
      const here = Math.min(left, bucket.count);
      bucket.count -= here;
      left -= here;
      if (left === 0) break;
    }
    this.#set(pending, total);
  }

  expire(nowMs: number): void {
    for (let bucket = this.#queue[this.#head]; bucket !== undefined; bucket = this.#queue[++this.#head]) {
      if (bucket.endsAtMs > nowMs) break;
      // The oldest of its member, unless the member was forgotten meanwhile.
      if (bucket.of.buckets[0] === bucket) bucket.of.buckets.shift();
      if (bucket.count > 0) this.#set(bucket.of, bucket.of.total - bucket.count);
      bucket.count = 0;
    }
    if (this.#head > 1_000 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The member is gone, or another boot: nothing of this will ever be counted. */
  forget(id: MemberId): void {
    const pending = this.#members.get(id);
    if (pending === undefined) return;
    this.#members.delete(id);
    for (const bucket of pending.buckets) bucket.count = 0;
    pending.buckets = [];
    if (pending.total > 0) this.#changed(id, 0);
    pending.total = 0;
  }

  #set(pending: Pending, total: number): void {
    if (pending.total === total) return;
    pending.total = total;
    this.#changed(pending.id, total);
  }
}
