import { Conflict, Unavailable, type Entry, type Leadership, type Lease } from '../backplane.ts';
import { HeldLeadership, type ElectionClock, type ElectionStore } from './leadership.ts';

export interface Candidate {
  readonly self: string;
  readonly lease: Lease;
  readonly elected: (leadership: Leadership) => void;
  readonly refused: (error: unknown) => void;
}

const retryMs = 1_000;

/** One election key: who waits for it, who holds it. Ends when nobody does either. */
export class Contest {
  readonly #key: string;
  readonly #store: ElectionStore;
  readonly #clock: ElectionClock;
  readonly #over: () => void;
  readonly #queue: Candidate[] = [];
  readonly #leaders = new Set<HeldLeadership>();
  readonly #watch: { close(): void };
  /** undefined until the first snapshot. */
  #isFree: boolean | undefined;
  #isTrying = false;

  constructor(key: string, store: ElectionStore, clock: ElectionClock, over: () => void) {
    this.#key = key;
    this.#store = store;
    this.#clock = clock;
    this.#over = over;
    this.#watch = store.watch(key, (batch) => {
      if (batch.isSnapshot) this.#see(undefined);
      for (const change of batch.changes) if (change.key === key) this.#see(change.entry);
      this.#tryNext();
    });
  }

  enter(candidate: Candidate): void {
    this.#queue.push(candidate);
    void candidate.lease.lost.then((why) => this.withdraw(candidate, leaseGone(candidate, why)));
    this.#tryNext();
  }

  withdraw(candidate: Candidate, reason: unknown): void {
    const place = this.#queue.indexOf(candidate);
    if (place < 0) return;
    this.#queue.splice(place, 1);
    candidate.refused(reason);
    this.#endIfUnused();
  }

  close(): void {
    this.#watch.close();
    for (const candidate of this.#queue.splice(0)) candidate.refused(new Unavailable('the store was closed'));
    for (const leader of this.#leaders) leader.end('the store was closed');
  }

  #see(entry: Entry | undefined): void {
    this.#isFree = entry === undefined;
    for (const leader of this.#leaders) {
      if (leader.epoch < (entry?.createRevision ?? Infinity)) leader.end('the election key was taken away');
    }
  }

  #tryNext(): void {
    const candidate = this.#queue[0];
    if (candidate === undefined || this.#isFree !== true || this.#isTrying) return;
    this.#isTrying = true;
    void this.#stand(candidate);
  }

  async #stand(candidate: Candidate): Promise<void> {
    const { self, lease } = candidate;
    try {
      const guard = { key: this.#key, modRevision: 0 };
      const epoch = await this.#store.txn([{ kind: 'put', key: this.#key, value: self, lease }], [guard]);
      this.#isTrying = false;
      this.#won(candidate, epoch);
    } catch (error) {
      this.#isTrying = false;
      // Conflict: the watch will tell when the key is free again, or the lost lease has withdrawn the candidate.
      if (!(error instanceof Conflict)) this.#clock.after(retryMs, () => this.#tryNext());
    }
    this.#endIfUnused();
  }

  #won(candidate: Candidate, epoch: number): void {
    const leadership = new HeldLeadership(this.#key, epoch, candidate.lease, this.#store, this.#clock, () => {
      this.#leaders.delete(leadership);
      this.#endIfUnused();
    });
    const place = this.#queue.indexOf(candidate);
    if (place < 0) {
      // Withdrawn while the key was being written: give it back.
      void leadership.resign().catch(() => undefined);
      return;
    }
    this.#queue.splice(place, 1);
    this.#leaders.add(leadership);
    candidate.elected(leadership);
  }

  #endIfUnused(): void {
    if (this.#queue.length > 0 || this.#leaders.size > 0 || this.#isTrying) return;
    this.#watch.close();
    this.#over();
  }
}

function leaseGone(candidate: Candidate, why: string): Conflict {
  return new Conflict(`${candidate.self} cannot be elected: its lease ${candidate.lease.id} is lost (${why})`);
}
