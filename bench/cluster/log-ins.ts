/**
 * Log-ins that a controller redirects, hubfarm's cluster and SoftEther's in turn, CPU summed over all their servers:
 *
 *     node -C hubfarm-source bench/cluster/log-ins.ts [rounds] [log-ins] [concurrency] [burst]      as root
 *
 * Both have a controller, which takes its share, and two members. `burst` clients log in at the same moment; the spread is the
 * largest deviation of a server from its third. A client that comes alone says how long it is to the first frame: it logs in to
 * a dynamic hub and asks a session that is there.
 */
import { argv } from 'node:process';
import type { Host } from '../../test/interop/namespaces.ts';
import { LoadRun, type UpLine } from '../load/run-load.ts';
import { sideBySide, type Figures } from '../side-by-side.ts';
import { peerName } from '../virtual-hub/contestants.ts';
import { hubs, type Cluster } from './cluster.ts';
import { logInWords, withClusters } from './contestants.ts';
import { largestDeviation } from './spread-of.ts';

const rounds = Number(argv[2] ?? 3);
const count = Number(argv[3] ?? 500);
const concurrency = Number(argv[4] ?? 32);
const burst = Number(argv[5] ?? 500);
const settleMs = 1_000;
/** The load client waits for a second after its warm-up: what the servers do until then is the end of that. */
const afterWarmUpMs = 700;
/**
 * Log-ins of each cluster before the first round. Three servers share them, and hubfarm's take 2.6 times as much CPU as the load
 * client once each has had 800, and 3.4 times before: with 1,000 in all, what was measured was how they warm up.
 */
const warmUp = 4_000;
/** The same for each load client: one that was just started takes twice as much. */
const clientWarmUp = 300;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Log-ins to the static hub, which stay a moment and leave. */
async function logIn(
  cluster: Cluster,
  host: Host,
  sessions: number,
  atOnce: number,
): Promise<UpLine & { cpu: number }> {
  const words = ['storm', '--sessions', `${sessions}`, '--concurrency', `${atOnce}`, '--hold', '2'];
  const clientWords = ['--warm-up', `${clientWarmUp}`];
  const run = new LoadRun(host, [...words, ...clientWords, ...logInWords(cluster, hubs.static)]);
  await run.line('warm');
  await pause(afterWarmUpMs);
  const before = cluster.cpuSeconds;
  const up = await run.line<UpLine>('up');
  await pause(settleMs);
  const cpu = cluster.cpuSeconds - before;
  await run.ended();
  if (up.failed > 0) console.error(`${cluster.name}: ${up.failed} failed: ${JSON.stringify(up.failures)}`);
  return { ...up, cpu };
}

interface FirstLine {
  readonly welcomeMs: Readonly<Record<'p50' | 'max', number>>;
  readonly firstFrameMs: Readonly<Record<'p50' | 'max', number>>;
}

async function measure(cluster: Cluster, host: Host): Promise<Figures> {
  const steady = await logIn(cluster, host, count, concurrency);
  const storm = await logIn(cluster, host, burst, burst);
  const first = new LoadRun(host, ['first', '--sessions', '20', ...logInWords(cluster, hubs.dynamic)]);
  const { welcomeMs, firstFrameMs } = await first.line<FirstLine>('first');
  await first.ended();
  return {
    'redirected log-ins/s|1/s': steady.loginsPerSecond,
    'all servers|CPU ms/log-in': (steady.cpu * 1000) / steady.up,
    'load client|CPU ms/log-in': steady.clientCpuMsPerLogin,
    'dial to Welcome, p50|ms': steady.latencyMs.p50,
    'dial to Welcome, p99|ms': steady.latencyMs.p99,
    'failed|log-ins': steady.failed + storm.failed,
    'burst|log-ins/s': storm.loginsPerSecond,
    'burst, all servers|CPU ms/log-in': (storm.cpu * 1000) / storm.up,
    'burst, largest deviation|%': largestDeviation(storm.places, cluster) * 100,
    'alone, dial to Welcome, p50|ms': welcomeMs.p50,
    'alone, dial to first frame, p50|ms': firstFrameMs.p50,
    'alone, dial to first frame, max|ms': firstFrameMs.max,
  };
}

await withClusters([100, 100, 100], async (clusters, network) => {
  const host = network.host('load');
  for (const cluster of clusters) await logIn(cluster, host, warmUp, concurrency);
  await sideBySide({
    contestants: clusters,
    rounds,
    measure: (cluster) => measure(cluster, host),
    goals: {
      'redirected log-ins/s|1/s': '>= 5',
      'all servers|CPU ms/log-in': '<= 0.35',
      'burst|log-ins/s': '>= 5',
      'burst, all servers|CPU ms/log-in': '<= 0.35',
    },
    peer: peerName,
  });
});
