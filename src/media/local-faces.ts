import { NetworkSet } from '#base';
import { familyOf } from './sdp/connection.ts';
import { privateNetworks } from './private-networks.ts';
import type { RuleNetworks } from './relay-rules.ts';
import type { MediaFace } from './settings.ts';

/** This machine's addresses. */
export interface MachineAddresses {
  /** From which one it sends to `remote`; empty: it has none of that family. */
  sourceFor(remote: string): string;
  has(address: string): boolean;
}

/** Which address media of a party use here. */
export interface LocalFace {
  /** Of the sockets. */
  readonly bound: string;
  /** What the party is told; not the same behind a NAT of this server's own. */
  readonly told: string;
}

/** Addresses of parties whose place is remembered; beyond it all are forgotten. */
const REMEMBERED_MAX = 16_384;

/** The addresses under which parties inside and outside of the LAN reach this server's media. */
export class LocalFaces implements RuleNetworks {
  readonly #machine: MachineAddresses;
  readonly #fixed: readonly string[];
  readonly #private = new NetworkSet(privateNetworks);
  /** Asked several times for each call. */
  readonly #known = new Map<string, boolean>();
  #lan: NetworkSet;
  #wan = '';

  constructor(machine: MachineAddresses, fixed: readonly string[], face: MediaFace) {
    this.#machine = machine;
    this.#fixed = fixed;
    this.#lan = this.#private;
    this.set(face);
  }

  get wanAddress(): string {
    return this.#wan;
  }

  set({ wanAddress, lanNetworks }: MediaFace): void {
    this.#wan = wanAddress;
    this.#known.clear();
    this.#lan = lanNetworks.length === 0 ? this.#private : new NetworkSet([...lanNetworks, '127.0.0.0/8', '::1']);
  }

  isLan(address: string): boolean {
    let isLan = this.#known.get(address);
    if (isLan === undefined) {
      isLan = this.#lan.has(address);
      if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
      this.#known.set(address, isLan);
    }
    return isLan;
  }

  isPrivate(address: string): boolean {
    return this.#private.has(address);
  }

  /** undefined: this machine has no address of that family. */
  towards(remote: string): LocalFace | undefined {
    const family = familyOf(remote) === 6 ? 6 : 4;
    const fixed = this.#fixed.find((address) => familyOf(address) === family);
    const own = fixed ?? this.#machine.sourceFor(remote);
    if (own === '') return undefined;
    if (this.#wan === '' || familyOf(this.#wan) !== family || this.#lan.has(remote)) return { bound: own, told: own };
    return { bound: this.#machine.has(this.#wan) ? this.#wan : own, told: this.#wan };
  }

  /** One that parties are told, as far as the address goes. */
  isTold(address: string): boolean {
    return address === this.#wan || this.#machine.has(address);
  }
}
