import type { Leadership, Lease } from '../backplane.ts';
import { BadRequest, limits } from '../limits.ts';
import { Contest, type Candidate } from './contest.ts';
import type { ElectionClock, ElectionStore } from './leadership.ts';

/** Elections by key `elect/<name>`: the first candidate in the queue takes the key when it is free. */
export class Elections {
  readonly #contests = new Map<string, Contest>();
  readonly #store: ElectionStore;
  readonly #clock: ElectionClock;
  #candidates = 0;

  constructor(store: ElectionStore, clock: ElectionClock) {
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
