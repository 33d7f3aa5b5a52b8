import { parseIpAddress } from '#base';
import type { SdpLine } from './lines.ts';

/** A c= line (RFC 4566 §5.7): `IN IP4 192.0.2.1`, `IN IP6 2001:db8::1`, with a TTL for multicast. */
export interface Connection {
  readonly line: SdpLine;
  /** An address, or a name. */
  readonly address: string;
  /** 0: a name. */
  readonly family: AddressFamily;
  readonly isMulticast: boolean;
  /** `0.0.0.0` or `::`: nothing is to be sent there (RFC 3264 §8.4), or it is not known yet (RFC 8840). */
  readonly isNowhere: boolean;
}

export type AddressFamily = 0 | 4 | 6;

export function parseConnection(text: string, line: SdpLine): Connection | undefined {
  const [net, type, addressText] = text.slice(line.valueStart, line.end).split(' ', 3);
  if (net !== 'IN' || (type !== 'IP4' && type !== 'IP6') || addressText === undefined) return undefined;
  const address = addressText.split('/', 1)[0]!;
  if (address === '') return undefined;
  const bytes = parseIpAddress(address);
  return {
    line,
    address,
    family: bytes === undefined ? 0 : bytes.length === 4 ? 4 : 6,
    isMulticast: bytes !== undefined && isMulticast(bytes),
    isNowhere: bytes !== undefined && bytes.every((byte) => byte === 0),
  };
}

/** An o= line (RFC 4566 §5.2): name, number and version, then an address as in c=; `line` begins with that. */
export function parseOrigin(text: string, line: SdpLine): Connection | undefined {
  const found = /^\S+ \S+ \S+ /.exec(text.slice(line.valueStart, line.end));
  if (found === null) return undefined;
  return parseConnection(text, { ...line, valueStart: line.valueStart + found[0].length });
}

export function familyOf(address: string): AddressFamily {
  const bytes = parseIpAddress(address);
  return bytes === undefined ? 0 : bytes.length === 4 ? 4 : 6;
}

/** What stands behind `c=`, and in a=rtcp behind the port. */
export function connectionText(address: string): string {
  return `IN ${address.includes(':') ? 'IP6' : 'IP4'} ${address}`;
}

function isMulticast(bytes: Uint8Array): boolean {
  const first = bytes[0]!;
  return bytes.length === 4 ? first >= 224 && first < 240 : first === 0xff;
}
