import { frontendsOf, hasMode, isPerPacket, type BalancedCluster, type BalancedService } from '../description.ts';
import { lines, type Device } from '../device.ts';
import { broadcastAddress, netmaskOf, networkAddress } from '../ipv4.ts';
import { warning, type Problem } from '../problem.ts';
import { switchPortName } from '../service-names.ts';

const metrics = { 'round-robin': 'roundrobin', 'least-connections': 'leastconns', source: 'hash' } as const;

/** Alteon (Nortel) AD3 and its successors: a script for their command line. */
export const alteon: Device = {
  name: 'alteon',
  title: 'Alteon AD3',
  check,
  generate: (cluster) => [{ name: 'alteon.script', text: script(cluster) }],
};

function check(cluster: BalancedCluster): Problem[] {
  const { balancer, frontends, services, mediaMethod } = cluster;
  const unproven = services.filter((service) => service.mode === 'nat' && isPerPacket(cluster, service));
  const portless = frontends.filter(({ hardwarePort }) => hardwarePort === undefined).map(({ name }) => name);
  return [
    ...(balancer.uplinkPorts.length === 0
      ? [warning('no uplinkPorts in [balancer]: add "/c/slb/port N", "client ena" for the ports towards clients')]
      : []),
    ...(portless.length > 0
      ? [warning(`no hardwarePort for ${portless.join(', ')}: add "/c/slb/port N", "server ena" for their ports`)]
      : []),
    ...unproven.map(({ name }) =>
      warning(
        `service ${name}: have it confirmed that with "udp stateless" answers of any real server leave with the virtual ` +
          'address and the same port; if not, take mode "dsr"',
      ),
    ),
    ...(mediaMethod === 'single-ip' || mediaMethod === 'multi-ip-nat'
      ? [warning(`${mediaMethod}: the rules for media are not in this script; they are filters with "action nat"`)]
      : []),
  ];
}

function script(cluster: BalancedCluster): string {
  const { balancer, virtualAddress, services } = cluster;
  const groups = groupsOf(cluster);
  return lines(
    'script start "Alteon AD3" 4',
    `/* Load balancing of the cluster ${cluster.name}`,
    '/* The password of the administrator is not set here: /c/sys/user/admpw',
    addressing(cluster),
    balancer.timeServer !== '' && ['/c/sys/ntp', '\ton', `\tserver ${balancer.timeServer}`],
    '/c/slb',
    '\ton',
    realServers(cluster),
    groups.flatMap(({ index, name, reals }) => [
      `/c/slb/group ${index}`,
      `\tmetric ${metrics[cluster.predictor]}`,
      ...reals.map((real) => `\tadd ${real}`),
      `\tname "${name}"`,
    ]),
    hardwarePorts(cluster),
    ['/c/slb/virt 1', '\tena', `\tvip ${virtualAddress}`],
    services.flatMap((service) => virtualService(cluster, service, groups)),
    '/',
    'script end',
  );
}

function addressing({ balancer }: BalancedCluster): string[] {
  const { address, prefixLength = 32, gateway, dns, mailServer } = balancer;
  const mask = netmaskOf(prefixLength);
  const management = [`\tmnet ${networkAddress(address, prefixLength)}`, `\tmmask ${mask}`];
  return [
    '/c/sys',
    ...(mailServer === '' ? [] : [`\tsmtp "${mailServer}"`]),
    ...(address === '' ? [] : management),
    ...(address === ''
      ? []
      : [
          '/c/ip/if 1',
          '\tena',
          `\taddr ${address}`,
          `\tmask ${mask}`,
          `\tbroad ${broadcastAddress(address, prefixLength)}`,
        ]),
    ...(gateway === '' ? [] : ['/c/ip/gw 1', '\tena', `\taddr ${gateway}`]),
    ...(dns === '' ? [] : ['/c/ip/dns', `\tprima ${dns}`]),
  ];
}

/** A real server is called by its hardware port, where those are known. */
function realNumbers({ frontends }: BalancedCluster): ReadonlyMap<string, number> {
  const ports = frontends.map(({ hardwarePort }) => hardwarePort);
  const areKnown = ports.every((port) => port !== undefined) && new Set(ports).size === ports.length;
  return new Map(frontends.map(({ name, hardwarePort }, at) => [name, areKnown ? (hardwarePort ?? at + 1) : at + 1]));
}

function realServers(cluster: BalancedCluster): string[] {
  const numbers = realNumbers(cluster);
  const isDsr = hasMode(cluster, 'dsr');
  return cluster.frontends.flatMap((frontend) => [
    `/c/slb/real ${numbers.get(frontend.name) ?? 0}`,
    '\tena',
    `\trip ${frontend.address}`,
    `\tname "${frontend.name}"`,
    ...cluster.services
      .filter((service) => frontendsOf(cluster, service).includes(frontend))
      .map(({ port }) => `\taddport ${port}`),
    ...(isDsr ? ['\tsubmac ena'] : []),
  ]);
}

interface Group {
  readonly index: number;
  readonly name: string;
  readonly reals: readonly number[];
}

/** One for each set of frontends that some service has. */
function groupsOf(cluster: BalancedCluster): readonly Group[] {
  const numbers = realNumbers(cluster);
  const sets = new Map<string, readonly number[]>();
  for (const service of cluster.services) {
    const reals = frontendsOf(cluster, service).map(({ name }) => numbers.get(name) ?? 0);
    sets.set(reals.join(' '), reals);
  }
  return [...sets.values()].map((reals, at) => ({
    index: at + 1,
    name: reals.length === cluster.frontends.length ? 'all-frontends' : `frontends-${at + 1}`,
    reals,
  }));
}

function hardwarePorts({ balancer, frontends }: BalancedCluster): string[] {
  const known = frontends.map(({ hardwarePort }) => hardwarePort).filter((port) => port !== undefined);
  const clients = balancer.uplinkPorts.flatMap((port) => [`/c/slb/port ${port}`, '\tclient ena']);
  return [...clients, ...[...new Set(known)].flatMap((port) => [`/c/slb/port ${port}`, '\tserver ena'])];
}

function virtualService(cluster: BalancedCluster, service: BalancedService, groups: readonly Group[]): string[] {
  const numbers = realNumbers(cluster);
  const reals = frontendsOf(cluster, service).map(({ name }) => numbers.get(name) ?? 0);
  const group = groups.find((known) => known.reals.join(' ') === reals.join(' '));
  return [
    `/c/slb/virt 1/service ${switchPortName(service.port)}`,
    `\tgroup ${group?.index ?? 1}`,
    ...(service.protocols.includes('udp') ? ['\tudp enabled'] : []),
    // Without it the switch binds each sender to one real server, and answers of others get a port of its own.
    ...(isPerPacket(cluster, service) ? ['\tudp stateless'] : []),
    ...(service.mode === 'dsr' ? ['\tnonat ena'] : []),
    ...(service.predictor === 'source' && !isPerPacket(cluster, service) ? ['\tpbind clientip'] : []),
  ];
}
