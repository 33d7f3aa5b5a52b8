import { Conflict, Unavailable, type Backplane, type Entry, type Lease, type Leadership } from '../backplane.ts';
import { BadRequest, limits } from '../limits.ts';

type Store = Pick<Backplane, 'txn' | 'watch'>;

interface Clocks {
  nowMs(): number;
  after(delayMs: number, run: () => void): unknown;
}

interface Candidate {
  readonly self: string;
  readonly lease: Lease;
  readonly elected: (leadership: Leadership) => void;
  readonly refused: (error: unknown) => void;
}

const retryMs = 1_000;

/** Elections by key `elect/<name>`: the first candidate in the queue takes the key when it is free. */
export class Elections {
  readonly #contests = new Map<string, Contest>();
  readonly #store: Store;
  readonly #clock: Clocks;
  #candidates = 0;

  constructor(store: Store, clock: Clocks) {
    this.#store = store;
    this.#clock = clock;
  }

  elect(name: string, self: string, lease: Lease, signal?: AbortSignal): Promise<Leadership> {
    signal?.throwIfAborted();
    if (this.#candidates >= limits.candidatesMax) throw new BadRequest(`${this.#candidates} candidates wait already`);
    const { promise, resolve, reject } = Promise.withResolvers<Leadership>();
    const contest = this.#contest(name);
    const settled = (): void => {
      this.#candidates--;
      signal?.removeEventListener('abort', abort);
    };
    const candidate: Candidate = {
      self,
      lease,
      elected: (leadership) => {
        settled();
        resolve(leadership);
      },
      refused: (error) => {
        settled();
        reject(error);
      },
    };
    const abort = (): void => contest.withdraw(candidate, signal?.reason);
    signal?.addEventListener('abort', abort);
    this.#candidates++;
    contest.enter(candidate);
    return promise;
  }

  close(): void {
    for (const contest of this.#contests.values()) contest.close();
    this.#contests.clear();
  }

  #contest(name: string): Contest {
    const known = this.#contests.get(name);
    if (known !== undefined) return known;
    const contest = new Contest(`elect/${name}`, this.#store, this.#clock, () => this.#contests.delete(name));
    this.#contests.set(name, contest);
    return contest;
  }
}

/** One election key: who waits for it, who holds it. Ends when nobody does either. */
class Contest {
  readonly #key: string;
  readonly #store: Store;
  readonly #clock: Clocks;
  readonly #over: () => void;
  readonly #queue: Candidate[] = [];
  readonly #leaders = new Set<HeldLeadership>();
  readonly #watch: { close(): void };
  /** undefined until the first snapshot. */
  #isFree: boolean | undefined;
  #isTrying = false;

  constructor(key: string, store: Store, clock: Clocks, over: () => void) {
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

class HeldLeadership implements Leadership {
  readonly epoch: number;
  readonly guard: { readonly key: string; readonly createRevision: number };
  readonly lost: Promise<string>;
  readonly #lease: Lease;
  readonly #store: Store;
  readonly #clock: Clocks;
  readonly #ended: () => void;
  readonly #resolveLost: (why: string) => void;
  #isLost = false;

  constructor(key: string, epoch: number, lease: Lease, store: Store, clock: Clocks, ended: () => void) {
    this.epoch = epoch;
    this.guard = { key, createRevision: epoch };
    this.#lease = lease;
    this.#store = store;
    this.#clock = clock;
    this.#ended = ended;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.lost = promise;
    this.#resolveLost = resolve;
    void lease.lost.then((why) => this.end(`the lease was lost: ${why}`));
  }

  isValid(): boolean {
    return !this.#isLost && this.#clock.nowMs() < this.#lease.deadlineMs();
  }

  async resign(): Promise<void> {
    this.end('resigned');
    try {
      await this.#store.txn([{ kind: 'delete', key: this.guard.key }], [this.guard]);
    } catch (error) {
      // Somebody else holds the key already: there is nothing to give back.
      if (!(error instanceof Conflict)) throw error;
    }
  }

  end(why: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#resolveLost(why);
    this.#ended();
  }
}
