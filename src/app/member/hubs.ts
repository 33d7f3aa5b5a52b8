import type { Backplane, Guard } from '#backplane';
import type { Lifecycle } from '#base';
import { BridgeDirectory, BridgeHost, ClusterStatistics, HubDirectory, HubHost } from '#hub';
import { makeFirstHub } from '../first-hub.ts';
import type { ServerOptions } from '../server-options.ts';
import { atMost, engineFarewellMs } from './at-most.ts';
import type { ClusterPlace } from './cluster-place.ts';
import type { Stores } from './seat.ts';

export interface Bridges {
  readonly directory: BridgeDirectory;
  readonly host: BridgeHost;
}

export interface Hubs {
  readonly directory: HubDirectory;
  readonly host: HubHost;
  readonly bridges: Bridges;
  /** Bridges that each server of the cluster has; undefined = this server stands alone. */
  readonly bridgesEverywhere: Bridges | undefined;
  readonly statistics: ClusterStatistics | undefined;
  readonly isFirstStart: boolean;
}

/** The Virtual Hubs that run on this member, and what is attached to them here. */
export async function openHubs(
  options: ServerOptions,
  { local, shared, patient }: Stores,
  place: ClusterPlace | undefined,
  isFirstMember: boolean,
  lifecycle: Lifecycle,
): Promise<Hubs> {
  const { config, io, logger } = options;
  const { clock, random } = io;
  const isAlone = local === shared;
  const leadership = (): Guard | undefined => place?.election.guard();
  const directory = await HubDirectory.open(patient, clock, { logger, ...(isAlone ? {} : { leadership }) });
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

  const bridgesHere = await BridgeDirectory.open(local, { logger });
  const bridges = await openBridges('local bridges', options, bridgesHere, host, lifecycle);
  const declared = isAlone ? undefined : await BridgeDirectory.open(patient, { logger, scope: 'cluster', leadership });
  const bridgesEverywhere =
    declared && (await openBridges('bridges of all servers', options, declared, host, lifecycle));
  return { directory, host, statistics, bridges, bridgesEverywhere, isFirstStart };
}

async function openBridges(
  name: string,
  { io, logger }: ServerOptions,
  directory: BridgeDirectory,
  hubs: HubHost,
  lifecycle: Lifecycle,
): Promise<Bridges> {
  const host = new BridgeHost({ directory, hubs, devices: io.ethernet, clock: io.clock, logger });
  await lifecycle.start({
    name,
    stop: () => {
      host.stop();
      directory.close();
    },
  });
  return { directory, host };
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
