import {
  frontendsOf,
  type BalancedCluster,
  type BalancedService,
  type Frontend,
  type Predictor,
  type TransportProtocol,
} from '../../description.ts';

/** Ports that are spread over the same frontends in the same way: one rule does for all of them. */
export interface Alike {
  readonly protocol: TransportProtocol;
  readonly ports: readonly number[];
  readonly predictor: Predictor;
  readonly frontends: readonly Frontend[];
}

export function alike(
  cluster: BalancedCluster,
  services: readonly BalancedService[],
  protocol: TransportProtocol,
): readonly Alike[] {
  const groups = new Map<string, Alike & { readonly ports: number[] }>();
  for (const service of services.filter(({ protocols }) => protocols.includes(protocol))) {
    const frontends = frontendsOf(cluster, service);
    const predictor = service.predictor ?? cluster.predictor;
    const key = `${predictor} ${frontends.map(({ name }) => name).join(' ')}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { protocol, ports: [service.port], predictor, frontends });
    else known.ports.push(service.port);
  }
  return [...groups.values()];
}
