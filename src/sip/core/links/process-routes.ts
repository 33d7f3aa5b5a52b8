import { Malformed } from '../../message/malformed.ts';
import type { NameAddr } from '../../message/name-addr.ts';
import type { SipUri } from '../../message/sip-uri.ts';
import { PATH_SCOPE, type FlowTokens } from '../../proxy/flow-token.ts';
import type { Incoming } from '../../proxy/incoming.ts';
import type { TransportLayer } from '../../transport/transport-layer.ts';
import type { Hop } from '../../transport/hop.ts';
import { defaultPort, parseTransport, type TransportName } from '../../transport/transport-name.ts';
import type { LocalUsers } from '../local-users.ts';
import type { Answerer } from '../answerer.ts';
import type { Link } from '../link.ts';

interface Transport extends Pick<TransportLayer, 'isOwnAddress' | 'hasFlow'> {
  /** They are another server's that is one with this one. Absent: there is none. */
  leadsToMember?(host: string, port: number | undefined, transport?: TransportName): boolean;
}

/** RFC 3261 §16.4: takes away the Route elements that led here, and repairs what a strict router has done. */
export function processRoutes(
  answerer: Answerer,
  transport: Transport,
  tokens: FlowTokens,
  users: Pick<LocalUsers, 'isLocal'>,
): Link {
  const isOwnServer = (uri: SipUri, { hop }: Incoming): boolean =>
    isOwnAddress(uri, transport) || (isUsualPort(uri, hop) && users.isLocal(uri.host));
  return (incoming) => {
    const routes = incoming.message.routes();
    if (routes instanceof Malformed) return answerer.answer(incoming, 400, { reason: routes.reason });
    let end = routes.length;
    if (end > 0 && isOurRecordRoute(incoming, tokens)) {
      // A strict router has put our Record-Route where the Request-URI was, and that at the end of the Route.
      const last = routes[--end];
      incoming.requestUri = last?.uri;
      incoming.rewrittenUri = last?.uriText;
      incoming.isLastRouteUsed = true;
    }
    let own = 0;
    while (own < end && isOurs(incoming, routes[own], isOwnServer, tokens)) own++;
    if (incoming.isOurDialog && hasReconnected(incoming, transport)) incoming.flow = undefined;
    incoming.ownRoutes = own;
    incoming.nextRoute = own < end ? routes[own] : undefined;
    if (incoming.isOurDialog && !staysInDialog(incoming, tokens)) {
      incoming.isOurDialog = false;
      incoming.flow = undefined;
    }
    return 'next';
  };
}

/** Its connection is gone. Where that is no secret kept by a NAT, its Contact may still do. */
function hasReconnected({ flow }: Incoming, transport: Transport): boolean {
  if (flow?.transport !== 'tls' || flow.connectionId === undefined) return false;
  return !transport.hasFlow(flow.connectionId, flow.member);
}

/** To whoever does not know the dialog they mean nothing: 481. ACK cannot be refused, and a call must be able to end. */
const harmless: ReadonlySet<string> = new Set(['ACK', 'BYE', 'PRACK', 'UPDATE', 'INFO']);

/**
 * The request goes where its dialog leads: by the flow of the token, or to a host that either side had when it was set up.
 * What goes elsewhere under that Call-ID (a party that has moved, or somebody who makes use of a call to reach others) is
 * asked who it is, like any request.
 */
function staysInDialog({ method, flow, nextRoute, requestUri, dialogHosts }: Incoming, tokens: FlowTokens): boolean {
  if (harmless.has(method) || (flow !== undefined && nextRoute === undefined)) return true;
  const next = nextRoute === undefined ? requestUri : nextRoute.uri;
  return next !== undefined && tokens.leadsTo(dialogHosts, next.host);
}

function isOurRecordRoute(incoming: Incoming, tokens: FlowTokens): boolean {
  const { requestUri } = incoming;
  return requestUri !== undefined && requestUri.paramsText !== '' && readToken(incoming, requestUri, tokens);
}

function isOurs(
  incoming: Incoming,
  route: NameAddr | undefined,
  isOwnServer: (uri: SipUri, incoming: Incoming) => boolean,
  tokens: FlowTokens,
): boolean {
  const uri = route?.uri;
  if (uri === undefined) return false;
  return readToken(incoming, uri, tokens) || isOwnServer(uri, incoming);
}

/**
 * The last of several of ours counts: it was written for the side that the request goes to. What does not say that it is
 * in a dialog proves nothing with it, and REGISTER is in none: it is asked who it is.
 */
function readToken(incoming: Incoming, uri: SipUri, tokens: FlowTokens): boolean {
  const text = uri.param('hf');
  if (text === undefined) return false;
  const token = tokens.read(text, incoming.message.callId());
  if (token === undefined) return readPath(incoming, text, tokens);
  if (!incoming.isInDialog || incoming.method === 'REGISTER') return true;
  incoming.isOurDialog = true;
  incoming.flow = token.flow;
  incoming.dialogHosts = token.hosts;
  return true;
}

/** RFC 3327: what `addPath` wrote into a REGISTER. It leads to one telephone and nowhere else. */
function readPath(incoming: Incoming, text: string, tokens: FlowTokens): boolean {
  const token = tokens.read(text, PATH_SCOPE);
  if (token === undefined) return false;
  incoming.isOurPath = token.flow !== undefined;
  incoming.flow = token.flow;
  return true;
}

/** A telephone may have the domain as its outbound proxy; another server of the domain would be at another port. */
function isUsualPort({ port }: SipUri, hop: Hop): boolean {
  return port === undefined || port === hop.local.port || port === defaultPort[hop.transport];
}

function isOwnAddress(uri: SipUri, transport: Transport): boolean {
  const named = uri.param('transport');
  const name = named === undefined ? undefined : parseTransport(named);
  if (transport.isOwnAddress(uri.host, uri.port, name)) return true;
  return transport.leadsToMember?.(uri.host, uri.port, name) === true;
}
