import { Engine, EngineAdministration } from '#backplane';
import { freePorts } from '../../io/node/free-ports.ts';
import { io, newTestEngine, type TestCluster, type TestEngine } from './test-engine.ts';

export interface ThreeEngines {
  readonly engines: TestEngine[];
  /** As the first server, which is eligible. */
  readonly administration: EngineAdministration;
  leader(): Promise<TestEngine>;
  /** Stops all, and gives each a new supervisor, which is not started. */
  stopAndRenew(): Promise<void>;
  stop(): Promise<void>;
}

/** A cluster as it comes about: one server alone, a second one, a third one. Access is confined from the start. */
export async function startThreeEngines(cluster: TestCluster): Promise<ThreeEngines> {
  const first = await newTestEngine(cluster, 'm1');
  await first.engine.start();
  const engines = [first];
  const administration = await administer(cluster, engines, 'm1');
  await administration.access.allow('m1', 'eligible');
  await administration.access.enable();
  for (const name of ['m2', 'm3']) engines.push(await joinEngine(cluster, administration, name));
  // One that knows all three: the first may be the one that is down.
  administration.close();
  const all = await administer(cluster, engines, 'm1');
  return {
    engines,
    administration: all,
    leader: async () => {
      // For a moment, after one has failed, nobody leads.
      for (const endMs = performance.now() + 60_000; performance.now() < endMs;) {
        for (const engine of engines) {
          const status = await engine.engine.status().catch(() => undefined);
          if (status?.leader === status?.memberId && status !== undefined) return engine;
        }
      }
      throw new Error('no engine leads');
    },
    stopAndRenew: async () => {
      await Promise.all(engines.map(({ engine }) => engine.stop()));
      for (const [at, engine] of engines.entries()) engines[at] = { ...engine, engine: new Engine(engine.options) };
    },
    stop: async () => {
      all.close();
      for (const engine of engines) engine.signalIfThere('SIGCONT');
      await Promise.all(engines.map(({ engine }) => engine.stop()));
    },
  };
}

export async function joinEngine(
  cluster: TestCluster,
  administration: EngineAdministration,
  name: string,
): Promise<TestEngine> {
  const clientPort = await freePorts(2);
  const peerPort = clientPort + 1;
  const admission = await administration.admit({ name, host: '127.0.0.1', peerPort });
  const engine = await newTestEngine(cluster, name, { clientPort, peerPort, join: admission.join });
  await engine.engine.start();
  await administration.complete(admission);
  return engine;
}

export async function administer(
  cluster: TestCluster,
  engines: readonly TestEngine[],
  name: string,
): Promise<EngineAdministration> {
  const identity = await cluster.authority.issue(name);
  return new EngineAdministration({
    endpoints: engines.map(({ host, clientPort }) => ({ host, port: clientPort })),
    tls: () => ({ identity }),
    http2: io.http2,
    clock: io.clock,
    logger: cluster.logger,
  });
}
