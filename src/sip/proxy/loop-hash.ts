import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { ShortMac } from '../transaction/short-mac.ts';

/**
 * RFC 5393 §4.2.1: of everything that the way of a request through this server depends on. It is in the branch of what is
 * forwarded; a request that comes back with a branch of ours and the same hash goes in a circle, one with another hash
 * (a spiral) may pass. Call-ID, tags and CSeq need not be in it: they are the same wherever the request is.
 */
export function loopHash(message: SipMessage, mac: ShortMac): number {
  mac.begin().text(message.requestUriText());
  for (let index = message.indexOf(HeaderId.Route); index >= 0; index = message.indexOf(HeaderId.Route, index + 1)) {
    mac.text(message.scan.text.slice(message.valueStart(index), message.valueEnd(index)));
  }
  return mac.finish();
}
