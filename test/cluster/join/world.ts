import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openEmbedded, type Backplane, type Guard } from '#backplane';
import { certificateDer, sha0, type Logger } from '#base';
import {
  ClusterState,
  JoinDesk,
  joinAlpn,
  ServerCluster,
  ServerRegistry,
  type ClusterEngine,
  type ClusterStep,
  type DeskStanding,
  type EngineCandidate,
  type EngineSettings,
  type ModeSwitch,
  type OwnServer,
  type RunningCluster,
} from '#cluster';
import type { Clock, Network, Random, RunningListener, ServerIdentity } from '#io';
import {
  createNodeAuthorities,
  createNodeCertificates,
  createNodeClock,
  createNodeFiles,
  createNodeNetwork,
  createNodeRandom,
} from '#io/node';
import { MemoryNetwork, SeededRandom, VirtualClock } from '#io/sim';

export const password = (text: string): Buffer => sha0(text);

/** What an engine would have been told. */
class FakeEngine implements ClusterEngine {
  local: ClusterEngine['local'] = { peerPort: 5569, clientPort: 5568 };
  readonly admitted = new Map<string, EngineCandidate>();
  readonly eligible = new Set<string>();
  isErased = false;
  /** What the next call fails with. */
  failure: Error | undefined;
  /** What a look finds, where nothing is known yet. */
  found: ClusterEngine['local'] | undefined;

  look(): Promise<void> {
    this.local = this.found ?? this.local;
    return Promise.resolve();
  }

  create(self: EngineCandidate): Promise<EngineSettings> {
    return this.#do(() => {
      this.isErased = false;
      this.admitted.set(self.serverName, self);
      return { role: 'voter', endpoints: [`${self.address}:${self.clientPort}`], initialCluster: '' };
    });
  }

  admit(candidate: EngineCandidate): Promise<EngineSettings> {
    return this.#do(() => {
      this.admitted.set(candidate.serverName, candidate);
      const role = candidate.peerPort === 0 ? 'client' : 'learner';
      return {
        role,
        endpoints: ['192.0.2.1:5568'],
        initialCluster: role === 'client' ? '' : 'a=https://192.0.2.1:5569',
      };
    });
  }

  expel(serverName: string): Promise<void> {
    return this.#do(() => void this.admitted.delete(serverName));
  }

  makeEligible(serverName: string): Promise<void> {
    return this.#do(() => void this.eligible.add(serverName));
  }

  erase(): Promise<void> {
    this.isErased = true;
    return Promise.resolve();
  }

  #do<T>(run: () => T): Promise<T> {
    const { failure } = this;
    this.failure = undefined;
    return failure === undefined ? Promise.resolve(run()) : Promise.reject(failure);
  }
}

/** Remembers what was asked for. */
class FakeModes implements ModeSwitch {
  readonly calls: string[] = [];
  readonly failures: Error[] = [];
  backupFailure: Error | undefined;
  readonly #state: ClusterState;

  constructor(state: ClusterState) {
    this.#state = state;
  }

  losses(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  backUp(to: string): Promise<string> {
    this.calls.push(`back up before ${to}`);
    const failure = this.backupFailure;
    return failure === undefined ? Promise.resolve(`/backup-${to}.json`) : Promise.reject(failure);
  }

  restart(options: { readonly importFrom?: string } = {}): Promise<void> {
    const mode = this.#state.current?.settings.mode ?? 'standalone';
    this.calls.push(`restart as ${mode}${options.importFrom === undefined ? '' : ` with ${options.importFrom}`}`);
    const failure = this.failures.shift();
    return failure === undefined ? Promise.resolve() : Promise.reject(failure);
  }
}

export interface Line {
  readonly level: string;
  readonly text: string;
}

const recorder = (lines: Line[]): Logger => {
  const write =
    (level: string) =>
    (_fields: object, text: string): void =>
      void lines.push({ level, text });
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => logger,
  };
  return logger;
};

/** A server with everything that joining needs of it. */
export interface TestServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly state: ClusterState;
  readonly engine: FakeEngine;
  readonly modes: FakeModes;
  readonly cluster: ServerCluster;
  readonly identity: ServerIdentity;
  readonly log: Line[];
  readonly steps: ClusterStep[];
  readonly progress: (step: ClusterStep) => void;
  standing: DeskStanding;
  running: RunningCluster | undefined;
  password: Buffer;
  readonly listener: RunningListener;
}

export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly backplane: Backplane;
  readonly registry: ServerRegistry;
  /** Of the leadership. */
  readonly guard: Guard;
  /** Names and addresses of servers that run. */
  readonly live: { serverName: string; address: string }[];
  network(address: string): Network;
  /** Waits for `promise`, and lets the time that it needs pass. */
  settled<T>(promise: Promise<T>): Promise<T>;
  server(options: ServerOptions): Promise<TestServer>;
}

export interface ServerOptions {
  readonly name: string;
  readonly address: string;
  readonly password?: string;
  /** Absent = somebody configured its name. */
  readonly isNameChosen?: boolean;
  readonly clock?: Clock;
  readonly version?: string;
  readonly network?: Network;
}

