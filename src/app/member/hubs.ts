import type { Backplane, Guard } from '#backplane';
import type { Lifecycle } from '#base';
import { BridgeDirectory, BridgeHost, ClusterStatistics, HubDirectory, HubHost } from '#hub';
import { makeFirstHub } from '../first-hub.ts';
import type { ServerOptions } from '../server-options.ts';
import { atMost, engineFarewellMs } from './at-most.ts';
import type { ClusterPlace } from './cluster-place.ts';
import type { Stores } from './seat.ts';

export interface Hubs {
  readonly directory: HubDirectory;
  readonly host: HubHost;
  readonly bridges: { readonly directory: BridgeDirectory; readonly host: BridgeHost };
  readonly statistics: ClusterStatistics | undefined;
  readonly isFirstStart: boolean;
}

/** The Virtual Hubs that run on this member, and what is attached to them here. */
export async function openHubs(
  options: ServerOptions,
  { local, shared }: Stores,
  place: ClusterPlace | undefined,
  isFirstMember: boolean,
  lifecycle: Lifecycle,
): Promise<Hubs> {
  const { config, io, logger } = options;
  const { clock, random } = io;
  const isAlone = local === shared;
  const leadership = (): Guard | undefined => place?.election.guard();
  const directory = await HubDirectory.open(shared, clock, { logger, ...(isAlone ? {} : { leadership }) });
  await lifecycle.start({ name: 'hub directory', stop: () => directory.close() });
  const name = config.server.firstHub;
  const isFirstStart = isAlone && isFirstMember && (await makeFirstHub({ backplane: local, directory, clock, name }));
  const limits = config.hub;
  const statistics = place && (await openStatistics(options, shared, directory, place, lifecycle));
  const host = await HubHost.open({
    directory,
    backplane: shared,
    clock,
    random,
    logger,
    limits,
    isClustered: place !== undefined,
    ...(statistics === undefined ? {} : { statistics: statistics.keeper }),
  });
  const stopHubs = (): Promise<void> => host.stop();
  await lifecycle.start({
    name: 'hubs',
    stop: isAlone ? stopHubs : () => atMost(clock, engineFarewellMs, stopHubs()),
  });

  const bridgeDirectory = await BridgeDirectory.open(local, { logger });
  await lifecycle.start({ name: 'bridge directory', stop: () => bridgeDirectory.close() });
  const bridgeHost = new BridgeHost({ directory: bridgeDirectory, hubs: host, devices: io.ethernet, clock, logger });
  await lifecycle.start({ name: 'local bridges', stop: () => bridgeHost.stop() });
  const bridges = { directory: bridgeDirectory, host: bridgeHost };
  return { directory, host, statistics, bridges, isFirstStart };
}

/** What this member counts, and what all members have counted together. It stops after the hubs, whose last counts it takes. */
async function openStatistics(
  { io, logger }: ServerOptions,
  shared: Backplane,
  directory: HubDirectory,
  { bus, registry, election }: ClusterPlace,
  lifecycle: Lifecycle,
): Promise<ClusterStatistics> {
  const statistics = await ClusterStatistics.open({
    backplane: shared,
    directory,
    bus,
    controllership: election,
    isEligible: registry.self.isEligible,
    clock: io.clock,
    logger,
  });
  await lifecycle.start({
    name: 'statistics',
    stop: () => atMost(io.clock, engineFarewellMs, statistics.stop()),
  });
  return statistics;
}
