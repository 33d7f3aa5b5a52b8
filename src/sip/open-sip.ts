import type { Backplane, Guard } from '#backplane';
import type { Lifecycle, Logger } from '#base';
import type {
  ByteStream,
  Clock,
  Datagrams,
  Dns,
  DnsOptions,
  Network,
  Random,
  ServerIdentity,
  TcpNetwork,
  WebSockets,
} from '#io';
import { defaultSipGuardLimits } from './accounts/settings.ts';
import { defaultSipPort, digestAlgorithmsOf, listenOf, sharesPorts, type SipConfig } from './config.ts';
import { LocalUsers } from './core/local-users.ts';
import { defaultCoreSettings } from './core/settings.ts';
import { EventAgent, type EventFigures } from './events/event-agent.ts';
import { openSipAccounts, type AccountCluster, type SipAccounts } from './open-accounts.ts';
import { defaultProxySettings } from './proxy/settings.ts';
import { AccountWork } from './registrar/account-work.ts';
import { isReachedByContact } from './registrar/binding.ts';
import { FlowBindings } from './registrar/flow-bindings.ts';
import type { FarmFigures } from './farm/farm-figures.ts';
import type { FarmMembership } from './farm/farm-membership.ts';
import { MediaKeeping } from './farm/media-keeping.ts';
import { defaultRegistrarSettings } from './registrar/limits.ts';
import { openFarmPart, type FarmPlace, type OpenFarm } from './open-farm.ts';
import { bootNumber } from './roles/cluster-farm.ts';
import type { FarmPart } from './roles/farm-part.ts';
import { strangerWarning, takenPlaces } from './roles/port-strangers.ts';
import { createSipServer, type SipFigures, type SipServer, type SipServices } from './server.ts';
import type { CallRecordSink } from './trace/call-records.ts';
import { MessageTrace } from './trace/message-trace.ts';
import { ShortMac } from './transaction/short-mac.ts';
import { defaultTimerSettings } from './transaction/times.ts';
import { DnsServerLocator } from './transport/dns-locator.ts';
import type { MessageFigures } from './transport/message-counters.ts';
import type { SipListenerStatus, TransportSettings } from './transport/settings.ts';
import { SipTransport } from './transport/sip-transport.ts';
import type { TransportFigures } from './transport/transport-layer.ts';

/** A name server that has not said anything by then is asked once more. */
const dnsTimeoutMs = 2_000;
/** What comes alone is written at once; a sync of the disk for each of many would cost more than all else about them. */
const writeSpacingMs = 25;
/** In a cluster each write is three syncs, and wakes all members: half as many at a thousand registrations a second. */
const clusterWriteSpacingMs = 75;

export interface OpenSipServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Of all members: accounts, and where they are. */
  readonly backplane: Backplane;
  /** The same, for what administrators change: it waits for a store that is slow. Absent: that one never waits long. */
  readonly patient?: Backplane;
  readonly datagrams: Datagrams;
  readonly network: Network & TcpNetwork;
  readonly webSockets: WebSockets;
  readonly dns: (options: DnsOptions) => Dns;
  readonly identity: () => ServerIdentity;
  readonly callRecords: CallRecordSink | undefined;
  readonly seat: { readonly index: number; readonly count: number };
  /** In branches and flow tokens: 1 to 16 of 0-9 a-z, the same after a restart. */
  readonly member: string;
  /** As bindings name this member; empty on a server that stands alone. */
  readonly memberName: string;
  /** In a cluster only the controller changes accounts. */
  readonly leadership?: () => Guard | undefined;
  /** Absent: the only member. */
  readonly cluster?: AccountCluster;
  /** Where the media of calls go through; absent: their descriptions are let through. */
  readonly media?: NonNullable<SipServices['media']> | undefined;
  /** Its part among other members; absent: there are none. */
  readonly farm?: FarmPlace;
}

/** The SIP server of a member, up. */
export interface OpenSip {
  readonly accounts: SipAccounts;
  /** Messages as they go by, for who looks. */
  readonly trace: MessageTrace;
  readonly farm: FarmPart;
  listeners(): readonly SipListenerStatus[];
  /** A connection with TLS whose first request, in `unread`, asks for a WebSocket. */
  acceptWebSocket(stream: ByteStream, unread: Buffer): void;
  figures(): OpenSipFigures;
  /** New requests that make something new get 503. */
  drain(): void;
}

