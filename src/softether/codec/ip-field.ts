import { formatIpAddress, HubfarmError, parseIpAddress } from '#base';

/** An address as the four elements of an IP field hold it. */
export interface IpField {
  readonly isIpv6: boolean;
  /** 16 bytes; zeros for IPv4. */
  readonly ipv6: Buffer;
  /** The first octet is the least significant one; 0 for IPv6. */
  readonly ipv4: number;
}

const NO_IPV6 = Buffer.alloc(16);

/** Empty text stands for "no address", which the wire says as 0.0.0.0. Throws HubfarmError `BAD_ADDRESS`. */
export function ipFieldOf(address: string): IpField {
  if (address === '') return { isIpv6: false, ipv6: NO_IPV6, ipv4: 0 };
  const bytes = parseIpAddress(address);
  if (bytes === undefined) throw new HubfarmError('BAD_ADDRESS', `"${address}" is not an IP address`);
  return bytes.length === 4
    ? { isIpv6: false, ipv6: NO_IPV6, ipv4: bytes.readUInt32LE(0) }
    : { isIpv6: true, ipv6: bytes, ipv4: 0 };
}

export function ipv4Text(value: number): string {
  return `${value & 0xff}.${(value >>> 8) & 0xff}.${(value >>> 16) & 0xff}.${value >>> 24}`;
}

/** Text of a 16-byte array; undefined for any other length. */
export function ipv6Text(bytes: Buffer): string | undefined {
  return bytes.length === 16 ? formatIpAddress(bytes) : undefined;
}