/** The controller's guard: a key that only grows older. */
const leaderKey = 'elect/controller';

async function openWorld(base: {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: (address: string) => Network;
  readonly settled: World['settled'];
  readonly port: number;
}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'hubfarm-join-'));
  const backplane = await openEmbedded({ path: join(folder, 'store.db'), clock: createNodeClock() });
  onTestFinished(async () => {
    await backplane.close();
    rmSync(folder, { recursive: true });
  });
  const revision = await backplane.put(leaderKey, 'test');
  const guard: Guard = { key: leaderKey, modRevision: revision };
  const registry = new ServerRegistry(backplane, () => guard);
  const world: World = {
    clock: base.clock,
    random: base.random,
    backplane,
    registry,
    guard,
    live: [],
    network: base.network,
    settled: base.settled,
    server: (options) => openServer(world, folder, base.port, options),
  };
  return world;
}

let identities = 0;

async function openServer(world: World, folder: string, port: number, options: ServerOptions): Promise<TestServer> {
  const { name, address, clock = world.clock, version = '0.1.0' } = options;
  const network = options.network ?? world.network(address);
  const identity = await createNodeCertificates(createNodeClock()).makeSelfSigned({
    hostName: `${name}-${identities++}`,
  });
  const state = await ClusterState.open(createNodeFiles(createNodeClock()), join(folder, `${name} at ${address}`));
  const engine = new FakeEngine();
  const modes = new FakeModes(state);
  const log: Line[] = [];
  const logger = recorder(log);
  const steps: ClusterStep[] = [];
  const deps = { clock, random: world.random, network, authorities: createNodeAuthorities(clock), version, logger };
  const desk = new JoinDesk({ ...deps, standing: () => server.standing });
  const listener = await network.listenTls({
    host: address,
    port,
    identity: () => identity,
    alpn: [joinAlpn],
    handshakeTimeoutMs: 5_000,
    admit: () => true,
    abandoned: () => undefined,
    connected: (stream) => {
      if (stream.tls?.alpn === joinAlpn) desk.accept(stream);
      else stream.close();
    },
  });
  onTestFinished(async () => {
    desk.stop();
    await listener.close();
  });
  const self: OwnServer = {
    defaultName: name,
    isNameChosen: options.isNameChosen ?? true,
    hostName: `${name}.example`,
    address: () => address,
    listenerCertificate: () => certificateDer(Buffer.from(identity.certificatePem)) ?? Buffer.alloc(0),
    licences: () => [],
    listenerPorts: () => [listener.local.port],
  };
  const server: TestServer = {
    name,
    address,
    port: listener.local.port,
    state,
    engine,
    modes,
    cluster: new ServerCluster({
      ...deps,
      drainCallsMs: 60_000,
      state,
      modes,
      engine,
      self: () => self,
      cluster: () => server.running,
    }),
    identity,
    log,
    steps,
    progress: (step) => steps.push(step),
    standing: { kind: 'standalone' },
    running: undefined,
    password: password(options.password ?? 'secret'),
    listener,
  };
  return server;
}

/** Makes `server` the controller of the world's cluster. */
export async function controls(world: World, server: TestServer): Promise<void> {
  const change = await world.settled(server.cluster.init({}, server.progress));
  await world.settled(change.restarted);
  const files = server.state.current!;
  await world.registry.write({
    serverName: files.settings.serverName,
    state: 'joined',
    sinceMs: world.clock.wallMs(),
    hostName: server.name,
    address: server.address,
    version: '0.1.0',
    isEligible: true,
    engineRole: 'voter',
    certificateNotAfterMs: 0,
  });
  server.standing = {
    kind: 'controller',
    cluster: {
      clusterId: files.settings.clusterId,
      hashedPassword: () => server.password,
      authority: () => server.state.current!.authority!,
      authorityPem: () => server.state.current!.authorityPem,
      registry: world.registry,
      engine: server.engine,
      liveServers: () => world.live,
    },
  };
}

/** Servers on a network in memory; time is virtual. */
export async function memoryWorld(): Promise<World & { readonly clock: VirtualClock; readonly net: MemoryNetwork }> {
  const clock = new VirtualClock(Date.now());
  const random = new SeededRandom(11);
  const net = new MemoryNetwork({ clock, random, latencyMs: 2 });
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    const waiting = { isOver: false };
    const over = (): void => {
      waiting.isOver = true;
    };
    promise.then(over, over);
    // Keys are made and files written in real time, which passes more slowly at first: time-outs must not come before.
    for (let rounds = 0; !waiting.isOver && rounds < 5_000; rounds++) {
      await clock.run(rounds < 400 ? 5 : rounds < 1_200 ? 10 : 200);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (!waiting.isOver) throw new Error('it did not end');
    return promise;
  };
  const world = await openWorld({ clock, random, network: (address) => net.machine(address), settled, port: 443 });
  return { ...world, clock, net };
}

/** Servers on the loopback network of this machine, with real TLS. */
export function loopbackWorld(): Promise<World> {
  const network = createNodeNetwork();
  return openWorld({
    clock: createNodeClock(),
    random: createNodeRandom(),
    network: () => network,
    settled: (promise) => promise,
    port: 0,
  });
}
