import type { BalancedCluster, Frontend, PortRange } from '../../description.ts';
import { freePorts } from './free-ports.ts';
import { map, set } from './text.ts';

interface Ranged extends Frontend {
  readonly mediaPorts: PortRange;
}

const text = ({ first, last }: PortRange): string => `${first}-${last}`;
const ranged = ({ frontends }: BalancedCluster): readonly Ranged[] =>
  frontends.filter((frontend): frontend is Ranged => frontend.mediaPorts !== undefined);
const insideOf = ({ frontends }: BalancedCluster): string =>
  map(frontends.map(({ wanAddress, address }) => [wanAddress, address]));
const outsideOf = ({ frontends }: BalancedCluster): string =>
  map(frontends.map(({ wanAddress, address }) => [address, wanAddress]));
const inside = ({ frontends }: BalancedCluster): string => set(frontends.map(({ address }) => address));
const outside = ({ frontends }: BalancedCluster): string => set(frontends.map(({ wanAddress }) => wanAddress));
const pairs = (frontends: readonly Ranged[]): string =>
  `{ ${frontends.map(({ address, mediaPorts }) => `${address} . ${text(mediaPorts)}`).join(', ')} }`;

/** Media comes in by port range (single-ip) or by address (multi-ip-nat); no packet of it is tracked. */
export function arrivingMediaRules(cluster: BalancedCluster): string[] {
  const { mediaMethod, virtualAddress } = cluster;
  if (mediaMethod === 'multi-ip-nat') {
    return [
      `ip daddr ${outside(cluster)} ip protocol udp notrack ip daddr set ip daddr ${insideOf(cluster)}`,
      `ip saddr ${inside(cluster)} ip protocol udp notrack`,
    ];
  }
  if (mediaMethod !== 'single-ip') return [];
  const all = ranged(cluster);
  const ports = set(all.map(({ mediaPorts }) => text(mediaPorts)));
  const byPort = map(all.map(({ mediaPorts, address }) => [text(mediaPorts), address]));
  return [
    `ip daddr ${virtualAddress} udp dport ${ports} notrack ip daddr set udp dport ${byPort}`,
    `ip saddr . udp sport ${pairs(all)} notrack`,
  ];
}

export function departingMediaRules(cluster: BalancedCluster): string[] {
  const { mediaMethod, virtualAddress } = cluster;
  if (mediaMethod === 'multi-ip-nat') {
    return [`ip saddr ${inside(cluster)} ip protocol udp ip saddr set ip saddr ${outsideOf(cluster)}`];
  }
  if (mediaMethod !== 'single-ip') return [];
  return [`ip saddr . udp sport ${pairs(ranged(cluster))} ip saddr set ${virtualAddress}`];
}

/** What is neither UDP nor balanced comes to a frontend by its own outside address. */
export const mappedConnections = (cluster: BalancedCluster): string[] =>
  cluster.mediaMethod === 'multi-ip-nat' ? [`ip daddr ${outside(cluster)} dnat to ip daddr ${insideOf(cluster)}`] : [];

/** What frontends ask the outside by themselves: name servers, other servers, updates. */
export function outsideRules(cluster: BalancedCluster): string[] {
  const { mediaMethod, virtualAddress, balancer } = cluster;
  const leaving = `ip saddr ${inside(cluster)} ${balancer.interface === '' ? `ip daddr != ${inside(cluster)}` : `oifname "${balancer.interface}"`}`;
  if (mediaMethod === 'multi-ip-nat') return [`${leaving} snat to ip saddr ${outsideOf(cluster)}`];
  if (mediaMethod !== 'single-ip') return [];
  return [
    '# Not from the ports of media: the answers would be taken for it.',
    `${leaving} meta l4proto udp snat to ${virtualAddress}:${text(freePorts(cluster))}`,
    `${leaving} snat to ${virtualAddress}`,
  ];
}
