import { join } from 'node:path';
import { openEmbeddedStore } from '#backplane';
import { Lifecycle } from '#base';
import { localSocketOf } from './administration.ts';
import type { ListenerStatus } from './listener-set.ts';
import { openOwnRecords } from './member/own-records.ts';
import { startMembers } from './member/server-members.ts';
import type { ServerOptions } from './server-options.ts';

/** A server that is up. */
export interface RunningServer {
  readonly isFirstStart: boolean;
  /** At the start that made it; nobody can learn it later. */
  readonly generatedAdminPassword: string | undefined;
  /** Of all members. */
  readonly listeners: readonly ListenerStatus[];
  readonly localSocket: string;
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
  const lock = await io.files.lockDirectory(dataDirectory);
  await lifecycle.start({ name: 'data directory', stop: () => lock.release() });
  const store = await openEmbeddedStore({ path: join(dataDirectory, storeFile), clock, logger, threads });
  await lifecycle.start({ name: 'store', stop: () => store.backplane.close() });
  const own = await openOwnRecords(store.backplane, options, lifecycle);

  const members = await startMembers(options, store, own);
  await lifecycle.start({ name: 'members', stop: () => members.stop() });
  return {
    isFirstStart: members.isFirstStart,
    generatedAdminPassword: own.adminPassword.generated,
    listeners: members.listeners(),
    localSocket: localSocketOf(options),
    stop: async () => {
      for (const { name, error } of await lifecycle.stop())
        logger.error({ err: error }, `${name} did not stop in order`);
    },
  };
}
