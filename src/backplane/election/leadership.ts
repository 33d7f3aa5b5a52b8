import { Conflict, type Backplane, type Leadership, type Lease } from '../backplane.ts';

/** What elections need of the store and of time. */
export type ElectionStore = Pick<Backplane, 'txn' | 'watch'>;

export interface ElectionClock {
  nowMs(): number;
  after(delayMs: number, run: () => void): unknown;
}

export class HeldLeadership implements Leadership {
  readonly epoch: number;
  readonly guard: { readonly key: string; readonly createRevision: number };
  readonly lost: Promise<string>;
  readonly #lease: Lease;
  readonly #store: ElectionStore;
  readonly #clock: ElectionClock;
  readonly #ended: () => void;
  readonly #resolveLost: (why: string) => void;
  #isLost = false;

  constructor(key: string, epoch: number, lease: Lease, store: ElectionStore, clock: ElectionClock, ended: () => void) {
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
