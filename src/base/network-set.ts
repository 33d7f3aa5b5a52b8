import { parseIpAddress } from './ip-address.ts';

interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** Networks, to ask which addresses are in one of them. */
export class NetworkSet {
  readonly #networks: readonly Network[];

  /** `192.0.2.0/24`, `2001:db8::/32`, or an address. @throws Error naming the one that is none. */
  constructor(texts: readonly string[]) {
    this.#networks = texts.map(parseNetwork);
  }

  get isEmpty(): boolean {
    return this.#networks.length === 0;
  }

  has(text: string): boolean {
    if (this.isEmpty) return false;
    const address = parseIpAddress(text);
    return address !== undefined && this.#networks.some((network) => contains(network, address));
  }
}

function parseNetwork(text: string): Network {
  const [address = '', bitsText] = text.split('/', 2);
  const bytes = parseIpAddress(address);
  const bits = bitsText === undefined ? (bytes?.length ?? 0) * 8 : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  if (bytes === undefined || bits < 0 || bits > bytes.length * 8) {
    throw new Error(`${text} is no network: write 192.0.2.0/24 or 2001:db8::/32`);
  }
  return { bytes, bits };
}

function contains({ bytes, bits }: Network, address: Uint8Array): boolean {
  if (address.length !== bytes.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (address[at] !== bytes[at]) return false;
  const rest = bits & 7;
  return rest === 0 || (address[whole]! ^ bytes[whole]!) >> (8 - rest) === 0;
}