export interface OpenSipFigures extends SipFigures {
  readonly events: EventFigures;
  readonly transport: TransportFigures;
  readonly received: MessageFigures;
  readonly sent: MessageFigures;
  /** undefined: there are no other members. */
  readonly farm: FarmFigures | undefined;
}

/** Accounts, sockets and the server between them. What is started stops with the lifecycle. */
export async function openSip(services: OpenSipServices, config: SipConfig, lifecycle: Lifecycle): Promise<OpenSip> {
  const { clock, random, logger, backplane, memberName, leadership } = services;
  const accounts = await openSipAccounts(
    {
      backplane,
      ...(services.patient === undefined ? {} : { patient: services.patient }),
      clock,
      random,
      logger,
      member: memberName,
      settings: accountSettings(config, services.cluster === undefined ? writeSpacingMs : clusterWriteSpacingMs),
      ...(leadership === undefined ? {} : { leadership }),
      ...(services.cluster === undefined ? {} : { cluster: services.cluster }),
    },
    lifecycle,
  );
  const settings = transportSettings(config, services.seat);
  const transport = new SipTransport(services, settings);
  // Only the first member comes before all others of its server.
  const isFirst = settings.reusePort && services.seat.index === 0;
  const taken = isFirst ? await takenPlaces(services.datagrams, settings.plain) : [];
  const agent = await openAgent(services, accounts);
  const trace = new MessageTrace(clock);
  const { directory, location, registrations, secret } = accounts;
  const work = registrations.ownerOf && accountWork(accounts, memberName);
  const farm = await openFarmPart(services, config, { transport, trace, secret, accounts: work }, lifecycle);
  const unfollow = directory.onChange((change) => {
    if (change.kind === 'account' && change.account === undefined) agent.accountRemoved(change.aor);
  });
  const flows = new FlowBindings({ location, owner: registrations, member: memberName, logger });
  const endFlows = (): void => {
    unfollow();
    flows.stop();
  };
  await lifecycle.start({ name: 'SIP accounts and connections that go', start: () => undefined, stop: endFlows });
  const keeping = openKeeping(services, secret, farm.part.farm);
  await lifecycle.start({ name: 'copies of media', start: () => undefined, stop: () => keeping?.stop() });
  const server = createServer(services, config, accounts, { farm, agent, flows, keeping });
  await lifecycle.start({ name: 'SIP events', start: () => undefined, stop: () => agent.close() });
  await lifecycle.start({ name: 'SIP trace', start: () => undefined, stop: () => trace.forget() });
  await lifecycle.start({ name: 'SIP server', start: () => server.start(), stop: () => server.stop() });
  await lifecycle.start({ name: 'SIP sockets', start: () => transport.start(), stop: () => transport.stop() });
  await lifecycle.start({ name: 'SIP Farm', start: () => farm.part.start(), stop: () => farm.part.stop() });
  const warning = strangerWarning(taken, transport.listeners());
  if (warning !== undefined) farm.part.warn(warning);
  return {
    accounts,
    trace,
    farm: farm.part,
    listeners: () => transport.listeners(),
    acceptWebSocket: (stream, unread) => transport.acceptWebSocket(stream, unread),
    figures: () => ({
      ...server.figures(),
      events: agent.figures,
      transport: transport.figures(),
      received: transport.counters.receivedFigures(),
      sent: transport.counters.sentFigures(),
      farm: farm.figures,
    }),
    drain: () => server.drain(),
  };
}

/** Only where media are relayed, and there are others. */
function openKeeping(
  { clock, logger, datagrams, media, farm }: OpenSipServices,
  secret: Uint8Array,
  membership: FarmMembership | undefined,
): MediaKeeping | undefined {
  const bus = farm?.company?.bus;
  if (media === undefined || bus === undefined || membership === undefined) return undefined;
  const mac = new ShortMac(secret);
  const hash = (callId: string): number => mac.begin().text(callId).finish();
  return new MediaKeeping({ clock, logger, bus, membership, bootNumber, datagrams, hash });
}

