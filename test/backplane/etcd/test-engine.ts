import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger, type Logger } from '#base';
import { Engine, openEtcd, type Backplane, type EngineOptions, type EtcdOptions } from '#backplane';
import type { Clock } from '#io';
import { createNodeIo } from '#io/node';
import { newAuthority, type Authority } from './authority.ts';
import { freePorts } from '../../io/node/free-ports.ts';

export const io = createNodeIo();

/** One etcd of our own, with certificates, under a supervisor. */
export interface TestEngine {
  readonly engine: Engine;
  readonly name: string;
  readonly host: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly options: EngineOptions;
  pid(): number;
  /** SIGSTOP, SIGCONT, SIGKILL to the process itself. */
  signal(name: NodeJS.Signals): void;
  signalIfThere(name: NodeJS.Signals): void;
}

export interface TestCluster {
  readonly authority: Authority;
  readonly folder: string;
  readonly logger: Logger;
}

export async function newTestCluster(folder: string, logger: Logger = silentLogger): Promise<TestCluster> {
  return { authority: await newAuthority(), folder, logger };
}

export async function newTestEngine(
  cluster: TestCluster,
  name: string,
  settings: Partial<EngineOptions> = {},
): Promise<TestEngine> {
  const free = await freePorts(2);
  const { clientPort = free, peerPort = free + 1 } = settings;
  const directory = join(cluster.folder, name);
  const tls = { client: await cluster.authority.issue(name), peer: await cluster.authority.issue('engine-peer') };
  const options: EngineOptions = {
    name,
    directory,
    host: '127.0.0.1',
    listenHost: '127.0.0.1',
    clientPort,
    peerPort,
    tls,
    clusterId: 'test',
    join: 'new',
    processes: io.processes,
    commands: io.commands,
    files: io.files,
    http2: io.http2,
    clock: io.clock,
    logger: cluster.logger,
    ...settings,
  };
  const pid = (): number => Number(readFileSync(join(directory, 'engine.pid'), 'utf8').split(' ')[0]);
  const signal = (signal: NodeJS.Signals): void => {
    process.kill(pid(), signal);
  };
  return {
    engine: new Engine(options),
    name,
    host: '127.0.0.1',
    clientPort,
    peerPort,
    options,
    pid,
    signal,
    signalIfThere: (name) => {
      if (!existsSync(join(directory, 'engine.pid'))) return;
      try {
        signal(name);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    },
  };
}

/** A client of the engines, who shows a certificate made out to `name`. */
export async function newClient(
  cluster: TestCluster,
  engines: readonly TestEngine[],
  name: string,
  settings: Partial<EtcdOptions> & { readonly clock?: Clock } = {},
): Promise<Backplane> {
  const identity = await cluster.authority.issue(name);
  return openEtcd({
    endpoints: engines.map(({ host, clientPort }) => ({ host, port: clientPort })),
    tls: () => ({ identity }),
    http2: io.http2,
    clock: io.clock,
    random: io.random,
    files: io.files,
    logger: cluster.logger,
    ...settings,
  });
}
