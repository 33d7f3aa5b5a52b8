import type { SipTransport } from '../transport/sip-transport.ts';
import type { FarmRecord } from './farm-record.ts';
import type { FarmCompany } from './other-members.ts';
import { readinessOf } from './readiness.ts';
import type { FarmWarning, MemberKind, Resolved } from './resolve-farm.ts';
import type { FarmSettings } from './settings.ts';

/** A machine with more (container hosts have such) tells of its first ones. */
const mostAddresses = 64;

export interface OwnFacts {
  readonly kind: MemberKind;
  readonly server: string;
  readonly token: string;
  readonly settings: FarmSettings;
  readonly resolved: Resolved;
  readonly transport: Pick<SipTransport, 'boundFaces' | 'sourceFor' | 'listening' | 'listeners' | 'ownAddresses'>;
  readonly company: FarmCompany | undefined;
  /** Seen while it ran. */
  readonly seen: Iterable<FarmWarning>;
  /** Why it is being stopped; empty: it is not. */
  readonly stopping: string;
}

/** What a member says of itself at this moment. */
export function ownRecord(facts: OwnFacts): FarmRecord {
  const { kind, server, token, settings, resolved, transport, company, seen, stopping } = facts;
  const { farm, signals, callLegs, balancer, virtualAddresses, wanAddress } = settings;
  const boundAddresses = transport.boundFaces();
  const relay = company?.relay();
  const { problem, warnings } = readinessOf({
    settings,
    boundAddresses,
    sourceFor: (remote) => transport.sourceFor(remote),
    listeners: transport.listeners(),
    isRelayMissing: company !== undefined && relay === undefined,
    stopping,
  });
  const relayWarning = relay === undefined || relay.warning === '' ? [] : [{ code: 'relay-port', text: relay.warning }];
  return {
    boot: company?.membership.self.boot ?? '',
    token,
    machine: server,
    role: kind === 'backend' ? 'backend' : 'frontend',
    configured: { farm, signals, callLegs },
    resolved: { farm: resolved.farm, signals: resolved.signals, callLegs: resolved.callLegs },
    relayHost: relay?.host ?? '',
    relayPort: relay?.port ?? 0,
    weight: company?.membership.self.weight ?? 100,
    balancer,
    virtualAddresses,
    boundAddresses,
    wanAddress,
    sockets: transport
      .listening()
      .map(({ id, transport: name, local: { address, port } }) => ({ id, transport: name, address, port })),
    addresses: transport.ownAddresses().slice(0, mostAddresses),
    isReady: problem === '',
    problem,
    warnings: [...resolved.warnings, ...warnings, ...relayWarning, ...seen],
  };
}
