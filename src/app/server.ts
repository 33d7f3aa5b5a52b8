import { join } from 'node:path';
import { openEmbeddedStore } from '#backplane';
import { Lifecycle } from '#base';
import {
  ClusterState,
  ClusterTasks,
  joinAlpn,
  JoinDesk,
  memberName,
  ServerCluster,
  type ControllerSettings,
  type DeskStanding,
} from '#cluster';
import { localSocketOf } from './administration.ts';
import { EngineHome } from './cluster/engine-home.ts';
import { logSteps, StepModes } from './cluster/step-modes.ts';
import type { SipListenerStatus } from '#sip';
import { IdleCollection } from './idle-collection.ts';
import type { ListenerStatus } from './listener-set.ts';
import { openOwnRecords } from './member/own-records.ts';
import type { ModeControl } from './member/seat.ts';
import type { ServerOptions } from './server-options.ts';
import { ServerProcess, type ServerHooks } from './server-process.ts';

/** A server that is up. */
export interface RunningServer {
  readonly isFirstStart: boolean;
  /** At the start that made it; nobody can learn it later. */
  readonly generatedAdminPassword: string | undefined;
  /** Of all members. */
  readonly listeners: readonly ListenerStatus[];
  readonly sipListeners: readonly SipListenerStatus[];
  readonly localSocket: string;
  /**
   * New calls go elsewhere from now on. Resolves when none has its media here any more, or `media.stopS` is over; at once where
   * that is 0.
   */
  leave(): Promise<void>;
  /** Ends sessions in order, writes what is to be kept; takes at most some seconds. */
  stop(): Promise<void>;
}

/** Name of the store's file in the data directory. */
const storeFile = 'hubfarm.db';

/** The process: its data directory, the store on its disk, what is its own, and its members in the present mode. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const lifecycle = new Lifecycle();
  try {
    return await start(options, lifecycle);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function start(options: ServerOptions, lifecycle: Lifecycle): Promise<RunningServer> {
  const { config, io, logger } = options;
  const { clock, threads } = io;
  const { dataDirectory } = config.server;
  const collection = new IdleCollection(clock, io.heap);
  await lifecycle.start({ name: 'garbage collection', stop: () => collection.stop() });
  const lock = await io.files.lockDirectory(dataDirectory);
  await lifecycle.start({ name: 'data directory', stop: () => lock.release() });
  const store = await openEmbeddedStore({ path: join(dataDirectory, storeFile), clock, logger, threads });
  await lifecycle.start({ name: 'store', stop: () => store.backplane.close() });
  const own = await openOwnRecords(store.backplane, options, lifecycle);

  const state = await ClusterState.open(io.files, dataDirectory);
  const engine = new EngineHome(options, state);
  const server = new ServerProcess(options, { store, own, state, engine }, () => hooks);
  const hooks = serverHooks(options, server, state, engine);
  const members = await server.start();
  await lifecycle.start({ name: 'members', stop: () => server.stop() });
  return {
    isFirstStart: members.first.isFirstStart,
    generatedAdminPassword: own.adminPassword.generated,
    listeners: members.listeners(),
    sipListeners: members.sipListeners(),
    localSocket: localSocketOf(options),
    leave: () => server.leave(),
    stop: async () => {
      for (const { name, error } of await lifecycle.stop())
        logger.error({ err: error }, `${name} did not stop in order`);
    },
  };
}

/** How administrators, and servers that join, change the part of this server in a cluster. */
function serverHooks(
  { config, io, logger, packageVersion: version }: ServerOptions,
  server: ServerProcess,
  state: ClusterState,
  engine: EngineHome,
): ServerHooks {
  const { clock, random, network, authorities } = io;
  const steps = new ServerCluster({
    clock,
    random,
    network,
    authorities,
    version,
    logger,
    state,
    modes: server,
    engine,
    drainCallsMs: config.media.drainS * 1000,
    self: () => server.self(),
    cluster: () => server.running,
  });
  const desk = new JoinDesk({
    clock,
    random,
    logger,
    network,
    authorities,
    version,
    standing: () => standingOf(server, state),
  });
  const modes = new StepModes({
    steps,
    logger,
    adjust: (settings) => adjust(server, state, settings),
    knownPassword: () => undefined,
  });
  const control: ModeControl = {
    modes,
    tasks: new ClusterTasks(steps, { random, clock }),
    backUp: (to) => server.backUp(to),
    alpn: [joinAlpn],
    takeOver: (stream) => desk.accept(stream),
  };
  return { control, removed: () => steps.removed(logSteps(logger)) };
}

function standingOf(server: ServerProcess, state: ClusterState): DeskStanding {
  if (state.current === undefined) return { kind: 'standalone' };
  const { running } = server;
  if (running === undefined) return { kind: 'notReady', why: 'the server is being started' };
  if (running.controllership.isController()) return { kind: 'controller', cluster: running.desk };
  const member = running.controllership.controller()?.member;
  if (member === undefined) return { kind: 'notReady', why: 'the cluster has no controller at the moment' };
  const { publicAddress = '', publicPorts = [] } = running.membership.find(member)?.info ?? {};
  return { kind: 'member', controller: `${memberName(member)} (${publicAddress}:${publicPorts[0] ?? ''})` };
}

/** Takes effect at once, and stays. */
async function adjust(server: ServerProcess, state: ClusterState, settings: ControllerSettings): Promise<void> {
  const { weight, isControllerOnly } = settings;
  const isKept = await state.change((files) => ({
    ...files,
    settings: { ...files.settings, weight, isControllerOnly },
  }));
  if (!isKept) return;
  await server.running?.membership.announce({ weight, isControllerOnly });
}
