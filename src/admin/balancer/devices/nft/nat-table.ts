import type { BalancedCluster } from '../../description.ts';
import { hashTable, turnTable } from '../../spread.ts';
import { alike, type Alike } from './alike.ts';
import { answeringRules, answerRules } from './answers.ts';
import { arrivingMediaRules, departingMediaRules, mappedConnections, outsideRules } from './media.ts';
import { block, seed, set, slotMap } from './text.ts';

/** Which services somebody else spreads, and leaves only their answers to this table. */
export interface NatOptions {
  readonly spreads: boolean;
}

/**
 * Address translation. UDP is rewritten packet by packet, in both directions, and is kept out of connection tracking
 * (`notrack`): that would bind each sender to one frontend. TCP is left to connection tracking, where a binding is right.
 */
export function natTable(cluster: BalancedCluster, tableName: string, { spreads }: NatOptions): string[] {
  const translated = cluster.services.filter(({ mode }) => mode !== 'dsr');
  if (translated.length === 0) return [];
  const stateless = translated.filter((service) => service.mode === 'nat' && service.protocols.includes('udp'));
  // UDP is tracked only where a binding is asked for, with mode "normal".
  const bound = translated.filter(({ mode }) => mode === 'normal');
  const connections = [...alike(cluster, translated, 'tcp'), ...alike(cluster, bound, 'udp')];
  const arriving = [
    ...(spreads ? alike(cluster, stateless, 'udp').map((group) => packetRule(cluster, group)) : []),
    ...answeringRules(cluster, stateless),
    ...arrivingMediaRules(cluster),
  ];
  const connecting = [
    ...(spreads ? connections.map((group) => connectionRule(cluster, group)) : []),
    ...mappedConnections(cluster),
  ];
  const departing = [...answerRules(cluster, stateless), ...departingMediaRules(cluster)];
  const chains = [
    ...chain('arriving', 'type filter hook prerouting priority raw; policy accept;', arriving),
    ...chain('connections', 'type nat hook prerouting priority dstnat; policy accept;', connecting),
    ...chain('departing', 'type filter hook postrouting priority srcnat; policy accept;', departing),
    ...chain('outside', 'type nat hook postrouting priority srcnat; policy accept;', outsideRules(cluster)),
  ];
  if (chains.length === 0) return [];
  return [`table ip ${tableName}`, `delete table ip ${tableName}`, ...block(`table ip ${tableName}`, chains)];
}

const chain = (name: string, hook: string, rules: readonly string[]): string[] =>
  rules.length === 0 ? [] : block(`chain ${name}`, [hook, ...rules]);

/** Each datagram to the next frontend, or by a hash; the source and the port stay. */
const packetRule = (cluster: BalancedCluster, group: Alike): string =>
  `ip daddr ${cluster.virtualAddress} udp dport ${set(group.ports)} notrack ip daddr set ${chosen(group)}`;

const connectionRule = (cluster: BalancedCluster, group: Alike): string =>
  `ip daddr ${cluster.virtualAddress} ${group.protocol} dport ${set(group.ports)} dnat to ${chosen(group)}`;

function chosen({ predictor, frontends }: Alike): string {
  const isHashed = predictor === 'source';
  const table = isHashed ? hashTable(frontends) : turnTable(frontends);
  const how = isHashed ? `jhash ip saddr mod ${table.size} ${seed}` : `numgen inc mod ${table.size}`;
  return `${how} ${slotMap(table, ({ address }) => address)}`;
}
