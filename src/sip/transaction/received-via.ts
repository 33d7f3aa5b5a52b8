import type { Via } from '../message/via.ts';
import type { Hop } from '../transport/hop.ts';

/**
 * What the top Via of a request must read after it arrived by `hop`: `received` where the sent-by is not the address that
 * it came from (RFC 3261 §18.2.1), or where the sender itself has written one; `rport` filled in where it was asked for (RFC 3581 §4). undefined: as it is.
 */
export function receivedVia(via: Via, hop: Hop): string | undefined {
  if (via.rport !== undefined) return via.withReceived(hop.remoteAddress, hop.remotePort);
  if (via.host === hop.remoteAddress && via.received === undefined) return undefined;
  return via.withReceived(hop.remoteAddress, undefined);
}
