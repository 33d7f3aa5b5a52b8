import { MessageEdit } from '../message/edit.ts';
import { HeaderId } from '../message/header-id.ts';
import { Malformed } from '../message/malformed.ts';
import type { NameAddr } from '../message/name-addr.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { Incoming } from './incoming.ts';
import type { ProxyTarget } from './target-set.ts';

const DEFAULT_MAX_FORWARDS = 70;

/** What a forwarded copy has that its request does not have (RFC 3261 §16.6). */
export interface Additions {
  /** The value of our Via. */
  readonly via: string;
  /** See `recordRoutesOf`. */
  readonly recordRoutes: readonly string[];
  /** See `pathOf`. */
  readonly path: string | undefined;
  /** RFC 5393 §5.3.3; undefined: as it is. */
  readonly maxBreadth: number | undefined;
  /** In the place of the one that came; absent: that one. */
  readonly body?: Uint8Array | undefined;
}

/** RFC 3261 §16.6 items 1 to 8, written out once. */
export function forwardedRequest(incoming: Incoming, target: ProxyTarget, additions: Additions): Buffer {
  const { message } = incoming;
  const edit = new MessageEdit(message);
  const uriText = target.uriText ?? incoming.rewrittenUri;
  if (uriText !== undefined) edit.setRequestUri(uriText);
  edit.setMaxForwards((message.maxForwards() ?? DEFAULT_MAX_FORWARDS + 1) - 1);
  if (additions.maxBreadth !== undefined) edit.set(HeaderId.MaxBreadth, String(additions.maxBreadth));
  routeOnwards(edit, incoming, target, uriText);
  if (additions.path !== undefined) edit.prepend(HeaderId.Path, additions.path);
  hideFromOthers(edit, incoming);
  for (const value of additions.recordRoutes) edit.prepend(HeaderId.RecordRoute, value);
  const { receivedVia } = incoming;
  if (receivedVia !== undefined) edit.replaceFirstElement(HeaderId.Via, receivedVia);
  edit.prepend(HeaderId.Via, additions.via);
  if (additions.body === undefined) edit.ensureContentLength();
  else edit.setBody(additions.body);
  return edit.serialise();
}

/** What was for us, and what nobody can vouch for. */
function hideFromOthers(edit: MessageEdit, { message, account, isTrusted, isOurDialog }: Incoming): void {
  // RFC 3261 §22.3: credentials that we have checked. Several may be for several proxies: they stay.
  if (account !== undefined && message.count(HeaderId.ProxyAuthorization) === 1) {
    edit.removeAll(HeaderId.ProxyAuthorization);
  }
  // RFC 3325 §5: an identity is asserted by those who are trusted; others may claim what they like in From.
  if (!isTrusted && !isOurDialog && message.has(HeaderId.PAssertedIdentity)) edit.removeAll(HeaderId.PAssertedIdentity);
}

function routeOnwards(edit: MessageEdit, incoming: Incoming, target: ProxyTarget, uriText: string | undefined): void {
  const { message, ownRoutes, isLastRouteUsed, nextRoute } = incoming;
  const first = target.routes[0];
  const isStrict = first === undefined ? nextRoute !== undefined && !isLoose(nextRoute) : !/;lr\b/i.test(first);
  if (!isStrict && !isLastRouteUsed) {
    for (let count = 0; count < ownRoutes; count++) edit.removeFirstElement(HeaderId.Route);
    for (const route of target.routes.toReversed()) edit.prepend(HeaderId.Route, route);
    return;
  }
  const routes = [...target.routes, ...remainingRoutes(message, ownRoutes, isLastRouteUsed)];
  if (isStrict) {
    // RFC 3261 §16.6 item 6: a strict router takes the Request-URI from the end of the Route.
    routes.push(`<${uriText ?? message.requestUriText()}>`);
    edit.setRequestUri(uriOf(routes.shift() ?? ''));
  }
  edit.removeAll(HeaderId.Route);
  for (const route of routes.toReversed()) edit.prepend(HeaderId.Route, route);
}

function remainingRoutes(message: SipMessage, ownRoutes: number, isLastRouteUsed: boolean): string[] {
  const routes = message.routes();
  if (routes instanceof Malformed) return [];
  return routes.slice(ownRoutes, isLastRouteUsed ? -1 : undefined).map(String);
}

/** RFC 3261 §19.1.1: `lr`. */
export function isLoose(route: NameAddr): boolean {
  return route.uri?.has('lr') ?? false;
}

function uriOf(route: string): string {
  const open = route.indexOf('<');
  const close = route.indexOf('>', open);
  return open < 0 || close < 0 ? route : route.slice(open + 1, close);
}
