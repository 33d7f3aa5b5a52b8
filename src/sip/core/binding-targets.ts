import { parseSipUri, type SipUri } from '../message/sip-uri.ts';
import type { ProxyTarget } from '../proxy/target-set.ts';
import type { Binding, BindingFlow } from '../registrar/binding.ts';
import { contactAsRequestUri } from './contact-as-request-uri.ts';
import type { Target } from '../transport/target.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';

/** Which flows there are. */
export interface Flows extends Pick<TransportLayer, 'hasFlow'> {
  /**
   * The token of the member that bindings call so, `here` for this one. undefined: nobody knows it any more. Absent: a server
   * that is alone.
   */
  holderOf?(memberName: string): string | undefined;
}

/**
 * The places where an account is, from its registrations. Of several flows of one telephone only the newest that is up is
 * taken (RFC 5626 §5.3: not two of one instance at once). `fits`: only those (RFC 5627 §5.1).
 */
export function bindingTargets(
  bindings: readonly Binding[],
  fits: ((binding: Binding) => boolean) | undefined,
  flows: Flows,
): ProxyTarget[] {
  const targets: ProxyTarget[] = [];
  const ofInstance = new Map<string, number>();
  for (const binding of bindings) {
    if (fits?.(binding) === false) continue;
    const target = targetOfBinding(binding, flows);
    if (target === undefined) continue;
    const sameAt = binding.regId > 0 ? ofInstance.get(binding.instance) : undefined;
    if (sameAt !== undefined) {
      targets[sameAt] = target;
      continue;
    }
    if (binding.regId > 0) ofInstance.set(binding.instance, targets.length);
    targets.push(target);
  }
  return targets;
}

/** undefined: its flow is gone, and there is no other way to it. */
function targetOfBinding(binding: Binding, flows: Flows): ProxyTarget | undefined {
  const uri = parseSipUri(binding.uri);
  if (uri === undefined) return undefined;
  const { path, flow, isBehindNat, q } = binding;
  const common = { uri, uriText: contactAsRequestUri(uri, binding.uri), q, isBinding: true, routes: path };
  if (path.length > 0 || flow === undefined) return { ...common, flow: undefined, isReachedByFlow: false };
  const needsFlow = isBehindNat || isFlowOnly(flow, uri, binding);
  const holder = flows.holderOf === undefined ? 'here' : flows.holderOf(flow.member);
  const isUp = flow.transport === 'udp' || (flow.connectionId !== 0 && isConnected(flow, holder, flows));
  if (!isUp) return needsFlow ? undefined : { ...common, flow: undefined, isReachedByFlow: false };
  const usesFlow = needsFlow || flow.transport !== 'udp';
  // By TLS the dialog keeps to the connection, too: see `isReachedByFlow`.
  const isReachedByFlow = needsFlow || flow.transport === 'tls';
  return { ...common, flow: usesFlow ? flowTarget(flow, holder) : undefined, isReachedByFlow };
}

/** WebSocket (RFC 7118 §5) and outbound (RFC 5626 §5.3): nobody listens at the other end. */
function isFlowOnly(flow: BindingFlow, uri: SipUri, binding: Binding): boolean {
  return flow.transport === 'ws' || flow.transport === 'wss' || binding.regId > 0 || uri.host.endsWith('.invalid');
}

function isConnected({ connectionId }: BindingFlow, holder: string | undefined, flows: Flows): boolean {
  return holder === 'here' ? flows.hasFlow(connectionId) : holder !== undefined && flows.hasFlow(connectionId, holder);
}

/** Of a member that is gone for good only the address is left, which may do for UDP. */
function flowTarget(flow: BindingFlow, holder: string | undefined): Target {
  const { transport, address, port, socketId, connectionId } = flow;
  if (holder === undefined) return { transport, address, port };
  const connection = connectionId !== 0 && { connectionId };
  return { transport, address, port, socketId, ...connection, ...(holder !== 'here' && { member: holder }) };
}
