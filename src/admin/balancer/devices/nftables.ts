import { frontendsOf, hasMode, type BalancedCluster } from '../description.ts';
import { lines, type Device } from '../device.ts';
import { error, warning, type Problem } from '../problem.ts';
import { freePorts } from './nft/free-ports.ts';
import { dsrTable } from './nft/dsr-table.ts';
import { machineSettings } from './nft/machine-settings.ts';
import { natTable } from './nft/nat-table.ts';

const tableName = 'hubfarm_balancer';

/** A Linux machine whose kernel is the balancer. It asks nobody whether they live: see the notes in the text. */
export const nftables: Device = {
  name: 'nftables',
  title: 'Linux with nftables',
  check,
  generate: (cluster) => [{ name: 'hubfarm-balancer.nft', text: ruleset(cluster) }],
};

function check(cluster: BalancedCluster): Problem[] {
  const { balancer, services, predictor } = cluster;
  const problems: Problem[] = [];
  if (hasMode(cluster, 'dsr')) {
    if (balancer.mac === '') {
      problems.push(
        error(
          "nftables with direct server return needs the balancer's own MAC address: mac in [balancer], --balancer-mac",
        ),
      );
    }
    const used = new Set(services.filter(({ mode }) => mode === 'dsr').flatMap((one) => frontendsOf(cluster, one)));
    for (const { name, mac, address } of used) {
      if (mac !== '') continue;
      problems.push(error(`frontend ${name} has no mac: "ip neighbour show ${address}" on the balancer tells it`));
    }
  }
  if (predictor === 'least-connections' || services.some((service) => service.predictor === 'least-connections')) {
    problems.push(warning('nftables counts no connections: "least-connections" is done as round robin'));
  }
  const free = freePorts(cluster);
  if (cluster.mediaMethod === 'single-ip' && free.last - free.first < 1000) {
    problems.push(
      error(
        `only ${free.last - free.first + 1} ports of ${cluster.virtualAddress} are left for what the frontends ask the ` +
          'outside, such as name servers: make the ranges of media ports smaller, 1000 must be left in one piece',
      ),
    );
  }
  return problems;
}

function ruleset(cluster: BalancedCluster): string {
  return lines(
    '#!/usr/sbin/nft -f',
    ...notes(cluster).map((note) => `# ${note}`),
    '',
    dsrTable(cluster, tableName),
    natTable(cluster, tableName, { spreads: true }),
  );
}

function notes(cluster: BalancedCluster): string[] {
  return [
    `Load balancing of the cluster ${cluster.name}. On this machine:`,
    ...machineSettings(cluster),
    ...(hasMode(cluster, 'dsr')
      ? ['The frontends have the virtual address on lo and answer no ARP for it: hubfarm lb config --host linux']
      : []),
    ...(hasMode(cluster, 'nat') || hasMode(cluster, 'normal')
      ? ['The frontends send everything through this machine: it is their default gateway.']
      : []),
    'Nothing here notices when a frontend is gone. "hubfarm lb config --for nftables --ready | nft -f -" writes it anew with',
    'the members that are ready; run it every few seconds, or when the cluster changes.',
  ];
}
