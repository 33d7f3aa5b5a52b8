import { frontendsOf, isPerPacket, type BalancedCluster, type BalancedService, type Frontend } from '../description.ts';
import { lines, type Device } from '../device.ts';
import { netmaskOf } from '../ipv4.ts';
import { warning, type Problem } from '../problem.ts';
import { switchPortName } from '../service-names.ts';

const predictors = {
  'round-robin': 'round-robin',
  'least-connections': 'least-conn',
  // Ports with `sticky` keep their senders; what is new goes round.
  source: 'round-robin',
} as const;

/**
 * Foundry (Brocade) ServerIron. Never `sip-switch`, `sip-proxy-server` or anything else that looks into SIP: the farm
 * does that better.
 */
export const serverIron: Device = {
  name: 'serveriron',
  title: 'Foundry ServerIron',
  check,
  generate: (cluster) => [{ name: 'startup-config', text: startupConfig(cluster) }],
};

function check(cluster: BalancedCluster): Problem[] {
  const stateless = cluster.services.filter((service) => isStateless(cluster, service));
  return [
    ...stateless.map(({ name }) =>
      warning(
        `service ${name}: "stateless" exists in newer ServerIron software only. Have it confirmed that answers of any ` +
          'real server leave with the virtual address and the same port; if not, take mode "dsr"',
      ),
    ),
    ...(cluster.mediaMethod === 'single-ip'
      ? [warning('single-ip: the ranges of media ports are not in this configuration; ServerIron binds single ports')]
      : []),
  ];
}

const isStateless = (cluster: BalancedCluster, service: BalancedService): boolean =>
  service.mode === 'nat' && isPerPacket(cluster, service);

function startupConfig(cluster: BalancedCluster): string {
  const { name, balancer, frontends, mediaMethod, predictor } = cluster;
  const { address, prefixLength, gateway, dns } = balancer;
  return lines(
    `! Load balancing of the cluster ${name}`,
    `server predictor ${predictors[predictor]}`,
    frontends.flatMap((frontend) => realServer(cluster, frontend)),
    virtualServer(cluster),
    '!',
    address !== '' && `ip address ${address} ${netmaskOf(prefixLength ?? 32)}`,
    gateway !== '' && `ip default-gateway ${gateway}`,
    dns !== '' && `ip dns server-address ${dns}`,
    mediaMethod === 'multi-ip-nat' &&
      frontends.map(({ address: inside, wanAddress }) => `ip nat inside source static ${inside} ${wanAddress}`),
    'end',
  );
}

function realServer(cluster: BalancedCluster, frontend: Frontend): string[] {
  const services = cluster.services.filter((service) => frontendsOf(cluster, service).includes(frontend));
  return [
    '!',
    `server real ${frontend.name} ${frontend.address}`,
    ...(frontend.weight === 100 ? [] : [` weight ${frontend.weight}`]),
    ...services.flatMap(({ port, isKeptAlive }) => [
      ` port ${switchPortName(port)}`,
      ...(isKeptAlive ? [` port ${switchPortName(port)} keepalive`] : []),
    ]),
  ];
}

function virtualServer(cluster: BalancedCluster): string[] {
  const { name, virtualAddress, predictor, services } = cluster;
  return [
    '!',
    `server virtual ${name} ${virtualAddress}`,
    ` predictor ${predictors[predictor]}`,
    ...services.flatMap((service) => portLines(cluster, service)),
    ...services.map((service) => {
      const port = switchPortName(service.port);
      return ` bind ${port} ${frontendsOf(cluster, service)
        .map((frontend) => `${frontend.name} ${port}`)
        .join(' ')}`;
    }),
  ];
}

function portLines(cluster: BalancedCluster, service: BalancedService): string[] {
  const port = switchPortName(service.port);
  return [
    ` port ${port}`,
    ...(service.mode === 'dsr' ? [` port ${port} dsr`] : []),
    ...(isStateless(cluster, service) ? [` port ${port} stateless`] : []),
    ...(service.predictor === 'source' && !isPerPacket(cluster, service) ? [` port ${port} sticky`] : []),
  ];
}
