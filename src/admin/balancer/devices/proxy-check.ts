import { hasMode, type BalancedCluster } from '../description.ts';
import { error, type Problem } from '../problem.ts';

/** What no proxy can do: whoever opens connections of its own cannot leave the answers to others. */
export function checkProxy(cluster: BalancedCluster, title: string): Problem[] {
  if (!hasMode(cluster, 'dsr')) return [];
  const names = cluster.services.filter(({ mode }) => mode === 'dsr').map(({ name }) => name);
  return [
    error(`${title} is a proxy: direct server return (${names.join(', ')}) is not for it, take mode "nat" or "normal"`),
  ];
}