/** Whose work requests about accounts are, where several members have some. */
const accountWork = ({ directory, registrations }: SipAccounts, member: string): AccountWork =>
  new AccountWork({ users: new LocalUsers(directory), ownerOf: (aor) => registrations.ownerOf?.(aor), member });

/** Presence, calls and registrations for who asks, messages for who is away. */
function openAgent(
  { clock, random, logger, backplane, memberName }: OpenSipServices,
  { directory, location }: SipAccounts,
): Promise<EventAgent> {
  const users = new LocalUsers(directory);
  return EventAgent.open({
    clock,
    random,
    logger,
    backplane,
    location,
    accountOf: (user) => (users.isLocal(user.host) ? users.named(user)?.aor : undefined),
    isMine: (aor, binding) => (isReachedByContact(binding) ? location.owns(aor) : binding.flow?.member === memberName),
    owns: (aor) => location.owns(aor),
  });
}

function createServer(
  { clock, random, logger, dns, callRecords, member, memberName, media }: OpenSipServices,
  config: SipConfig,
  accounts: SipAccounts,
  {
    farm,
    agent,
    flows,
    keeping,
  }: {
    readonly farm: OpenFarm;
    readonly agent: EventAgent;
    readonly flows: FlowBindings;
    readonly keeping: MediaKeeping | undefined;
  },
): SipServer {
  const { directory, authenticator, location, registrar, gruus, secret } = accounts;
  const locator = new DnsServerLocator(
    { clock, random, dns: dns({ servers: config.nameServers ?? [], timeoutMs: dnsTimeoutMs }) },
    { transports: ['udp', 'tcp', 'tls'], families: () => farm.sockets.families() },
  );
  const { t1Ms, t2Ms, timerBMs, timerCMs, recordRoute, trusted = [], relay, natPing, natPingS } = config;
  return createSipServer({
    clock,
    random,
    logger,
    transport: farm.transport,
    ...(farm.owner === undefined ? {} : { owner: farm.owner }),
    notReady: () => farm.part.notReady(),
    locator,
    directory,
    authenticator,
    location,
    registrar,
    plainRegistrar: accounts.plainRegistrar,
    gruus,
    agent,
    flowEnded: (hop) => flows.ended(hop),
    ...(callRecords === undefined ? {} : { callRecords }),
    ...(media === undefined ? {} : { media: { ...media, keeping } }),
    member,
    memberName,
    secret,
    settings: {
      ...defaultCoreSettings,
      timers: { ...defaultTimerSettings, t1Ms, t2Ms, ...(timerBMs === 0 ? {} : { timerBMs }) },
      proxy: { ...defaultProxySettings, recordRoute, timerCMs },
      trusted,
      relay,
      natPing: { method: natPing, periodS: natPingS },
    },
  });
}

function accountSettings(config: SipConfig, writeSpacingMs: number): Parameters<typeof openSipAccounts>[0]['settings'] {
  const { nonceLifetimeS, minExpiresS, maxExpiresS, defaultExpiresS, contactsPerAccount } = config;
  return {
    nonceLifetimeS,
    digestAlgorithms: digestAlgorithmsOf(config),
    takesUserHashes: config.digest === 'all',
    guard: defaultSipGuardLimits,
    writeSpacingMs,
    registrar: { ...defaultRegistrarSettings, minExpiresS, maxExpiresS, defaultExpiresS, contactsPerAccount },
  };
}

function transportSettings(config: SipConfig, seat: OpenSipServices['seat']): TransportSettings {
  const { listen = [{ host: undefined, port: defaultSipPort }], tls, ws, wss, names = [], tos } = config;
  const { connectionIdleMs, verifyServers } = config;
  const isShared = sharesPorts(config, seat);
  return {
    plain: listenOf(listen, seat, isShared),
    tls: listenOf(tls, seat, isShared),
    ws: listenOf(ws, seat, isShared),
    wss: listenOf(wss, seat, isShared),
    names,
    typeOfService: tos,
    reusePort: isShared,
    connectionIdleMs,
    verifyServers,
  };
}
