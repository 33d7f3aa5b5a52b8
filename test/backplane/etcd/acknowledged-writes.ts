import { Conflict, Forbidden, type Backplane } from '#backplane';
import { FairStopwatch } from '../../io/node/fair-stopwatch.ts';

/** Writes one key after the other for as long as it is asked to, and remembers what was acknowledged. */
export class AcknowledgedWrites {
  readonly acknowledged = new Map<string, string>();
  /** The longest time between two acknowledgements. */
  longestGapMs = 0;
  unavailable = 0;
  readonly #store: Backplane;
  readonly #prefix: string;
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(store: Backplane, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
    this.#done = this.#run();
  }

  /** Resolves when so many more writes than now have been acknowledged. */
  async grow(by: number): Promise<void> {
    const wanted = this.acknowledged.size + by;
    while (this.acknowledged.size < wanted) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  /** What was acknowledged, but is not there. */
  async lost(): Promise<string[]> {
    const { entries } = await this.#store.list(this.#prefix);
    const there = new Map(entries.map((entry) => [entry.key, Buffer.from(entry.value).toString()]));
    return [...this.acknowledged].filter(([key, value]) => there.get(key) !== value).map(([key]) => key);
  }

  async #run(): Promise<void> {
    let sinceLast = new FairStopwatch();
    for (let i = 0; !this.#isStopped; i++) {
      const key = `${this.#prefix}${i}`;
      try {
        await this.#store.put(key, String(i), { guard: { key, modRevision: 0 } });
        this.acknowledged.set(key, String(i));
      } catch (error) {
        if (error instanceof Conflict || error instanceof Forbidden) throw error;
        this.unavailable++;
      }
      this.longestGapMs = Math.max(this.longestGapMs, sinceLast.ms);
      if (this.acknowledged.has(key)) sinceLast = new FairStopwatch();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
