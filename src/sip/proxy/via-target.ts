import { parseIpAddress } from '#base';
import type { Via } from '../message/via.ts';
import type { Hop } from '../transport/hop.ts';
import type { Target } from '../transport/target.ts';
import { parseTransport } from '../transport/transport-name.ts';

/**
 * RFC 3261 §18.2.2, for a response whose request left no trace here. Only to an address: names would have to be looked up
 * for whoever sends us something. Never to many at once (RFC 4475 §3.3.10).
 */
export function viaTarget(via: Via, hop: Hop): Target | undefined {
  const transport = parseTransport(via.transport);
  const address = via.received ?? via.host;
  if (transport !== 'udp' || hop.transport !== 'udp' || !isUnicast(address)) return undefined;
  const port = via.rport !== undefined && via.rport > 0 ? via.rport : (via.port ?? 5060);
  // By the socket that it came by, where that can reach it: the request may have gone from IPv6 to IPv4.
  const isSameFamily = address.includes(':') === hop.local.address.includes(':');
  return { transport, address, port, ...(isSameFamily && { socketId: hop.socketId }) };
}

function isUnicast(address: string): boolean {
  const bytes = parseIpAddress(address);
  if (bytes === undefined) return false;
  const first = bytes[0]!;
  return bytes.length === 4 ? first > 0 && first < 224 : first !== 0xff;
}
