import { NetworkSet } from '#base';
import type { Hop } from '../transport/hop.ts';

/** `sip.trusted`: networks whose requests are not challenged. */
export class TrustedNetworks {
  readonly #networks: NetworkSet;
  /** Hops of UDP are one object a sender, so the question is asked once for each. */
  readonly #known = new WeakMap<Hop, boolean>();

  /** `192.0.2.0/24`, `2001:db8::/32`, or an address. @throws Error naming the one that is none. */
  constructor(texts: readonly string[]) {
    this.#networks = new NetworkSet(texts);
  }

  has(hop: Hop): boolean {
    if (this.#networks.isEmpty) return false;
    let known = this.#known.get(hop);
    if (known === undefined) {
      known = this.#networks.has(hop.remoteAddress);
      this.#known.set(hop, known);
    }
    return known;
  }
}
