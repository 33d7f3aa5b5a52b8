import type { MemberId } from '../member-id.ts';

/** What placement knows of one member at a moment. */
export interface Seat {
  readonly id: MemberId;
  readonly weight: number;
  /** Of `scoreOf`, with everything counted that was placed since the last report. */
  readonly score: number;
  /** Number of the last placement on it; 0 = none yet. Makes equals take turns. */
  readonly lastPlaced: number;
}

/**
 * The order in which members are chosen; no two are equal. Most points first (softether-protocol §9.7); of equals, the
 * stronger, which one more session fills less; then the one whose last placement is longest ago. So a burst is spread
 * by weight exactly: never a whole session off while only this controller places.
 */
function compareSeats(a: Seat, b: Seat): number {
  return b.score - a.score || b.weight - a.weight || a.lastPlaced - b.lastPlaced || (a.id < b.id ? -1 : 1);
}

export interface HeapSeat extends Seat {
  /** Its index in the heap; -1 = not in it. Only the heap writes it. */
  place: number;
}

/** The members that may be chosen, the best one on top: with 10,000 of them a change takes a dozen comparisons. */
export class PlacementHeap<T extends HeapSeat> {
  readonly #seats: T[] = [];

  get size(): number {
    return this.#seats.length;
  }

  best(): T | undefined {
    return this.#seats[0];
  }

  add(seat: T): void {
    if (seat.place >= 0) return;
    this.#seats.push(seat);
    this.#up(this.#seats.length - 1, seat);
  }

  remove(seat: T): void {
    const at = seat.place;
    if (at < 0) return;
    const last = this.#seats.pop()!;
    seat.place = -1;
    if (last === seat) return;
    last.place = at;
    this.#settle(at, last);
  }

  /** After its score has changed. */
  changed(seat: T): void {
    if (seat.place >= 0) this.#settle(seat.place, seat);
  }

  #settle(at: number, seat: T): void {
    this.#up(at, seat);
    if (seat.place === at) this.#down(at, seat);
  }

  #up(from: number, seat: T): void {
    const seats = this.#seats;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = seats[parent]!;
      if (compareSeats(above, seat) < 0) break;
      this.#put(at, above);
      at = parent;
    }
    this.#put(at, seat);
  }

  #down(from: number, seat: T): void {
    const seats = this.#seats;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= seats.length) break;
      if (child + 1 < seats.length && compareSeats(seats[child + 1]!, seats[child]!) < 0) child++;
      const below = seats[child]!;
      if (compareSeats(seat, below) < 0) break;
      this.#put(at, below);
      at = child;
    }
    this.#put(at, seat);
  }

  #put(at: number, seat: T): void {
    this.#seats[at] = seat;
    seat.place = at;
  }
}
