import { join } from 'node:path';
import {
  FileAuditLog,
  HttpFace,
  MemberCalls,
  serveOperations,
  SoftEtherRpc,
  type AdminContext,
  type AdminPasswordControl,
  type ClusterControl,
  type LicenceDirectory,
  type SipControl,
} from '#admin';
import type { Backplane } from '#backplane';
import type { Lifecycle, Logger } from '#base';
import {
  defaultDirectoryLimits,
  type BridgeRecord,
  type ClusterStatistics,
  type HubDirectory,
  type HubHost,
} from '#hub';
import { createNodeLogFiles, nodeHostNetwork } from '#io/node';
import type { AppendLog, ByteStream, Clock, EthernetDevices } from '#io';
import type { ClusterMode } from '#cluster';
import type { AdminConnectionHandler, SoftEtherServer } from '#softether';
import type { Health } from './health.ts';
import type { StoredIdentity } from './identity.ts';
import type { Metrics } from './metrics.ts';
import type { SavedListeners } from './saved-listeners.ts';
import { serverFacts } from './server-facts.ts';
import type { ClusterPlace } from './member/cluster-place.ts';
import type { Bridges } from './member/hubs.ts';
import type { ModeControl, Seat } from './member/seat.ts';
import type { ServerOptions } from './server-options.ts';

/** Everything that administration acts on or shows. */
export interface Administered {
  readonly backplane: Backplane;
  readonly directory: HubDirectory;
  readonly host: HubHost;
  readonly bridges: Bridges;
  readonly bridgesEverywhere: Bridges | undefined;
  readonly devices: EthernetDevices;
  readonly licences: LicenceDirectory;
  readonly softether: SoftEtherServer;
  readonly listeners: SavedListeners;
  readonly identity: StoredIdentity;
  readonly adminPassword: AdminPasswordControl;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly hostName: string;
  readonly ownKeys: string;
  readonly seat: Seat;
  readonly control: ModeControl;
  readonly place: ClusterPlace | undefined;
  readonly statistics: ClusterStatistics | undefined;
  /** undefined: this server has no SIP, or not yet. */
  readonly sip: () => SipControl | undefined;
}

/** The faces of administration that connections are given to. */
export interface Administration {
  readonly rpc: AdminConnectionHandler;
  serveHttp(stream: ByteStream, unread: Buffer): void;
}

/** Folder in the data directory for logs of whom did what. */
const auditFolder = 'audit';
const socketFile = 'admin.sock';

export async function openAdministration(
  options: ServerOptions,
  administered: Administered,
  lifecycle: Lifecycle,
): Promise<Administration> {
  const { io, logger, config } = options;
  const { softether, health, metrics, seat } = administered;
  const audit = io.files.openLog({
    directory: join(config.server.dataDirectory, auditFolder),
    name: seat.index === 0 ? 'audit' : `audit-${seat.index}`,
    failed: (error) => logger.error({ err: error }, 'the audit log cannot be written'),
  });
  await lifecycle.start({ name: 'audit log', stop: () => audit.close() });
  const context = contextOf(options, administered, audit);
  const { bus } = administered.place ?? {};
  if (bus !== undefined) {
    const unserve = serveOperations({ context, bus, random: io.random });
    await lifecycle.start({ name: 'answers to other members', stop: unserve });
  }
  const pages = {
    healthz: () => health.healthz(),
    readyz: () => health.readyz(),
    controllerz: () => health.controllerz(),
    metrics: async () => ({ contentType: metrics.contentType, body: await metrics.text() }),
  };
  const face = { context, guard: softether.guard, health: pages, limits: config.http };
  const http = await HttpFace.open(face);
  await lifecycle.start({ name: 'HTTP', stop: () => http.stop() });
  if (seat.index === 0) await openLocalSocket(options, await HttpFace.open({ ...face, trust: 'socket' }), lifecycle);
  return {
    rpc: new SoftEtherRpc(context),
    serveHttp: (stream, unread) => {
      const { remote } = stream;
      http.accept(stream.handOver(unread), remote);
    },
  };
}

/** Path of the Unix socket on which every caller is the server's administrator. */
export const localSocketOf = ({ config }: ServerOptions): string => join(config.server.dataDirectory, socketFile);

function openLocalSocket(options: ServerOptions, face: HttpFace, lifecycle: Lifecycle): Promise<void> {
  const path = localSocketOf(options);
  return lifecycle.start({
    name: 'local socket',
    start: () => options.io.files.openOwnSocket(path, () => face.listenUnix(path)),
    stop: () => face.stop(),
  });
}

function contextOf(
  { io, logger, config, packageVersion }: ServerOptions,
  administered: Administered,
  audit: AppendLog,
): AdminContext {
  return {
    get sip() {
      return administered.sip();
    },
    clock: io.clock,
    logger,
    audit: new FileAuditLog(audit, logger),
    directory: administered.directory,
    host: administered.host,
    server: administered.softether,
    listeners: administered.listeners,
    identity: administered.identity,
    adminPassword: administered.adminPassword,
    bridges: bridgeControl(administered),
    licences: administered.licences,
    backplane: administered.backplane,
    hostNetwork: nodeHostNetwork,
    ownKeys: administered.ownKeys,
    // All members of a server write to one folder: one of them shows it.
    ...(administered.seat.index === 0
      ? { logs: createNodeLogFiles({ [auditFolder]: join(config.server.dataDirectory, auditFolder) }) }
      : {}),
    cluster: clusterControl(io.clock, logger, administered),
    info: serverFacts({
      machine: io.machine,
      clock: io.clock,
      hostName: administered.hostName,
      packageVersion,
      ciphers: io.tlsCiphers,
      limits: {
        ...defaultDirectoryLimits,
        maxSessions: config.softether.maxSessions,
        maxMacEntries: config.hub.maxMacEntries,
        maxIpEntries: config.hub.maxIpEntries,
      },
    }),
  };
}

function clusterControl(
  clock: Clock,
  logger: Logger,
  { control, place, statistics }: Pick<Administered, 'control' | 'place' | 'statistics'>,
): ClusterControl {
  const { modes, tasks } = control;
  const steps = { modes, backUp: (to: ClusterMode) => control.backUp(to), ...(tasks === undefined ? {} : { tasks }) };
  if (place === undefined) return steps;
  const { bus, registry: membership, election: controllership } = place;
  const members = new MemberCalls({ bus, membership, controllership, clock, logger });
  return { ...steps, members, ...(statistics === undefined ? {} : { statistics }) };
}

function bridgeControl({ bridges, bridgesEverywhere: everywhere, devices }: Administered): AdminContext['bridges'] {
  const control = {
    isSupported: true,
    devices: () => devices.list(),
    create: (bridge: BridgeRecord) => bridges.directory.create(bridge),
    delete: (hubName: string, deviceName: string) => bridges.directory.delete(hubName, deviceName),
  };
  if (everywhere === undefined) return { ...control, list: () => bridges.host.bridges() };
  return {
    ...control,
    list: () => [
      ...bridges.host.bridges(),
      ...everywhere.host.bridges().map((bridge) => ({ ...bridge, isEverywhere: true })),
    ],
    everywhere: {
      create: (bridge) => everywhere.directory.create(bridge),
      delete: (hubName, deviceName) => everywhere.directory.delete(hubName, deviceName),
    },
  };
}
