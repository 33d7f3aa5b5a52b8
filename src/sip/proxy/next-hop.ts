import { parseNameAddr } from '../message/name-addr.ts';
import { Malformed } from '../message/malformed.ts';
import type { SipUri } from '../message/sip-uri.ts';
import type { Incoming } from './incoming.ts';
import type { ProxyTarget } from './target-set.ts';

/** RFC 3261 §16.6 item 7: the URI whose server gets the request: the first Route element, else the Request-URI. */
export function nextHopOf(incoming: Incoming, target: ProxyTarget): SipUri | undefined {
  const path = target.routes[0];
  if (path !== undefined) {
    const route = parseNameAddr(path, 0, path.length, 'Path');
    return route instanceof Malformed ? undefined : route.uri;
  }
  return incoming.nextRoute === undefined ? target.uri : incoming.nextRoute.uri;
}
