/**
 * How long a client that pings notices nothing but silence when a server of a cluster fails, hubfarm's cluster and SoftEther's in
 * turn:
 *
 *     node -C hubfarm-source bench/cluster/failover.ts [rounds] [seconds] [calm]      as root
 *
 * Two clients with the settings of `hubfarm connect` meet on a dynamic hub, and one asks the other a hundred times a second. Then
 * the member that hosts the hub is killed (kill -9), or frozen (SIGSTOP); or it is the controller that is killed, which no session
 * ought to notice. `seconds` is how long each failure is watched: who is not back by then counts as that long.
 * `calm` is for how many seconds they have talked before it (2). It matters where a member is frozen: the client that only answers
 * misses questions that came for four seconds or longer, otherwise it waits for the server's keep-alive.
 */
import { argv } from 'node:process';
import type { Host } from '../../test/interop/namespaces.ts';
import { LoadRun } from '../load/run-load.ts';
import { sideBySide, type Figures } from '../side-by-side.ts';
import { peerName } from '../virtual-hub/contestants.ts';
import { hubs, type Cluster, type ClusterServer } from './cluster.ts';
import { logInWords, withClusters } from './contestants.ts';

const rounds = Number(argv[2] ?? 1);
const seconds = Number(argv[3] ?? 30);
const calmMs = Number(argv[4] ?? 2) * 1000;
const attempts = 8;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface ConnectedLine {
  readonly place: string;
}

interface PingLine {
  readonly downMs: number;
  readonly roundTripMs: Readonly<Record<'p50' | 'p99', number>>;
}

/** A pair of clients on a member; on the controller too if it took them, which is not what is wanted, so they try again. */
async function meet(cluster: Cluster, host: Host): Promise<{ run: LoadRun; at: ClusterServer }> {
  for (let attempt = 1; ; attempt++) {
    const words = ['ping', '--rate', '100', '--seconds', `${seconds}`];
    const run = new LoadRun(host, [...words, ...logInWords(cluster, hubs.dynamic)]);
    await run.up();
    const at = cluster.serverAt((await run.line<ConnectedLine>('event')).place);
    if (at !== cluster.controller) return { run, at };
    await run.kill();
    if (attempt === attempts) throw new Error(`${cluster.name} puts the dynamic hub on its controller every time`);
    // sessions that broke off linger, and the hub with them
    await pause(25_000);
  }
}

async function watch(
  cluster: Cluster,
  host: Host,
  fail: (at: ClusterServer) => Promise<void> | void,
): Promise<PingLine> {
  const { run, at } = await meet(cluster, host);
  await pause(calmMs);
  await fail(at);
  const line = await run.line<PingLine>('ping');
  await run.ended();
  return line;
}

async function measure(cluster: Cluster, host: Host): Promise<Figures> {
  const dead: ClusterServer[] = [];
  const killed = await watch(cluster, host, (at) => {
    dead.push(at);
    return at.kill();
  });
  for (const { server } of dead) await server.start();
  await cluster.complete();

  const frozen: ClusterServer[] = [];
  const hung = await watch(cluster, host, (at) => {
    frozen.push(at);
    at.freeze();
  });
  for (const server of frozen) server.thaw();
  await cluster.complete();

  const headless = await watch(cluster, host, () => cluster.controller.kill());
  await cluster.controller.server.start();
  await cluster.complete();
  return {
    'member killed, silence|ms': killed.downMs,
    'member frozen, silence|ms': hung.downMs,
    'controller killed, silence|ms': headless.downMs,
    'round trip, p50|ms': headless.roundTripMs.p50,
  };
}

await withClusters([100, 100, 100], async (clusters, network) => {
  const host = network.host('load');
  await sideBySide({
    contestants: clusters,
    rounds,
    measure: (cluster) => measure(cluster, host),
    goals: {
      'member killed, silence|ms': 'ours <= 3000',
      'member frozen, silence|ms': '<= 1',
      'controller killed, silence|ms': '<= 1',
    },
    peer: peerName,
  });
});
