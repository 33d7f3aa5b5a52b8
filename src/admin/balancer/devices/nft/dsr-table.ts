import { frontendsOf, type BalancedCluster, type BalancedService } from '../../description.ts';
import { hashTable, turnTable } from '../../spread.ts';
import { alike, type Alike } from './alike.ts';
import { block, seed, set, slotMap } from './text.ts';

/**
 * Direct server return: as a frame comes in, its MAC address becomes that of a frontend, and it goes out again. The IP
 * packet is not touched, nothing is remembered.
 */
export function dsrTable(cluster: BalancedCluster, tableName: string): string[] {
  const services = cluster.services.filter(({ mode }) => mode === 'dsr');
  if (services.length === 0) return [];
  const chain = [
    `type filter hook ingress device "${deviceOf(cluster)}" priority 0; policy accept;`,
    ...fragmentRules(cluster, services),
    ...(['udp', 'tcp'] as const).flatMap((protocol) =>
      alike(cluster, services, protocol).map((one) => rule(cluster, one)),
    ),
  ];
  return [
    `table netdev ${tableName}`,
    `delete table netdev ${tableName}`,
    ...block(`table netdev ${tableName}`, block('chain arriving', chain)),
  ];
}

/**
 * Only the first fragment of a datagram has its ports. All fragments of one have the same number, so they reach the same
 * frontend; each that has a UDP service can take any.
 */
function fragmentRules(cluster: BalancedCluster, services: readonly BalancedService[]): string[] {
  const service = services.find(({ protocols }) => protocols.includes('udp'));
  if (service === undefined) return [];
  const table = hashTable(frontendsOf(cluster, service));
  const chosen = `jhash ip saddr . ip id mod ${table.size} ${seed} ${slotMap(table, ({ mac }) => mac)}`;
  return [
    '# Fragments: all of one datagram to the same frontend.',
    `ip daddr ${cluster.virtualAddress} ip protocol udp ip frag-off & 0x3fff != 0 ${send(cluster, chosen)}`,
  ];
}

function rule(cluster: BalancedCluster, { protocol, ports, predictor, frontends }: Alike): string {
  const matched = `ip daddr ${cluster.virtualAddress} ${protocol} dport ${set(ports)}`;
  if (protocol === 'udp' && cluster.isFarm && predictor !== 'source') {
    const table = turnTable(frontends);
    return `${matched} ${send(cluster, `numgen inc mod ${table.size} ${slotMap(table, ({ mac }) => mac)}`)}`;
  }
  const table = hashTable(frontends);
  const key = predictor === 'source' ? 'ip saddr' : `ip saddr . ${protocol} sport`;
  return `${matched} ${send(cluster, `jhash ${key} mod ${table.size} ${seed} ${slotMap(table, ({ mac }) => mac)}`)}`;
}

const deviceOf = ({ balancer }: BalancedCluster): string => balancer.insideInterface || balancer.interface || 'eth0';

const send = (cluster: BalancedCluster, chosen: string): string =>
  `ether saddr set ${cluster.balancer.mac} ether daddr set ${chosen} fwd to "${deviceOf(cluster)}"`;
