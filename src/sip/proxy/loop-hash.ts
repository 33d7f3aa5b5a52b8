import { HeaderId } from '../message/header-id.ts';
import { Change, CHANGE_STRIDE, type InDialogPlaces } from '../message/in-dialog-places.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { SipUri } from '../message/sip-uri.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * RFC 5393 §4.2.1: of everything that the way of a request through this server depends on. It is in the branch of what is
 * forwarded; a request that comes back with a branch of ours and the same hash goes in a circle, one with another hash
 * (a spiral) may pass. Call-ID, tags and CSeq need not be in it: they are the same wherever the request is. Not secret:
 * the branch that it stands in cannot be made by others, and who makes its own requests collide hurts nobody else.
 */
export function loopHash(message: SipMessage): number {
  let hash = hashOf(message.requestUriText());
  const { text } = message.scan;
  for (let index = message.indexOf(HeaderId.Route); index >= 0; index = message.indexOf(HeaderId.Route, index + 1)) {
    const end = message.valueEnd(index);
    for (let at = message.valueStart(index); at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME);
    hash = Math.imul(hash ^ FNV_PRIME, FNV_PRIME);
  }
  return hash >>> 0;
}

/** As `loopHash`, of a request that is read from its bytes. */
export function loopHashOf({ bytes, uriStart, uriEnd, changes, changeCount }: InDialogPlaces): number {
  let hash = hashOfBytes(FNV_OFFSET, bytes, uriStart, uriEnd);
  for (let index = 0; index < changeCount * CHANGE_STRIDE; index += CHANGE_STRIDE) {
    if (changes[index] !== Change.Route) continue;
    hash = hashOfBytes(hash, bytes, changes[index + 2]!, changes[index + 3]!);
    hash = Math.imul(hash ^ FNV_PRIME, FNV_PRIME);
  }
  return hash >>> 0;
}

/**
 * As `loopHash`, where the way is that of an account, however it was written: contacts that lead back here under ever new names
 * for the same account, tried one after the other, would else be tried in every order that there is.
 */
export function accountLoopHash(aor: string, uri: SipUri): number {
  return hashOf(`${uri.scheme} ${aor} ${uri.param('gr') ?? ''}`) >>> 0;
}

/** As `accountLoopHash`, of a `sip:` URI without `gr`. */
export const plainLoopHash = (aor: string): number => hashOf(`sip ${aor} `) >>> 0;

function hashOf(text: string): number {
  let hash = FNV_OFFSET | 0;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME);
  return hash;
}

function hashOfBytes(begin: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = begin | 0;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
  return hash;
}
