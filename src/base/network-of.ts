import { formatIpAddress, parseIpAddress } from './ip-address.ts';

/**
 * What counts as one source: an IPv4 address, or the /64 of an IPv6 address (any host can take any address of its /64).
 * Text that is no address stands for itself.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const bytes = parseIpAddress(address);
  if (bytes?.length !== 16) return address;
  const network = Buffer.alloc(16);
  bytes.copy(network, 0, 0, 8);
  return `${formatIpAddress(network) ?? address}/64`;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
