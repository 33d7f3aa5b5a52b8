import { frontendsOf, type BalancedCluster } from '../../description.ts';
import { lines, type ConfigurationFile } from '../../device.ts';
import { machineSettings } from './machine-settings.ts';
import { natTable } from './nat-table.ts';
import { block, set } from './text.ts';

const answersTable = 'hubfarm_answers';
const proxyTable = 'hubfarm_proxy';
/** Of packets that belong to a connection that a proxy has opened with its client's address. */
const mark = '0x1';

/**
 * `udp_early_demux`: an answer that comes before the proxy has closed the socket of its question would be given to that
 * socket on its way, and Linux forwards no packet that a socket has.
 */
const proxySettings = [
  '#   sysctl -w net.ipv4.udp_early_demux=0',
  `#   ip rule add fwmark ${mark} lookup 100`,
  '#   ip route add local 0.0.0.0/0 dev lo table 100',
];

/**
 * What other programs on Linux do not do for packets that nobody remembers: the way back. `isProxy`: a program that
 * connects to frontends with its clients' addresses also needs their answers brought to itself.
 */
export function answersFile(cluster: BalancedCluster, { isProxy }: { readonly isProxy: boolean }): ConfigurationFile {
  return {
    name: 'hubfarm-answers.nft',
    text: lines(
      '#!/usr/sbin/nft -f',
      `# The way back from the frontends of the cluster ${cluster.name}. On this machine:`,
      machineSettings(cluster).map((line) => `# ${line}`),
      isProxy && proxySettings,
      '# The frontends send everything through this machine: it is their default gateway.',
      '',
      natTable(cluster, answersTable, { spreads: false }),
      isProxy && proxyRules(cluster),
    ),
  };
}

function proxyRules(cluster: BalancedCluster): string[] {
  const services = cluster.services.filter(({ mode, protocols }) => mode === 'nat' && protocols.includes('tcp'));
  const rules = services.map((service) => {
    const sources = set(frontendsOf(cluster, service).map(({ address }) => address));
    return `ip saddr ${sources} tcp sport ${service.port} socket transparent 1 meta mark set ${mark}`;
  });
  return [
    `table ip ${proxyTable}`,
    `delete table ip ${proxyTable}`,
    ...block(
      `table ip ${proxyTable}`,
      block('chain arriving', ['type filter hook prerouting priority mangle; policy accept;', ...rules]),
    ),
  ];
}
