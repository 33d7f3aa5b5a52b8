import { join } from 'node:path';
import { openEmbedded, type Backplane } from '#backplane';
import { HubfarmError, Lifecycle } from '#base';
import { BridgeDirectory, BridgeHost, HubDirectory, HubHost } from '#hub';
import type { ByteStream } from '#io';
import { SessionJournal, SoftEtherServer } from '#softether';
import { AdminPassword } from './admin-password.ts';
import { openAdministration, type Administration } from './administration.ts';
import { defaultPorts } from './config/sections.ts';
import { makeFirstHub } from './first-hub.ts';
import { Health } from './health.ts';
import { certificateCheck, listenersCheck, storeCheck } from './health-checks.ts';
import { hubMetrics } from './hub-metrics.ts';
import { StoredIdentity } from './identity.ts';
import { ListenerSet, type ListenerStatus } from './listener-set.ts';
import { Metrics } from './metrics.ts';
import { processMetrics } from './process-metrics.ts';
import { SavedListeners } from './saved-listeners.ts';
import { productName, protocolVersion } from './server-facts.ts';
import { openServerId } from './server-id.ts';
import type { ServerOptions } from './server-options.ts';
import { softEtherMetrics } from './softether-metrics.ts';

/** A server that is up. */
export interface RunningServer {
  readonly isFirstStart: boolean;
  /** At the start that made it; nobody can learn it later. */
  readonly generatedAdminPassword: string | undefined;
  readonly listeners: readonly ListenerStatus[];
  readonly localSocket: string;
  /** Ends sessions in order, writes what is to be kept; takes at most some seconds. */
  stop(): Promise<void>;
}

/** Name of the store's file in the data directory. */
const storeFile = 'hubfarm.db';
/** Where local administrators come in, in the data directory. */
const socketFile = 'admin.sock';

/** All constructors of a stand-alone server, in the order of their start; they stop in reverse. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const lifecycle = new Lifecycle();
  try {
    return await assemble(options, lifecycle);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function assemble(options: ServerOptions, lifecycle: Lifecycle): Promise<RunningServer> {
  const { config, io, logger } = options;
  const { clock, random } = io;
  const dataDirectory = config.server.dataDirectory;
  const lock = await io.files.lockDirectory(dataDirectory);
  await lifecycle.start({ name: 'data directory', stop: () => lock.release() });

  const backplane = await openStore(dataDirectory, options);
  await lifecycle.start({ name: 'store', stop: () => backplane.close() });
  const serverId = await openServerId(backplane, random);
  const own = `cfg/server/${serverId}`;
  const hostName = config.server.name === '' ? io.machine.hostName : config.server.name;

  const adminPassword = await AdminPassword.open({
    backplane,
    key: `${own}/admin-password`,
    random,
    initial: options.initialAdminPassword,
  });
  await lifecycle.start({ name: 'administrator password', stop: () => adminPassword.close() });
  const identity = await StoredIdentity.open({
    backplane,
    key: `${own}/identity`,
    certificates: io.certificates,
    hostName,
  });
  await lifecycle.start({ name: 'identity', stop: () => identity.close() });

  const directory = await HubDirectory.open(backplane, clock, { logger });
  await lifecycle.start({ name: 'hub directory', stop: () => directory.close() });
  const isFirstStart = await makeFirstHub({ backplane, directory, clock, name: config.server.firstHub });
  const host = await HubHost.open({ directory, backplane, clock, random, logger, limits: config.hub });
  await lifecycle.start({ name: 'hubs', stop: () => host.stop() });

  const bridgeDirectory = await BridgeDirectory.open(backplane, { logger });
  await lifecycle.start({ name: 'bridge directory', stop: () => bridgeDirectory.close() });
  const bridgeHost = new BridgeHost({ directory: bridgeDirectory, hubs: host, devices: io.ethernet, clock, logger });
  await lifecycle.start({ name: 'local bridges', stop: () => bridgeHost.stop() });

  // The VPN server and its administration know each other; connections come only when both are up.
  const faces: { administration?: Administration } = {};
  const requireAdministration = (): Administration => {
    if (faces.administration === undefined) throw new Error('a connection came before the administration was up');
    return faces.administration;
  };
  const prefix = `run/session/${serverId}/`;
  const journal = await SessionJournal.open({ backplane, prefix, clock, logger });
  await lifecycle.start({ name: 'session journal', stop: () => journal.stop() });
  const softether = new SoftEtherServer({
    journal,
    clock,
    random,
    logger,
    directory,
    host,
    limits: config.softether,
    identityCertificateDer: () => identity.certificateDer(),
    adminPassword,
    admin: { open: (login, channel) => requireAdministration().rpc.open(login, channel) },
    http: (stream, unread) => requireAdministration().serveHttp(stream, unread),
    productName,
    ...protocolVersion,
  });
  await lifecycle.start({ name: 'VPN server', stop: () => softether.stop() });

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
    connected: (stream: ByteStream, port: number) => softether.accept(stream, port),
  });
  const listeners = await SavedListeners.load({
    set,
    backplane,
    key: `${own}/listeners`,
    configured: config.listeners.addresses,
    defaultPorts,
  });
  const localSocket = join(dataDirectory, socketFile);
  const health = new Health();
  const metrics = new Metrics();
  const ofProcess = processMetrics(clock, { version: options.packageVersion });
  await lifecycle.start({ name: 'process metrics', stop: () => ofProcess.stop() });
  metrics.addAll([...ofProcess.metrics, ...hubMetrics(host), ...softEtherMetrics(softether.counters)]);
  faces.administration = await openAdministration(
    options,
    {
      backplane,
      directory,
      host,
      bridges: { directory: bridgeDirectory, host: bridgeHost, devices: io.ethernet },
      softether,
      listeners,
      identity,
      adminPassword,
      health,
      metrics,
      hostName,
      ownKeys: `${own}/`,
      localSocket,
    },
    lifecycle,
  );
  await lifecycle.start({ name: 'listeners', start: () => listeners.open(), stop: () => listeners.close() });
  refuseIfDeaf(listeners.list());
  health.addCheck(storeCheck(backplane));
  health.addCheck(listenersCheck(() => listeners.list()));
  health.addCheck(certificateCheck(clock, () => identity.info()));
  health.started();
  return {
    isFirstStart,
    generatedAdminPassword: adminPassword.generated,
    listeners: listeners.list(),
    localSocket,
    stop: async () => {
      health.stopping('the server is stopping');
      for (const { name, error } of await lifecycle.stop())
        logger.error({ err: error }, `${name} did not stop in order`);
    },
  };
}

function openStore(dataDirectory: string, { io, logger }: ServerOptions): Promise<Backplane> {
  return openEmbedded({ path: join(dataDirectory, storeFile), clock: io.clock, logger, threads: io.threads });
}

/** Without any listener nobody could reach this server: better no server than one that only seems to be up. */
function refuseIfDeaf(listeners: readonly ListenerStatus[]): void {
  const enabled = listeners.filter(({ isEnabled }) => isEnabled);
  if (enabled.length === 0 || enabled.some(({ isListening }) => isListening)) return;
  const reasons = enabled.map(({ port, error }) => `port ${port}: ${error ?? 'not open'}`);
  throw new HubfarmError('NO_LISTENER', `no listener could be opened (${reasons.join('; ')})`);
}
