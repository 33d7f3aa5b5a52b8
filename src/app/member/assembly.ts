import { LicenceDirectory } from '#admin';
import { HubfarmError, type Lifecycle } from '#base';
import { serveDrain } from '#cluster';
import type { HubDirectory } from '#hub';
import type { ByteStream } from '#io';
import type { SipListenerStatus } from '#sip';
import { ClusterSessions, defaultClusterSessionLimits, SessionJournal, SoftEtherServer } from '#softether';
import { openAdministration, type Administration } from '../administration.ts';
import { clusterMetrics } from '../cluster-metrics.ts';
import { defaultPorts } from '../config/sections.ts';
import { Health } from '../health.ts';
import { certificateCheck, drainCheck, listenersCheck, storeCheck } from '../health-checks.ts';
import { hubMetrics } from '../hub-metrics.ts';
import { ListenerSet, type ListenerStatus } from '../listener-set.ts';
import { Metrics, type Metric } from '../metrics.ts';
import { loopMetrics } from '../process-metrics.ts';
import { SavedListeners } from '../saved-listeners.ts';
import { productName, protocolVersion } from '../server-facts.ts';
import type { ServerOptions } from '../server-options.ts';
import { softEtherMetrics } from '../softether-metrics.ts';
import { openClusterPlace, type ClusterPlace } from './cluster-place.ts';
import { openHubs, type Hubs } from './hubs.ts';
import { MemberReports } from './member-reports.ts';
import type { ClusterSeat, MemberParts, Seat, Stores } from './seat.ts';
import { SipPart } from './sip-part.ts';

/** A member that is up. Its parts are stopped by the lifecycle that they were started with. */
export interface Member {
  readonly isFirstStart: boolean;
  readonly health: Health;
  /** Of this member alone. */
  readonly metrics: readonly Metric[];
  /** The page that its listeners show. */
  readonly page: Metrics;
  /** undefined = the only member of a server that stands alone. */
  readonly place: ClusterPlace | undefined;
  readonly sessions: ClusterSessions | undefined;
  readonly directory: HubDirectory;
  listeners(): readonly ListenerStatus[];
  sipListeners(): readonly SipListenerStatus[];
}

