import type { Cluster } from './cluster.ts';

/**
 * How far the server that is furthest from its share of the sessions is off, as a part of all sessions. `places` = sessions at
 * each address and port; a server's share is its weight among all weights.
 */
export function largestDeviation(places: Readonly<Record<string, number>>, cluster: Cluster): number {
  const counts = new Map(cluster.servers.map((server) => [server, 0]));
  for (const [place, count] of Object.entries(places)) {
    const server = cluster.serverAt(place);
    counts.set(server, (counts.get(server) ?? 0) + count);
  }
  const sessions = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const weights = cluster.servers.reduce((sum, { weight }) => sum + weight, 0);
  const deviations = [...counts].map(([{ weight }, count]) => Math.abs(count / sessions - weight / weights));
  return Math.max(...deviations);
}
