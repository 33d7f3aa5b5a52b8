import { MessageEdit } from '../message/edit.ts';
import { HeaderId } from '../message/header-id.ts';
import type { ResponsePlaces } from '../message/response-places.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { FinalAnswer } from './best-response.ts';

/** RFC 3261 §16.7 item 3: without our Via, with a Content-Length; all else as it came, but for `body` where there is one. */
export function forwardedResponse(message: SipMessage, body?: Uint8Array): Buffer {
  if (message.places !== undefined && body === undefined) return withoutTopVia(message.bytes, message.places);
  const edit = new MessageEdit(message);
  edit.removeFirstElement(HeaderId.Via);
  if (body === undefined) edit.ensureContentLength();
  else edit.setBody(body);
  return edit.serialise();
}

function withoutTopVia(bytes: Buffer, { cutStart, cutEnd }: ResponsePlaces): Buffer {
  const forwarded = Buffer.allocUnsafe(bytes.length - cutEnd + cutStart);
  bytes.copy(forwarded, 0, 0, cutStart);
  bytes.copy(forwarded, cutStart, cutEnd);
  return forwarded;
}

/** RFC 3261 §16.7 item 7: a 401 or 407 carries the challenges of all branches, so that one round answers them all. */
export function withAllChallenges(message: SipMessage, answers: readonly FinalAnswer[]): Buffer {
  const edit = new MessageEdit(message);
  edit.removeFirstElement(HeaderId.Via);
  edit.ensureContentLength();
  for (const { status, message: other } of answers) {
    if ((status !== 401 && status !== 407) || other === undefined || other === message) continue;
    for (const id of [HeaderId.WwwAuthenticate, HeaderId.ProxyAuthenticate]) {
      for (const value of other.values(id)) edit.append(id, value);
    }
  }
  return edit.serialise();
}