/** All parts of a member, one event loop, in the order of their start; they stop in reverse. */
export async function assembleMember(
  options: ServerOptions,
  parts: MemberParts,
  lifecycle: Lifecycle,
): Promise<Member> {
  const { config, io, logger } = options;
  const { clock, random } = io;
  const { seat, stores, cluster: clusterSeat, adminPassword, control } = parts;
  const { local, own } = stores;
  const { identity } = own;
  const place = clusterSeat && (await openClusterPlace(options, seat, stores, clusterSeat, lifecycle));
  const hubs = await openHubs(options, stores, place, seat.index === 0, lifecycle);

  // The VPN server and its administration know each other; connections come only when both are up.
  const faces: { administration?: Administration; sip?: SipPart | undefined } = {};
  const requireAdministration = (): Administration => {
    if (faces.administration === undefined) throw new Error('a connection came before the administration was up');
    return faces.administration;
  };
  const journal = await SessionJournal.open({ backplane: local, prefix: journalPrefix(stores, seat), clock, logger });
  await lifecycle.start({ name: 'session journal', stop: () => journal.stop() });
  const licences = await LicenceDirectory.open({
    backplane: stores.shared,
    clock,
    logger,
    // Nobody sells licences: the built-in one has no limits.
    issuer: undefined,
    server: clusterSeat?.serverName ?? own.hostName,
    ...(local === stores.shared ? {} : { leadership: () => place?.election.guard() }),
  });
  await lifecycle.start({ name: 'licences', stop: () => licences.close() });
  const sessions =
    place &&
    new ClusterSessions({
      ...clusterSessionParts(options, place, hubs, stores),
      journal,
      licences: () => licences.limits(),
    });
  await lifecycle.start({ name: 'sessions in the cluster', stop: () => sessions?.stop() });
  const softether = new SoftEtherServer({
    journal,
    ...(sessions === undefined ? {} : { cluster: sessions, placement: sessions.placement }),
    clock,
    random,
    logger,
    directory: hubs.directory,
    host: hubs.host,
    limits: config.softether,
    identityCertificateDer: () => identity.certificateDer(),
    adminPassword,
    admin: { open: (login, channel) => requireAdministration().rpc.open(login, channel) },
    http: (stream, unread) => {
      if (faces.sip?.takes(stream, unread) !== true) requireAdministration().serveHttp(stream, unread);
    },
    productName,
    ...protocolVersion,
  });
  await lifecycle.start({ name: 'VPN server', stop: () => softether.stop() });

  const sip = await SipPart.open(options, { stores, seat, clusterSeat, place }, lifecycle);
  faces.sip = sip;

  const set = new ListenerSet({
    network: io.network,
    clock,
    logger,
    identity: () => identity.current(),
    tls: config.tls,
    handshakeTimeoutMs: config.softether.handshakeTimeoutMs,
    admit: (remote) => softether.admits(remote),
    pace: softether.pace,
    abandoned: (remote) => softether.abandoned(remote),
    alpn: control.alpn,
    connected: (stream: ByteStream, port: number) => {
      if (!control.alpn.includes(stream.tls?.alpn ?? '')) {
        softether.accept(stream, port);
        return;
      }
      softether.abandoned(stream.remote);
      control.takeOver(stream);
    },
  });
  const listeners = await SavedListeners.load({
    set,
    backplane: local,
    key: `${own.keys}/listeners`,
    configured: config.listeners.addresses,
    defaultPorts,
    offset: seat.index,
  });
  const health = new Health();
  const page = new Metrics();
  const ofLoop = loopMetrics();
  await lifecycle.start({ name: 'measuring the event loop', stop: () => ofLoop.stop() });
  const inCluster = place && sessions ? clusterMetrics(place, stores.shared, () => sessions.load()) : [];
  const metrics = [
    ...ofLoop.metrics,
    ...hubMetrics(hubs.host),
    ...softEtherMetrics(softether.counters),
    ...inCluster,
    ...(sip?.metrics ?? []),
  ];
  faces.administration = await openAdministration(
    options,
    {
      backplane: parts.readsAll ? stores.shared : stores.local,
      directory: hubs.directory,
      host: hubs.host,
      bridges: hubs.bridges,
      bridgesEverywhere: hubs.bridgesEverywhere,
      devices: io.ethernet,
      licences,
      softether,
      listeners,
      identity,
      adminPassword,
      health,
      metrics: page,
      hostName: own.hostName,
      ownKeys: `${own.keys}/`,
      seat,
      control,
      place,
      statistics: hubs.statistics,
      sip: () => sip?.control,
    },
    lifecycle,
  );
  await lifecycle.start({ name: 'listeners', start: () => listeners.open(), stop: () => listeners.close() });
  refuseIfDeaf(listeners.list());
  if (place !== undefined && sessions !== undefined) {
    const reports = new MemberReports({
      membership: place.registry,
      clock,
      logger,
      counts: () => ({ ...sessions.load(), connections: softether.tcpConnectionCount }),
      reachability: () => ({
        publicPorts: publicPortsOf(clusterSeat, seat, listeners.list()),
        certificate: identity.certificateDer().toString('base64'),
      }),
    });
    // The first member of a server in a cluster has that among its duties.
    if (seat.index > 0 || local === stores.shared) {
      const unserve = serveDrain({ bus: place.bus, membership: place.registry, controllership: place.election });
      await lifecycle.start({ name: 'orders to drain', stop: unserve });
    }
    await lifecycle.start({ name: 'reports', start: () => reports.start(), stop: () => reports.stop() });
  }
  health.addCheck(storeCheck(local));
  health.addCheck(listenersCheck(() => listeners.list()));
  health.addCheck(certificateCheck(clock, () => identity.info()));
  const sipListeners = (): readonly SipListenerStatus[] => sip?.listeners() ?? [];
  if (sip !== undefined) health.addCheck(sip.check);
  if (place !== undefined) {
    health.addCheck(drainCheck(place.registry));
    health.leads(() => place.election.isController());
  }
  const { isFirstStart } = hubs;
  const { directory } = hubs;
  return {
    isFirstStart,
    health,
    metrics,
    page,
    place,
    sessions,
    directory,
    listeners: () => listeners.list(),
    sipListeners,
  };
}

function clusterSessionParts(
  { io, logger, config }: ServerOptions,
  place: ClusterPlace,
  hubs: Hubs,
  { shared }: Stores,
) {
  const { bus, registry, election, placement, objects, objectDirectory, claims } = place;
  return {
    bus,
    membership: registry,
    controllership: election,
    placement,
    objects,
    objectDirectory,
    claims,
    engine: shared,
    directory: hubs.directory,
    host: hubs.host,
    acceptsLogins: () => registry.self.isEligible && config.cluster.acceptLogins,
    clock: io.clock,
    random: io.random,
    logger,
    limits: { ...defaultClusterSessionLimits, drainSessionsPerSecond: config.cluster.drainSessionsPerSecond },
  };
}

/** Those that were named for the first member, each a number further for the next; else where it listens. */
function publicPortsOf(
  clusterSeat: ClusterSeat | undefined,
  { index }: Seat,
  listeners: readonly ListenerStatus[],
): readonly number[] {
  const named = clusterSeat?.publicPorts?.map((port) => port + index);
  return named ?? listeners.filter(({ isListening }) => isListening).map(({ port }) => port);
}

/** Only the member that kept a session takes it up again: its clients come back to the same port. */
function journalPrefix({ own }: Stores, { index }: Seat): string {
  return index === 0 ? `run/session/${own.serverId}/` : `run/session/${own.serverId}.${index}/`;
}

/** Without any listener nobody could reach this member: better none than one that only seems to be up. */
function refuseIfDeaf(listeners: readonly ListenerStatus[]): void {
  const enabled = listeners.filter(({ isEnabled }) => isEnabled);
  if (enabled.length === 0 || enabled.some(({ isListening }) => isListening)) return;
  const reasons = enabled.map(({ port, error }) => `port ${port}: ${error ?? 'not open'}`);
  throw new HubfarmError('NO_LISTENER', `no listener could be opened (${reasons.join('; ')})`);
}
