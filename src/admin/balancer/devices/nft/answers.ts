import { frontendsOf, type BalancedCluster, type BalancedService } from '../../description.ts';
import { set } from './text.ts';

const sources = (cluster: BalancedCluster, service: BalancedService): string =>
  `ip saddr ${set(frontendsOf(cluster, service).map(({ address }) => address))} udp sport ${service.port}`;

/** What frontends send from a service's port is not tracked either, … */
export const answeringRules = (cluster: BalancedCluster, services: readonly BalancedService[]): string[] =>
  services.map((service) => `${sources(cluster, service)} notrack`);

/** … and leaves with the virtual address and that very port, whichever frontend sends it, asked or not. */
export const answerRules = (cluster: BalancedCluster, services: readonly BalancedService[]): string[] =>
  services.map((service) => `${sources(cluster, service)} ip saddr set ${cluster.virtualAddress}`);
