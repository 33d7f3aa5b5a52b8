/**
 * Hub hosting: a cluster with many dynamic hubs, each with one session. How long it takes to make them, to enter them all,
 * and what they weigh in memory, as definitions and as instances:
 *
 *     node -C hubfarm-source bench/cluster/hub-hosting.ts [hubs] [concurrency]      as root
 *
 * A controller, which takes its share, and two members, each with its engine.
 */
import { argv } from 'node:process';
import { createDynamicHubs } from '../../test/interop/hosted-hubs.ts';
import { LoadRun } from '../load/run-load.ts';
import { Network } from '../../test/interop/namespaces.ts';
import { makeCluster, type Cluster } from './cluster.ts';

const hubs = Number(argv[2] ?? 2_000);
const concurrency = Number(argv[3] ?? 32);
/** Reports, collections of garbage, and the two seconds that an empty hub stays. */
const settleMs = 6_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const megabytes = (cluster: Cluster): number => Math.round(cluster.residentBytes / 1e6);

async function instances(cluster: Cluster): Promise<number[]> {
  const [heading = [], ...rows] = await cluster.controller.admin.rows('ClusterMemberList');
  const column = heading.findIndex((title) => title.includes('Operating Hubs'));
  return rows.map((row) => Number(row[column]?.replaceAll(',', '') ?? NaN));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const network = new Network();
try {
  const cluster = makeCluster('hubfarm', network, [100, 100, 100]);
  const load = network.host('load');
  await cluster.start();
  await pause(settleMs);
  const figures: Record<string, unknown> = { hubs, 'no hub, MB': megabytes(cluster) };
  const wish = { prefix: 'SITE', user: 'load', count: hubs, password: 'admin-word' };
  const seconds = await createDynamicHubs(cluster.controller.host, wish);
  figures['hubs with a user made, 1/s'] = Math.round(hubs / seconds);
  await pause(settleMs);
  figures['defined, MB'] = megabytes(cluster);
  const words = ['login', '--sessions', `${hubs}`, '--concurrency', `${concurrency}`, '--hold', '600'];
  const door = ['--server', `${cluster.controller.host.address}:443`, '--hub', 'SITE{n}', '--user', 'load'];
  const run = new LoadRun(load, [...words, ...door], 300_000);
  const { loginsPerSecond, latencyMs, places } = await run.up();
  figures['first log-ins, each to a hub of its own, 1/s'] = loginsPerSecond;
  figures['log-in, ms'] = latencyMs;
  await pause(settleMs);
  figures['all entered, MB'] = megabytes(cluster);
  figures['instances on each server'] = await instances(cluster);
  figures['sessions'] = places;
  const cpu = cluster.cpuSeconds;
  await pause(settleMs);
  figures['all entered, % of a processor'] = Math.round(((cluster.cpuSeconds - cpu) / settleMs) * 1e5);
  await run.kill();
  await pause(2 * settleMs);
  figures['all left, MB'] = megabytes(cluster);
  figures['instances afterwards'] = await instances(cluster);
  console.log(JSON.stringify(figures, undefined, 2));
} finally {
  network.remove();
}
