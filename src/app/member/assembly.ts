import type { LicenceDirectory } from '#admin';
import type { Lifecycle } from '#base';
import type { HubDirectory } from '#hub';
import type { SipListenerStatus } from '#sip';
import { SoftEtherServer, type ClusterSessions } from '#softether';
import { openAdministration, type Administration } from '../administration.ts';
import { clusterMetrics } from '../cluster-metrics.ts';
import { Health } from '../health.ts';
import { certificateCheck, drainCheck, listenersCheck, storeCheck } from '../health-checks.ts';
import { hubMetrics } from '../hub-metrics.ts';
import type { ListenerStatus } from '../listener-set.ts';
import { Metrics, type Metric } from '../metrics.ts';
import { loopMetrics } from '../process-metrics.ts';
import { productName, protocolVersion } from '../server-facts.ts';
import type { ServerOptions } from '../server-options.ts';
import { softEtherMetrics } from '../softether-metrics.ts';
import { openClusterPlace, type ClusterPlace } from './cluster-place.ts';
import { openHubs } from './hubs.ts';
import { loadListeners, refuseIfDeaf } from './listeners.ts';
import type { MemberParts } from './seat.ts';
import { enterService } from './service.ts';
import { openSessions } from './sessions.ts';
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
  readonly licences: LicenceDirectory;
  listeners(): readonly ListenerStatus[];
  sipListeners(): readonly SipListenerStatus[];
  /** Calls whose media go through it. */
  mediaCalls(): number;
  /** Calls that are up go on; nothing new begins. */
  refuseCalls(): void;
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
  const { journal, licences, sessions } = await openSessions(options, parts, place, hubs, lifecycle);
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

  const sip = await SipPart.open(options, { stores, seat, clusterSeat, place, isBackend: parts.readsAll }, lifecycle);
  faces.sip = sip;

  const listeners = await loadListeners(options, parts, softether);
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
      backplane: parts.readsAll ? stores.patient : stores.local,
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
  const mediaCalls = (): number => sip?.mediaCalls ?? 0;
  if (place !== undefined && sessions !== undefined) {
    const service = { place, sessions, softether, listeners: () => listeners.list(), mediaCalls };
    await enterService(options, parts, service, lifecycle);
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
    licences,
    listeners: () => listeners.list(),
    sipListeners,
    mediaCalls,
    refuseCalls: () => sip?.refuseNew(),
  };
}
