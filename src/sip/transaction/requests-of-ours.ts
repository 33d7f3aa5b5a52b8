import { buildRequest } from '../message/build.ts';
import { decodeMessage } from '../message/decode.ts';
import type { HeaderLine } from '../message/field-text.ts';
import { HeaderId } from '../message/header-id.ts';
import { SipMessage } from '../message/sip-message.ts';

const MAX_FORWARDS = '70';

/**
 * The ACK for a final response other than 2xx to an INVITE that we sent (RFC 3261 §17.1.1.3). undefined: the INVITE is at
 * some limit with what we put into it; nothing is sent then, and the other side gives up after a while.
 */
export function ackFor(invite: Buffer, response: SipMessage): Buffer | undefined {
  return sameHop(invite, 'ACK', response.value(HeaderId.To));
}

/** The CANCEL for an INVITE that we sent (RFC 3261 §9.1), with its Reason fields; undefined as with `ackFor`. */
export function cancelFor(invite: Buffer, reasons: readonly string[]): Buffer | undefined {
  return sameHop(invite, 'CANCEL', undefined, reasons);
}

/** A request that follows an INVITE on its very hop: same Request-URI, branch, Route and numbers. */
function sameHop(
  invite: Buffer,
  method: string,
  to: string | undefined,
  reasons: readonly string[] = [],
): Buffer | undefined {
  const request = decodeMessage(invite);
  if (!(request instanceof SipMessage)) return undefined;
  const headers: HeaderLine[] = [[HeaderId.Via, request.topVia()?.toString() ?? '']];
  for (const route of request.values(HeaderId.Route)) headers.push([HeaderId.Route, route]);
  headers.push(
    [HeaderId.MaxForwards, MAX_FORWARDS],
    [HeaderId.From, request.value(HeaderId.From) ?? ''],
    [HeaderId.To, to ?? request.value(HeaderId.To) ?? ''],
    [HeaderId.CallId, request.callId()],
    [HeaderId.CSeq, `${request.cseq().number} ${method}`],
  );
  for (const reason of reasons) headers.push([HeaderId.Reason, reason]);
  return buildRequest({ method, requestUri: request.requestUriText(), headers });
}
