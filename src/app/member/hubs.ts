import type { Lifecycle } from '#base';
import { BridgeDirectory, BridgeHost, HubDirectory, HubHost } from '#hub';
import { makeFirstHub } from '../first-hub.ts';
import type { ServerOptions } from '../server-options.ts';
import type { Stores } from './seat.ts';

export interface Hubs {
  readonly directory: HubDirectory;
  readonly host: HubHost;
  readonly bridges: { readonly directory: BridgeDirectory; readonly host: BridgeHost };
  readonly isFirstStart: boolean;
}

/** The Virtual Hubs that run on this member, and what is attached to them here. */
export async function openHubs(
  { config, io, logger }: ServerOptions,
  { local, shared }: Stores,
  { makesFirstHub, isClustered }: { readonly makesFirstHub: boolean; readonly isClustered: boolean },
  lifecycle: Lifecycle,
): Promise<Hubs> {
  const { clock, random } = io;
  const directory = await HubDirectory.open(shared, clock, { logger });
  await lifecycle.start({ name: 'hub directory', stop: () => directory.close() });
  const name = config.server.firstHub;
  const isFirstStart = makesFirstHub && (await makeFirstHub({ backplane: local, directory, clock, name }));
  const limits = config.hub;
  const host = await HubHost.open({ directory, backplane: shared, clock, random, logger, limits, isClustered });
  await lifecycle.start({ name: 'hubs', stop: () => host.stop() });

  const bridgeDirectory = await BridgeDirectory.open(local, { logger });
  await lifecycle.start({ name: 'bridge directory', stop: () => bridgeDirectory.close() });
  const bridgeHost = new BridgeHost({ directory: bridgeDirectory, hubs: host, devices: io.ethernet, clock, logger });
  await lifecycle.start({ name: 'local bridges', stop: () => bridgeHost.stop() });
  return { directory, host, bridges: { directory: bridgeDirectory, host: bridgeHost }, isFirstStart };
}
