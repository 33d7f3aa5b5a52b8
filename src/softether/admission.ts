import { networkOf } from '#base';

export interface AdmissionLimits {
  readonly maxUnauthenticated: number;
  readonly maxUnauthenticatedPerAddress: number;
  readonly maxUnauthenticatedPerAddressUnderLoad: number;
  readonly maxWaitingPerAddress: number;
}

interface Source {
  /** Connections that are there, those that wait included. */
  held: number;
  /** What begins their handshakes, in order of arrival. Those that have ended meanwhile begin nothing. */
  readonly waiting: (() => void)[];
}

/**
 * Counts the connections that have not logged in, in all and by source, and says whether one more may come. Of one source
 * only so many are under way at a time: many clients behind one router that come at once wait for each other.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #bySource = new Map<string, Source>();
  #total = 0;
  #waiting = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** Those of the total whose handshake waits for others of their source. */
  get waiting(): number {
    return this.#waiting;
  }

  /** True takes a place, which `leave` gives back. */
  enter(address: string): boolean {
    const key = networkOf(address);
    const source = this.#bySource.get(key) ?? { held: 0, waiting: [] };
    // Under load nobody waits: the places are for other sources.
    const waitingPlaces = this.#isLoaded() ? 0 : this.#limits.maxWaitingPerAddress;
    if (this.#total >= this.#limits.maxUnauthenticated) return false;
    if (source.held >= this.#sourceLimit() + waitingPlaces) return false;
    this.#bySource.set(key, source);
    source.held++;
    this.#total++;
    return true;
  }

  /** Calls `start` now, or when others from there have left. */
  begin(address: string, start: () => void): void {
    const source = this.#bySource.get(networkOf(address));
    if (source === undefined || (source.waiting.length === 0 && source.held <= this.#sourceLimit())) {
      start();
      return;
    }
    source.waiting.push(start);
    this.#waiting++;
  }

  leave(address: string): void {
    const key = networkOf(address);
    const source = this.#bySource.get(key);
    if (source === undefined) return;
    source.held--;
    this.#total--;
    if (source.held === 0) this.#bySource.delete(key);
    // Who waits and ends is found here, sooner or later: never more wait than are there above the limit.
    while (source.waiting.length > 0 && source.held - source.waiting.length < this.#sourceLimit()) {
      this.#waiting--;
      source.waiting.shift()!();
    }
  }

  #isLoaded(): boolean {
    return this.#total * 2 >= this.#limits.maxUnauthenticated;
  }

  #sourceLimit(): number {
    const { maxUnauthenticatedPerAddress, maxUnauthenticatedPerAddressUnderLoad } = this.#limits;
    return this.#isLoaded() ? maxUnauthenticatedPerAddressUnderLoad : maxUnauthenticatedPerAddress;
  }
}
