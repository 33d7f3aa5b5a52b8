import { openEtcd, type Backplane } from '#backplane';
import type { Lifecycle, Logger } from '#base';
import type { NodeIo } from '#io/node';
import { atMost, engineFarewellMs } from '../member/at-most.ts';
import type { RemoteCluster } from './cluster-part.ts';
import { SeenConfiguration } from './seen-configuration.ts';
import { startsUnanswered } from './unanswered-start.ts';

export interface SharedStoreOptions {
  /** Read at each connection, and whenever an engine has failed. */
  readonly remote: () => RemoteCluster;
  readonly clusterId: string;
  /** On this server's disk: what was seen of the configuration is kept there. */
  readonly local: Backplane;
  /** One member of each server keeps it. */
  readonly isKeeper: boolean;
  readonly io: NodeIo;
  readonly logger: Logger;
}

export interface SharedStore {
  readonly shared: Backplane;
  readonly seen: SeenConfiguration;
}

/** The store of the whole cluster. It opens also while the engine is away. */
export async function openSharedStore(options: SharedStoreOptions, lifecycle: Lifecycle): Promise<SharedStore> {
  const { remote, clusterId, local, isKeeper, io, logger } = options;
  const { http2, clock, random, files } = io;
  const tls = () => ({ identity: remote().identity });
  const endpoints = () => remote().endpoints;
  const store = await openEtcd({ endpoints, tls, http2, clock, random, files, logger });
  await lifecycle.start({ name: 'store of the cluster', stop: () => atMost(clock, engineFarewellMs, store.close()) });
  const seen = await SeenConfiguration.open({ local, clusterId, engine: store, clock, logger, isKeeper });
  await lifecycle.start({ name: 'kept configuration of the cluster', stop: () => seen.stop() });
  return { shared: startsUnanswered(store, seen, clock, logger), seen };
}
