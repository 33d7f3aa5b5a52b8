import { Conflict, Unavailable, type Entry, type Leadership, type Lease, type Revision } from '../backplane.ts';
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
  /** Who stood last without learning the outcome. */
  #doubtful: Candidate | undefined;

  constructor(key: string, store: ElectionStore, clock: ElectionClock, over: () => void) {
    this.#key = key;
    this.#store = store;
    this.#clock = clock;
    this.#over = over;
    this.#watch = store.watch(key, ({ isSnapshot, revision, changes }) => {
      const change = changes.find((each) => each.key === key);
      if (change !== undefined || isSnapshot) this.#see(change?.entry, revision);
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

  /** The key as it was at `revision`, which may be before a leader's own write: answers and watches are two ways. */
  #see(entry: Entry | undefined, revision: Revision): void {
    this.#isFree = entry === undefined;
    for (const leader of this.#leaders) {
      if (leader.epoch < (entry?.createRevision ?? revision)) leader.end('the election key was taken away');
    }
    const doubtful = this.#doubtful;
    if (entry === undefined || doubtful === undefined || !isBy(doubtful, entry)) return;
    this.#doubtful = undefined;
    this.#won(doubtful, entry.createRevision);
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
      this.#doubtful = undefined;
      this.#won(candidate, epoch);
    } catch (error) {
      this.#isTrying = false;
      // Conflict: the watch will tell when the key is free again, or the lost lease has withdrawn the candidate.
      if (!(error instanceof Conflict)) {
        // It may have been written all the same: then the watch shows it.
        this.#doubtful = candidate;
        this.#clock.after(retryMs, () => this.#tryNext());
      }
    }
    this.#endIfUnused();
  }

  #won(candidate: Candidate, epoch: Revision): void {
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
    // What may have been written for one who has withdrawn since must be given back.
    if (this.#doubtful !== undefined) return;
    this.#watch.close();
    this.#over();
  }
}

function isBy({ self, lease }: Candidate, entry: Entry): boolean {
  return entry.lease === lease.id && Buffer.from(entry.value).toString() === self;
}

function leaseGone(candidate: Candidate, why: string): Conflict {
  return new Conflict(`${candidate.self} cannot be elected: its lease ${candidate.lease.id} is lost (${why})`);
}
