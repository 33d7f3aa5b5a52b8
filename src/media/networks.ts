import { parseIpAddress } from '#base';

interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** RFC 1918, RFC 6598, RFC 3927, RFC 4193, link-local and loopback: what is not reached from the Internet. */
export const privateNetworks: readonly string[] = Object.freeze([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
  '::1',
]);

/** A list of networks that is asked whether an address is in it. */
export class Networks {
  readonly #networks: readonly Network[];

  /** `192.0.2.0/24`, `2001:db8::/32`, or an address. @throws Error naming the one that is none. */
  constructor(texts: readonly string[]) {
    this.#networks = texts.map(parseNetwork);
  }

  has(address: string): boolean {
    const bytes = parseIpAddress(address);
    return bytes !== undefined && this.#networks.some((network) => contains(network, bytes));
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
