import type { Backplane, Guard } from '#backplane';
import type { Lifecycle, Logger } from '#base';
import type { Bus, MemberId, Membership } from '#cluster';
import type { Clock, Datagrams, Random } from '#io';
import type { SipConfig } from './config.ts';
import type { AccountPlaces } from './farm/account-places.ts';
import type { FarmFigures } from './farm/farm-figures.ts';
import { openFarm } from './farm/open-farm.ts';
import type { OwnerLookup } from './farm/owner-lookup.ts';
import { BindingDetector } from './roles/binding-detector.ts';
import { FarmPart } from './roles/farm-part.ts';
import { LostAnswers } from './roles/lost-answers.ts';
import { openRelayPort, type RelayPlace, type RelayPort } from './roles/relay-port.ts';
import type { MemberKind } from './roles/resolve-farm.ts';
import type { FarmOverrides } from './roles/settings.ts';
import type { MessageTrace } from './trace/message-trace.ts';
import { tracedTransport } from './trace/traced-transport.ts';
import type { SipTransport } from './transport/sip-transport.ts';
import type { TransportLayer } from './transport/transport-layer.ts';

/** Where a member stands among others. */
export interface FarmPlace {
  readonly kind: MemberKind;
  /** Of the server, in its cluster. */
  readonly server: string;
  /** Absent: there are no others. */
  readonly company?: {
    readonly membership: Pick<Membership, 'self' | 'members' | 'onChange' | 'find'>;
    readonly bus: Pick<Bus, 'send' | 'serve'>;
    readonly isKnown: (id: MemberId) => boolean;
    readonly relay: RelayPlace;
  };
}

const alone: FarmPlace = { kind: 'alone', server: 'server' };

export interface FarmPartServices {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly datagrams: Datagrams;
  readonly seat: { readonly count: number };
  readonly member: string;
  readonly leadership?: () => Guard | undefined;
  readonly farm?: FarmPlace;
}

export interface OpenFarm {
  readonly part: FarmPart;
  /** Those of this member. */
  readonly sockets: SipTransport;
  /** For the SIP server: those of all members. */
  readonly transport: TransportLayer;
  /** undefined: everything is done here. */
  readonly owner: OwnerLookup | undefined;
  /** undefined: there are no other members. */
  readonly figures: FarmFigures | undefined;
}

/** What makes a SIP server one of several. Its part is to be started when the sockets are open. */
export async function openFarmPart(
  services: FarmPartServices,
  config: SipConfig,
  {
    transport,
    trace,
    secret,
    accounts,
  }: {
    readonly transport: SipTransport;
    readonly trace: MessageTrace;
    readonly secret: Uint8Array;
    readonly accounts?: AccountPlaces | undefined;
  },
  lifecycle: Lifecycle,
): Promise<OpenFarm> {
  const { backplane, clock, random, logger, leadership, member, seat, farm = alone } = services;
  const { kind, server, company } = farm;
  const relay = company && (await openRelayPort(services, company.relay));
  await lifecycle.start({ name: 'port for other members', stop: () => relay?.socket.close() });
  const part = await FarmPart.open({
    backplane,
    clock,
    logger,
    kind,
    server,
    token: member,
    file: fileSettings(config),
    leadership,
    transport,
    company: company && { ...company, count: seat.count, relay: () => relay && placeOf(relay) },
  });
  const traced = tracedTransport(transport, trace);
  const membership = part.farm;
  if (company === undefined || membership === undefined || relay === undefined) {
    return { part, sockets: transport, transport: traced, owner: undefined, figures: undefined };
  }
  const detector = new BindingDetector(
    () => clock.nowMs(),
    (warning) => part.warn(warning),
  );
  const lost = new LostAnswers(
    () => clock.nowMs(),
    (warning) => part.warn(warning),
  );
  const opened = openFarm({
    clock,
    random,
    logger,
    membership,
    transport: {
      ...traced,
      listen: (listener) => traced.listen(detector.around(listener)),
      listening: () => transport.listening(),
      isThisServer: (host, port) => transport.isThisServer(host, port),
    },
    relayPort: relay.socket,
    bus: company.bus,
    secret,
    accounts,
    answering: (isRelayed, mark) => lost.request(isRelayed, mark),
    settings: {
      get balancer() {
        return part.effective.settings.balancer;
      },
      t1Ms: config.t1Ms,
      timerCMs: config.timerCMs,
      isOutside: (address) => !transport.isInside(address),
    },
  });
  await lifecycle.start({ name: 'messages of other members', stop: () => opened.stop() });
  return { part, sockets: transport, ...opened };
}

const placeOf = ({ host, port, warning }: RelayPort) => ({ host, port, warning });

/** In the file nothing else than "auto" says something: it leaves the rest to the cluster. */
function fileSettings(config: SipConfig): FarmOverrides {
  const { farm, signals, callLegs, virtualAddresses, balancer, wanAddress, lanNetworks } = config;
  return { farm, signals, callLegs, virtualAddresses, balancer, wanAddress, lanNetworks };
}
