import type { BalancedCluster, PortRange } from '../../description.ts';

const firstFree = 1024;
const lastPort = 65_535;

/**
 * The largest range of ports of the virtual address that no service and no media has: what the frontends ask the outside
 * by UDP leaves from there. From another port the answer would be taken for somebody's media.
 */
export function freePorts({ frontends, services }: Pick<BalancedCluster, 'frontends' | 'services'>): PortRange {
  const taken = [
    ...frontends.map(({ mediaPorts }) => mediaPorts).filter((range) => range !== undefined),
    ...services.map(({ port }) => ({ first: port, last: port })),
  ].sort((a, b) => a.first - b.first);
  let best: PortRange = { first: lastPort, last: lastPort - 1 };
  let next = firstFree;
  for (const { first, last } of [...taken, { first: lastPort + 1, last: lastPort + 1 }]) {
    if (first - next > best.last - best.first + 1) best = { first: next, last: first - 1 };
    next = Math.max(next, last + 1);
  }
  return best;
}
