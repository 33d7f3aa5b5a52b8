import { parseIpAddress } from '#base';
import type { Datagrams, InterfaceAddress } from '#io';
import { transportLimits } from './limits.ts';

/** Documentation addresses (RFC 5737, RFC 3849): where they would be routed, all the world is. Nothing is sent there. */
const FAR_4 = '192.0.2.1';
const FAR_6 = '2001:db8::1';

export interface OwnAddressesParts {
  readonly datagrams: Pick<Datagrams, 'sourceFor' | 'interfaceAddresses'>;
  readonly nowMs: () => number;
}

interface Subnet {
  readonly address: string;
  readonly bytes: Buffer;
  readonly prefixLength: number;
}

/** The addresses of this machine, and which of them it sends from. Those that come and go are noticed. */
export class OwnAddresses {
  readonly #parts: OwnAddressesParts;
  readonly #sources = new Map<string, string>();
  #subnets: readonly Subnet[] = [];
  #all: ReadonlySet<string> = new Set();
  #default4 = '';
  #default6 = '';
  #lookedMs = -Infinity;

  constructor(parts: OwnAddressesParts) {
    this.#parts = parts;
  }

  /** To be called now and then; the first time before anything else. */
  async refresh(): Promise<void> {
    this.#look();
    const { datagrams } = this.#parts;
    const [four, six] = await Promise.allSettled([datagrams.sourceFor(FAR_4), datagrams.sourceFor(FAR_6)]);
    this.#default4 = four.status === 'fulfilled' ? four.value : this.#first(4);
    this.#default6 = six.status === 'fulfilled' ? six.value : this.#first(16);
    this.#sources.clear();
  }

  /** Of its interfaces, without those that mean another machine, or another network, elsewhere; looked at anew. */
  reachableNow(): readonly string[] {
    this.#look();
    return [...this.#all].filter((address) => !/^(127\.|::1$|fe[89ab])/i.test(address));
  }

  /** Of one of its interfaces, now. */
  has(address: string): boolean {
    if (this.#all.has(address) || address.startsWith('127.')) return true;
    // It may have got it just now: asked for at most once in a while, as anybody can name any address.
    if (this.#parts.nowMs() - this.#lookedMs < transportLimits.refreshMs) return false;
    this.#look();
    return this.#all.has(address);
  }

  /** As `has`, and looked at anew. */
  hasNow(address: string): boolean {
    this.#look();
    return this.#all.has(address) || address.startsWith('127.');
  }

  /** There is an IPv6 address beside those of the loopback interface and of single links. */
  get reachesIpv6(): boolean {
    return this.#subnets.some(
      ({ bytes, address }) => bytes.length === 16 && address !== '::1' && !/^fe[89ab]/i.test(address),
    );
  }

  /** From which address a socket that is bound to all of them sends to `remote`. */
  sourceFor(remote: string): string {
    const known = this.#sources.get(remote);
    if (known !== undefined) return known;
    if (this.#sources.size >= transportLimits.maxSources) this.#sources.clear();
    const source = this.#work(remote);
    this.#sources.set(remote, source);
    return source;
  }

  #work(remote: string): string {
    if (this.#all.has(remote)) return remote.startsWith('127.') ? '127.0.0.1' : remote;
    const bytes = parseIpAddress(remote);
    if (bytes === undefined) return this.#default4;
    const near = this.#subnets
      .filter((subnet) => isWithin(subnet, bytes))
      .sort((a, b) => b.prefixLength - a.prefixLength)[0];
    return near?.address ?? (bytes.length === 4 ? this.#default4 : this.#default6);
  }

  #look(): void {
    this.#lookedMs = this.#parts.nowMs();
    const list = this.#parts.datagrams.interfaceAddresses();
    this.#all = new Set(list.map(({ address }) => address));
    this.#subnets = list.flatMap((one) => subnetOf(one));
  }

  #first(length: number): string {
    return this.#subnets.find(({ bytes }) => bytes.length === length)?.address ?? (length === 4 ? '127.0.0.1' : '::1');
  }
}

function subnetOf({ address, prefixLength }: InterfaceAddress): readonly Subnet[] {
  const bytes = parseIpAddress(address);
  return bytes === undefined ? [] : [{ address, bytes, prefixLength }];
}

function isWithin({ bytes, prefixLength }: Subnet, other: Buffer): boolean {
  if (bytes.length !== other.length) return false;
  const whole = prefixLength >> 3;
  if (bytes.compare(other, 0, whole, 0, whole) !== 0) return false;
  const rest = prefixLength & 7;
  return rest === 0 || (bytes[whole]! ^ other[whole]!) >> (8 - rest) === 0;
}
