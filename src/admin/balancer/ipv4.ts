import { parseIpAddress } from '#base';

/** The 32 bits of an IPv4 address, or undefined. */
export function ipv4Number(address: string): number | undefined {
  const bytes = parseIpAddress(address);
  return bytes?.length === 4 ? bytes.readUInt32BE() : undefined;
}

const maskNumber = (prefixLength: number): number => (prefixLength === 0 ? 0 : (-1 << (32 - prefixLength)) >>> 0);

const textOf = (value: number): string => [24, 16, 8, 0].map((shift) => String((value >>> shift) & 0xff)).join('.');

export const isIpv4 = (address: string): boolean => ipv4Number(address) !== undefined;

/** `255.255.255.224` for 27. */
export const netmaskOf = (prefixLength: number): string => textOf(maskNumber(prefixLength));

/** 27 for `255.255.255.224`; undefined where the bits are not all in front. */
export function prefixLengthOf(netmask: string): number | undefined {
  const bits = ipv4Number(netmask);
  if (bits === undefined) return undefined;
  const prefixLength = Math.clz32(~bits >>> 0);
  return maskNumber(prefixLength) === bits ? prefixLength : undefined;
}

/** First address of the network. */
export const networkAddress = (address: string, prefixLength: number): string =>
  textOf(((ipv4Number(address) ?? 0) & maskNumber(prefixLength)) >>> 0);

/** Last address of the network. */
export const broadcastAddress = (address: string, prefixLength: number): string =>
  textOf(((ipv4Number(address) ?? 0) | ~maskNumber(prefixLength)) >>> 0);

export const isInNetwork = (address: string, network: string, prefixLength: number): boolean =>
  networkAddress(address, prefixLength) === networkAddress(network, prefixLength);
