import { HeaderId } from '../message/header-id.ts';
import { Malformed } from '../message/malformed.ts';
import type { SentBy, TransportLayer } from '../transport/transport-layer.ts';
import { targetOf, type Target } from '../transport/target.ts';
import { PATH_SCOPE, type FlowTokens } from './flow-token.ts';
import type { Incoming } from './incoming.ts';
import type { ProxySettings } from './settings.ts';
import type { ProxyTarget } from './target-set.ts';

/** Those that a proxy stays in the way of: RFC 3261 §16.6 item 4, RFC 6665 §4.3, RFC 3515. */
const dialogMaking: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY']);

export interface RouteRecorder {
  readonly transport: Pick<TransportLayer, 'viaFor'>;
  readonly tokens: FlowTokens;
  readonly settings: Pick<ProxySettings, 'recordRoute'>;
}

/**
 * The Record-Route elements of a request that came by `incoming.hop` and leaves to `target`, in the order in which they are
 * put on top of each other. One says all where both sides reach this server at one address by one transport; else one
 * for each side, the sender's first (RFC 5658 §3.3), each with the flow to its side where there must be one (RFC 5626 §5.3).
 */
export function recordRoutesOf(
  incoming: Incoming,
  target: Target,
  { uri, isReachedByFlow: isTargetReachedByFlow }: Pick<ProxyTarget, 'uri' | 'isReachedByFlow'>,
  { transport, tokens, settings }: RouteRecorder,
  hasMediaHere = false,
): readonly string[] {
  if (settings.recordRoute === 'never' || !dialogMaking.has(incoming.method)) return [];
  const { message, hop, isSenderReachedByFlow } = incoming;
  const near = transport.viaFor(targetOf(hop));
  const far = transport.viaFor(target);
  const isOneFace = near.sentBy === far.sentBy && near.transport === far.transport;
  const needsNoFlow = !isSenderReachedByFlow && !isTargetReachedByFlow;
  if (settings.recordRoute === 'nat' && needsNoFlow && isOneFace && !hasMediaHere) return [];
  const scheme = incoming.requestUri?.scheme === 'sips' ? 'sips' : 'sip';
  const callId = message.callId();
  const farHost = incoming.nextRoute?.uri?.host ?? uri.host;
  const isFirst = incoming.method === 'INVITE' && !incoming.isInDialog;
  const first = isFirst ? tokens.firstMark(message.from().tag ?? '', message.cseq().number) : '';
  const write = (flow: Target | undefined, hosts: ReadonlySet<string>) => tokens.write(callId, flow, hosts, first);
  if (isOneFace && needsNoFlow) {
    return [recordRouteElement(scheme, near, write(undefined, nearHosts(incoming).add(target.address).add(farHost)))];
  }
  return [
    recordRouteElement(scheme, near, write(isSenderReachedByFlow ? targetOf(hop) : undefined, nearHosts(incoming))),
    recordRouteElement(
      scheme,
      far,
      write(isTargetReachedByFlow ? target : undefined, new Set([target.address, farHost])),
    ),
  ];
}

/** Where requests to the sender will go: to the proxy before us, else to its Contact. */
function nearHosts({ message, hop, contact }: Incoming): Set<string> {
  const hosts = new Set([hop.remoteAddress]);
  const before = message.has(HeaderId.RecordRoute) ? message.recordRoutes() : undefined;
  const first = before === undefined || before instanceof Malformed ? undefined : before[0]?.uri;
  if (first !== undefined) hosts.add(first.host);
  if (contact !== undefined) hosts.add(contact.host);
  return hosts;
}

/**
 * RFC 3327 §5.2: what a REGISTER for a registrar elsewhere gets, where its sender knows Path or can be reached in no other
 * way; undefined: nothing.
 */
export function pathOf(incoming: Incoming, { transport, tokens }: RouteRecorder): string | undefined {
  const { message, hop, method } = incoming;
  if (method !== 'REGISTER') return undefined;
  const knowsPath = message.elements(HeaderId.Supported).some((option) => option.toLowerCase() === 'path');
  if (!knowsPath && !incoming.isSenderReachedByFlow) return undefined;
  const flow = targetOf(hop);
  return recordRouteElement('sip', transport.viaFor(flow), tokens.write(PATH_SCOPE, flow)).replace(/>$/, ';ob>');
}

export function recordRouteElement(scheme: string, { sentBy, transport }: SentBy, token: string): string {
  const parameter = transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`;
  return `<${scheme}:${sentBy}${parameter};lr;hf=${token}>`;
}
