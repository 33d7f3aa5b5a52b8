import type { MemberId } from '../member-id.ts';
import type { LoadReport } from '../membership.ts';
import type { Exclusion } from './exclusion.ts';
import { PendingPlacements } from './pending-placements.ts';
import { PlacementHeap, type HeapSeat } from './placement-heap.ts';
import { pointsOf, scoreOf } from './points.ts';

/** What placement has to know of a member; `load` is its latest report. */
export interface PlacedMember {
  readonly id: MemberId;
  readonly boot: string;
  readonly weight: number;
  readonly capacity: number;
  readonly exclusion: Exclusion | undefined;
  readonly load: Pick<LoadReport, 'sequence' | 'sessions' | 'ticketsTaken'>;
}

/** One row of what the controller bases its choice on. */
export interface PlacementRow {
  readonly id: MemberId;
  /** Reported, and those placed since. */
  readonly sessions: number;
  readonly pending: number;
  readonly points: number;
  readonly exclusion: Exclusion | undefined;
}

interface Row extends HeapSeat {
  boot: string;
  weight: number;
  capacity: number;
  exclusion: Exclusion | undefined;
  sequence: number;
  ticketsTaken: number;
  reported: number;
  pending: number;
  score: number;
  lastPlaced: number;
}

/**
 * The placement function (C5, V6): what members reported, plus what was placed since, gives the member with the most
 * points. Pure: time comes in, nothing goes out. The live controller and the simulation use the same.
 */
export class PlacementBook {
  readonly #rows = new Map<MemberId, Row>();
  readonly #heap = new PlacementHeap<Row>();
  readonly #pending: PendingPlacements;
  #placements = 0;

  constructor(ticketLifeMs: number) {
    this.#pending = new PendingPlacements(ticketLifeMs, (id, count) => {
      const row = this.#rows.get(id);
      if (row === undefined) return;
      row.pending = count;
      this.#rescore(row);
    });
  }

  get size(): number {
    return this.#rows.size;
  }

  ids(): IterableIterator<MemberId> {
    return this.#rows.keys();
  }

  /** A member is new, has changed or has reported. An older report of the same boot changes nothing. */
  update(member: PlacedMember): void {
    const { id, boot, load } = member;
    let row = this.#rows.get(id);
    if (row === undefined || row.boot !== boot) {
      if (row !== undefined) this.remove(id);
      // What was taken before the first report that is seen here belongs to another controller's placements.
      row = newRow(member);
      this.#rows.set(id, row);
    }
    row.weight = member.weight;
    row.capacity = member.capacity;
    row.exclusion = member.exclusion;
    if (load.sequence > row.sequence) {
      row.sequence = load.sequence;
      row.reported = load.sessions;
      const taken = load.ticketsTaken - row.ticketsTaken;
      row.ticketsTaken = load.ticketsTaken;
      this.#pending.taken(id, taken);
    }
    this.#rescore(row);
  }

  remove(id: MemberId): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.#rows.delete(id);
    this.#heap.remove(row);
    this.#pending.forget(id);
  }

  /** The member with the most points; undefined = nobody takes a session. Those in `except` are passed over. */
  choose(nowMs: number, except?: ReadonlySet<MemberId>): MemberId | undefined {
    this.#pending.expire(nowMs);
    if (except === undefined || except.size === 0) return this.#heap.best()?.id;
    const passedOver: Row[] = [];
    for (let best = this.#heap.best(); best !== undefined && except.has(best.id); best = this.#heap.best()) {
      this.#heap.remove(best);
      passedOver.push(best);
    }
    const chosen = this.#heap.best()?.id;
    for (const row of passedOver) this.#heap.add(row);
    return chosen;
  }

  /** Counts a placement on `id` until a report has it. */
  place(id: MemberId, nowMs: number): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    row.lastPlaced = ++this.#placements;
    this.#pending.add(id, nowMs);
  }

  /** The placement made last on `id` came to nothing. */
  withdraw(id: MemberId): void {
    this.#pending.withdraw(id);
  }

  row(id: MemberId, nowMs: number): PlacementRow | undefined {
    this.#pending.expire(nowMs);
    const row = this.#rows.get(id);
    return row && shown(row);
  }

  rows(nowMs: number): PlacementRow[] {
    this.#pending.expire(nowMs);
    return [...this.#rows.values()].map(shown);
  }

  #rescore(row: Row): void {
    row.score = scoreOf(row.reported + row.pending, row.weight, row.capacity);
    if (exclusionIn(row) !== undefined) this.#heap.remove(row);
    else if (row.place < 0) this.#heap.add(row);
    else this.#heap.changed(row);
  }
}

function newRow({ id, boot, weight, capacity, exclusion, load }: PlacedMember): Row {
  return {
    id,
    boot,
    weight,
    capacity,
    exclusion,
    sequence: load.sequence,
    ticketsTaken: load.ticketsTaken,
    reported: load.sessions,
    pending: 0,
    score: 0,
    lastPlaced: 0,
    place: -1,
  };
}

function exclusionIn(row: Row): Exclusion | undefined {
  return row.exclusion ?? (row.reported + row.pending >= row.capacity ? 'full' : undefined);
}

function shown(row: Row): PlacementRow {
  const sessions = row.reported + row.pending;
  const points = pointsOf(sessions, row.weight, row.capacity);
  return { id: row.id, sessions, pending: row.pending, points, exclusion: exclusionIn(row) };
}
