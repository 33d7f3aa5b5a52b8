import { hasMode, type BalancedCluster } from '../description.ts';
import { lines } from '../device.ts';

export const hostSystems = ['linux', 'solaris', 'freebsd'] as const;
export type HostSystem = (typeof hostSystems)[number];

/** What must be done on each frontend, for people: commands, and what to write where so that it stays. */
export function hostInstructions(cluster: BalancedCluster, system: HostSystem): string {
  const { name, balancer } = cluster;
  const isDsr = hasMode(cluster, 'dsr');
  return lines(
    `# Frontends of the cluster ${name}, on ${titles[system]}`,
    isDsr && ['', ...aliases[system](cluster.virtualAddress), '', ...afterwards(cluster)],
    hasMode(cluster, 'nat') && ['', ...wayBack[system](balancer.insideInterface === '' ? balancer.address : '')],
    hasMode(cluster, 'normal') && ['', ...seen],
  );
}

const titles = { linux: 'Linux', solaris: 'Solaris', freebsd: 'FreeBSD' } as const;

/** A switch is on the way of whatever its servers send; what it answers for by DSR, and media, must not be led anywhere else. */
const seen = [
  '# Services of mode "normal": the balancer must see the answers. A switch that the servers are connected to does, and so',
  '# does a proxy; any other device must be their gateway. That takes direct answers and media along: better leave it',
  '# where it is, and choose dsr or nat for these services.',
];

const afterwards = ({ virtualAddress, isFarm }: BalancedCluster): string[] => [
  ...(isFarm
    ? [
        '# SIP by UDP answers from there with a socket of its own. Once for the whole cluster:',
        `hubfarm farm set --cluster --virtual-addresses ${virtualAddress} --balancer dsr`,
      ]
    : []),
  '# hubfarm notices the address within seconds; at once with:',
  'hubfarm farm refresh',
  `# Is everything there? This says what is missing for ${virtualAddress}:`,
  'hubfarm lb check',
];

const aliases: Readonly<Record<HostSystem, (virtualAddress: string) => string[]>> = {
  linux: (virtualAddress) => [
    '# The virtual address on the loopback interface, for this host alone. Now:',
    `ip address add ${virtualAddress}/32 dev lo`,
    '# At each start: with systemd-networkd, in /etc/systemd/network/10-lo.network:',
    ...asComment(['[Match]', 'Name=lo', '[Network]', `Address=${virtualAddress}/32`]),
    '# with ifupdown, in /etc/network/interfaces, under "iface lo inet loopback":',
    ...asComment([`up ip address add ${virtualAddress}/32 dev lo`]),
    '# with network scripts, in /etc/sysconfig/network-scripts/ifcfg-lo:0:',
    ...asComment(['DEVICE=lo:0', `IPADDR=${virtualAddress}`, 'NETMASK=255.255.255.255', 'ONBOOT=yes']),
    '',
    '# Nobody in the network may learn that this host has it: the balancer alone answers ARP for it.',
    '# In /etc/sysctl.d/60-hubfarm.conf, then "sysctl --system"; the last two lines once for each interface:',
    'net.ipv4.conf.all.arp_ignore = 1',
    'net.ipv4.conf.all.arp_announce = 2',
    'net.ipv4.conf.eth0.arp_ignore = 1',
    'net.ipv4.conf.eth0.arp_announce = 2',
  ],
  solaris: (virtualAddress) => [
    '# The virtual address on the loopback interface, for this host alone. Now:',
    'ifconfig lo0:1 plumb',
    `ifconfig lo0:1 ${virtualAddress} netmask 255.255.255.255 up`,
    '# At each start: it is read from this file',
    `echo ${virtualAddress} > /etc/hostname.lo0:1`,
  ],
  freebsd: (virtualAddress) => [
    '# The virtual address on the loopback interface, for this host alone. Now:',
    `ifconfig lo0 inet ${virtualAddress} netmask 255.255.255.255 alias`,
    '# At each start: in /etc/rc.conf',
    `ifconfig_lo0_alias0="inet ${virtualAddress} netmask 255.255.255.255"`,
  ],
};

const asComment = (text: readonly string[]): string[] => text.map((line) => `#   ${line}`);

/** `balancer`: its address in the frontends' network; empty = not known. */
const wayBack: Readonly<Record<HostSystem, (balancer: string) => string[]>> = {
  linux: (balancer) => [
    '# What leaves for clients must pass the balancer, which gives it the virtual address:',
    `ip route replace default via ${balancer || 'ADDRESS-OF-THE-BALANCER'}`,
  ],
  solaris: (balancer) => [
    '# What leaves for clients must pass the balancer, which gives it the virtual address:',
    `route -p add default ${balancer || 'ADDRESS-OF-THE-BALANCER'}`,
  ],
  freebsd: (balancer) => [
    '# What leaves for clients must pass the balancer, which gives it the virtual address:',
    `route add default ${balancer || 'ADDRESS-OF-THE-BALANCER'}`,
    '# At each start: in /etc/rc.conf',
    `defaultrouter="${balancer || 'ADDRESS-OF-THE-BALANCER'}"`,
  ],
};
