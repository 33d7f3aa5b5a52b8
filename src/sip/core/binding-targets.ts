import { parseSipUri, type SipUri } from '../message/sip-uri.ts';
import type { ProxyTarget } from '../proxy/target-set.ts';
import type { Binding, BindingFlow } from '../registrar/binding.ts';
import type { Target } from '../transport/target.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';

type Flows = Pick<TransportLayer, 'hasFlow'>;

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
  const common = { uri, uriText: binding.uri, q, isBinding: true, routes: path };
  if (path.length > 0 || flow === undefined) return { ...common, flow: undefined, isReachedByFlow: false };
  const needsFlow = isBehindNat || isFlowOnly(flow, uri, binding);
  const isUp = flow.transport === 'udp' || (flow.connectionId !== 0 && flows.hasFlow(flow.connectionId));
  if (!isUp) return needsFlow ? undefined : { ...common, flow: undefined, isReachedByFlow: false };
  const usesFlow = needsFlow || flow.transport !== 'udp';
  return { ...common, flow: usesFlow ? flowTarget(flow) : undefined, isReachedByFlow: needsFlow };
}

/** WebSocket (RFC 7118 §5) and outbound (RFC 5626 §5.3): nobody listens at the other end. */
function isFlowOnly(flow: BindingFlow, uri: SipUri, binding: Binding): boolean {
  return flow.transport === 'ws' || flow.transport === 'wss' || binding.regId > 0 || uri.host.endsWith('.invalid');
}

function flowTarget({ transport, address, port, socketId, connectionId }: BindingFlow): Target {
  return { transport, address, port, socketId, ...(connectionId !== 0 && { connectionId }) };
}
