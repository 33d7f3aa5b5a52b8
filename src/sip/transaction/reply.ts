import { buildResponse, type ResponseOptions } from '../message/build.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { Hop } from '../transport/hop.ts';
import { receivedVia } from './received-via.ts';

/** A response to a request that came by `hop`; its top Via says so (RFC 3261 §18.2.1, RFC 3581 §4). */
export function reply(request: SipMessage, hop: Hop, status: number, options?: ResponseOptions): Buffer {
  const via = request.topVia();
  const topVia = via === undefined ? undefined : receivedVia(via, hop);
  if (topVia === undefined) return buildResponse(request, status, options);
  // Nothing but a 100 has no options.
  return buildResponse(request, status, options === undefined ? { topVia } : { ...options, topVia });
}
