import { NetworkSet } from '#base';

/** How the world outside sees this server; see `FaceSettings`. */
export interface FaceOptions {
  readonly virtualAddresses: readonly string[];
  readonly balancer: 'none' | 'nat' | 'dsr';
  readonly wanAddress: string;
  readonly lanNetworks: readonly string[];
  /** Where the other members are: they are told the own address, whatever the networks say. */
  readonly memberAddresses: readonly string[];
}

export const plainFace: FaceOptions = {
  virtualAddresses: [],
  balancer: 'none',
  wanAddress: '',
  lanNetworks: [],
  memberAddresses: [],
};

const isIpv6 = (address: string): boolean => address.includes(':');

/** Which of its addresses a server tells to whom. */
export class Face {
  readonly options: FaceOptions;
  readonly #virtual: ReadonlySet<string>;
  readonly #lan: NetworkSet;
  readonly #members: ReadonlySet<string>;

  constructor(options: FaceOptions) {
    this.options = options;
    this.#virtual = new Set(options.virtualAddresses.map((address) => address.toLowerCase()));
    this.#lan = new NetworkSet(options.lanNetworks);
    this.#members = new Set(options.memberAddresses);
  }

  /** There is only one: that of the server itself. */
  get isPlain(): boolean {
    return this.#virtual.size === 0 && this.options.wanAddress === '';
  }

  isVirtual(address: string): boolean {
    return this.#virtual.has(address);
  }

  /** An address that others have for this server, though it need not be one of this machine. */
  isFace(address: string): boolean {
    return this.#virtual.has(address) || (address !== '' && this.options.wanAddress.toLowerCase() === address);
  }

  /** Somebody who knows the servers by their own addresses. */
  isInside(remote: string): boolean {
    return remote.startsWith('127.') || remote === '::1' || this.#members.has(remote) || this.#lan.has(remote);
  }

  /**
   * What `remote` is told; undefined: the own address. A balancer that rewrites addresses makes the virtual one ours; else
   * it is that where there is a socket on it.
   */
  addressFor(remote: string, isBound: (address: string) => boolean): string | undefined {
    if (this.isPlain || this.isInside(remote)) return undefined;
    const { balancer, wanAddress, virtualAddresses } = this.options;
    const isFitting = (address: string): boolean => isIpv6(address) === isIpv6(remote);
    const virtual = virtualAddresses.find((one) => isFitting(one) && (balancer === 'nat' || isBound(one)));
    return virtual ?? (wanAddress !== '' && isFitting(wanAddress) ? wanAddress : undefined);
  }
}
