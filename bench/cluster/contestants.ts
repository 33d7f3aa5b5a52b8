import { Network } from '../../test/interop/namespaces.ts';
import { account, makeCluster, type Cluster } from './cluster.ts';

/** What every cluster bench takes from its environment: `BENCH_ONLY=softether` leaves the other one out. */
const only = process.env['BENCH_ONLY'];

/** hubfarm's cluster, then SoftEther's, each with a controller and two members; then `run`; then all is removed. */
export async function withClusters(
  weights: readonly number[],
  run: (clusters: readonly Cluster[], network: Network) => Promise<void>,
): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const network = new Network();
  try {
    const names = (['hubfarm', 'softether'] as const).filter((name) => only === undefined || only === name);
    const clusters = names.map((name) => makeCluster(name, network, weights));
    for (const cluster of clusters) await cluster.start();
    await run(clusters, network);
  } finally {
    network.remove();
  }
}

/** The words that bring a load client to a cluster. */
export function logInWords(cluster: Cluster, hub: string): string[] {
  const { user, password } = account;
  const server = `${cluster.controller.host.address}:443`;
  return ['--server', server, '--hub', hub, '--user', user, '--password', password];
}
