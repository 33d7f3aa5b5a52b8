import { networkOf } from './network-of.ts';

export interface AdmissionLimits {
  readonly maxUnauthenticated: number;
  readonly maxUnauthenticatedPerAddress: number;
  readonly maxUnauthenticatedPerAddressUnderLoad: number;
}

/** Counts the connections that have not logged in, in all and by source, and says whether one more may come. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #bySource = new Map<string, number>();
  #total = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** True takes a place, which `leave` gives back. */
  enter(address: string): boolean {
    const source = networkOf(address);
    const held = this.#bySource.get(source) ?? 0;
    if (this.#total >= this.#limits.maxUnauthenticated || held >= this.#sourceLimit()) return false;
    this.#bySource.set(source, held + 1);
    this.#total++;
    return true;
  }

  leave(address: string): void {
    const source = networkOf(address);
    const held = this.#bySource.get(source);
    if (held === undefined) return;
    if (held > 1) this.#bySource.set(source, held - 1);
    else this.#bySource.delete(source);
    this.#total--;
  }

  #sourceLimit(): number {
    const isLoaded = this.#total * 2 >= this.#limits.maxUnauthenticated;
    return isLoaded ? this.#limits.maxUnauthenticatedPerAddressUnderLoad : this.#limits.maxUnauthenticatedPerAddress;
  }
}
