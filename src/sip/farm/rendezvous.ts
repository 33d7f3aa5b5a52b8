import { mixed } from '../transaction/wide-hash.ts';

/** Somebody who may own keys. */
export interface Candidate {
  readonly token: string;
  /** Share of the keys, relative to the others'; 0: none, unless all have 0. */
  readonly weight: number;
}

const TWO_TO_32 = 2 ** 32;

/**
 * Rendezvous hashing (highest random weight): the owner of a key is the candidate whose own hash of it is the highest. Who
 * comes takes keys from all others, who goes leaves its keys to all others; every other key stays where it is. All members
 * find the same owner, as far as they know the same candidates.
 */
export class Rendezvous<T extends Candidate> {
  readonly #all: readonly T[];
  readonly #seeds: readonly number[];
  readonly #isWeighted: boolean;

  /** Hashes of tokens; the order of the candidates does not matter. */
  constructor(candidates: readonly T[]) {
    const working = candidates.filter(({ weight }) => weight > 0);
    this.#all = (working.length > 0 ? working : candidates).toSorted((a, b) => (a.token < b.token ? -1 : 1));
    this.#seeds = this.#all.map(({ token }) => seedOf(token));
    this.#isWeighted = this.#all.some(({ weight }) => weight !== this.#all[0]?.weight);
  }

  /** `hash`: 32 bits that are as good as random. undefined: there are no candidates. */
  owner(hash: number): T | undefined {
    return this.#isWeighted ? this.#weightedOwner(hash) : this.#plainOwner(hash);
  }

  #plainOwner(hash: number): T | undefined {
    const seeds = this.#seeds;
    let best = -1;
    let owner: T | undefined;
    for (let at = 0; at < seeds.length; at++) {
      const score = mixed(hash ^ seeds[at]!) >>> 0;
      if (score <= best) continue;
      best = score;
      owner = this.#all[at];
    }
    return owner;
  }

  /** -w / ln(u): the highest is each candidate's with a chance in proportion to its weight. */
  #weightedOwner(hash: number): T | undefined {
    let best = -1;
    let owner: T | undefined;
    for (const [at, candidate] of this.#all.entries()) {
      const chance = ((mixed(hash ^ this.#seeds[at]!) >>> 0) + 0.5) / TWO_TO_32;
      const score = candidate.weight / -Math.log(chance);
      if (score <= best) continue;
      best = score;
      owner = candidate;
    }
    return owner;
  }
}

function seedOf(token: string): number {
  let seed = 0x2545_f491;
  for (let at = 0; at < token.length; at++) seed = mixed(Math.imul(seed, 31) + token.charCodeAt(at) + 1);
  return seed;
}
