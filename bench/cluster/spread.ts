/**
 * How evenly sessions are spread over servers of different weight, and what they weigh in memory, hubfarm's cluster and
 * SoftEther's:
 *
 *     node -C hubfarm-source bench/cluster/spread.ts [sessions] [concurrency]      as root
 *
 * Weights 100 (the controller), 200 and 100. The deviation is that of the server furthest from its share, in percent of all
 * sessions.
 */
import { argv } from 'node:process';
import { LoadRun } from '../load/run-load.ts';
import { sideBySide } from '../side-by-side.ts';
import { peerName } from '../virtual-hub/contestants.ts';
import { hubs } from './cluster.ts';
import { logInWords, withClusters } from './contestants.ts';
import { largestDeviation } from './spread-of.ts';

const sessions = Number(argv[2] ?? 3000);
const concurrency = Number(argv[3] ?? 32);
const settleMs = 3_000;
const idleSeconds = 5;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

await withClusters([100, 200, 100], async (clusters, network) => {
  const host = network.host('load');
  await sideBySide({
    contestants: clusters,
    rounds: 1,
    measure: async (cluster) => {
      const before = cluster.memoryBytes;
      const words = ['login', '--sessions', `${sessions}`, '--concurrency', `${concurrency}`, '--hold', '600'];
      const run = new LoadRun(host, [...words, ...logInWords(cluster, hubs.static)]);
      const { loginsPerSecond, places } = await run.up();
      await pause(settleMs);
      const after = cluster.memoryBytes;
      const cpu = cluster.cpuSeconds;
      await pause(idleSeconds * 1000);
      const idleShare = (cluster.cpuSeconds - cpu) / idleSeconds;
      await run.kill();
      console.error(`${cluster.name}: ${JSON.stringify(places)}`);
      return {
        'largest deviation|%': largestDeviation(places, cluster) * 100,
        'redirected log-ins/s|1/s': loginsPerSecond,
        'all servers, no session|MB': before / 1e6,
        'all servers, with all sessions|MB': after / 1e6,
        'all servers|kB/session': (after - before) / 1e3 / sessions,
        'all servers, idle|% of a processor': idleShare * 100,
      };
    },
    goals: {
      'largest deviation|%': 'ours <= 1',
      'all servers, with all sessions|MB': 'ours <= 1500',
      'all servers|kB/session': '<= 0.3',
    },
    peer: peerName,
  });
});
