import { type BalancedCluster, type BalancedService, type ServiceCheck } from '../description.ts';
import { lines, type Device } from '../device.ts';
import { netmaskOf } from '../ipv4.ts';
import { error, warning, type Problem } from '../problem.ts';

const pool = 'frontends';
const profile = 'npath';
const defaultVlan = { name: 'external', tag: 4093, interfaces: ['1.1'] };

/**
 * F5 BIG-IP with nPath routing, its word for direct server return. It is no switch: whatever is not answered past it would
 * have to come back through it, so all services go the same way.
 */
export const bigIp: Device = {
  name: 'bigip',
  title: 'F5 BIG-IP (nPath)',
  check,
  generate: (cluster) => [
    { name: 'bigip_base.conf', text: baseConfig(cluster) },
    { name: 'bigip.conf', text: poolConfig(cluster) },
    { name: 'bigip_local.conf', text: virtualConfig(cluster) },
  ],
};

function check({ services, frontends, balancer, mediaMethod }: BalancedCluster): Problem[] {
  const others = services.filter(({ mode }) => mode === 'normal').map(({ name }) => name);
  return [
    ...services
      .filter(({ mode }) => mode === 'nat')
      .map(({ name }) =>
        error(`service ${name}: BIG-IP is configured for nPath, which is mode "dsr"; it has no "nat"`),
      ),
    ...(others.length > 0
      ? [
          warning(
            `with nPath all services are answered directly, also ${others.join(', ')}: each frontend needs the virtual ` +
              'address on its loopback interface',
          ),
        ]
      : []),
    ...(services.some((service) => service.frontends !== undefined && service.frontends.length < frontends.length)
      ? [warning('one pool takes all services: a frontend without one of them refuses what comes for it')]
      : []),
    ...(balancer.vlan === undefined
      ? [
          warning(
            `no vlan in [balancer]: "${defaultVlan.name}" on interface ${defaultVlan.interfaces.join()} is assumed`,
          ),
        ]
      : []),
    ...(balancer.address === '' ? [warning('no address in [balancer]: bigip_base.conf has no self IP')] : []),
    ...(mediaMethod === 'single-ip' || mediaMethod === 'multi-ip-nat'
      ? [error(`${mediaMethod}: media cannot go through a BIG-IP with nPath; give the frontends public addresses`)]
      : []),
  ];
}

function block(head: string, body: readonly string[]): string[] {
  return [`${head} {`, ...body.map((line) => `   ${line}`), '}'];
}

function baseConfig({ balancer, name }: BalancedCluster): string {
  const { address, prefixLength = 32, vlan = defaultVlan } = balancer;
  const cost = ['external path cost 20K', 'internal path cost 20K'].map((line) => `   ${line}`);
  return lines(
    `# Load balancing of the cluster ${name}`,
    block(`vlan ${vlan.name}`, [`tag ${vlan.tag}`, 'interfaces', ...vlan.interfaces.map((port) => `   ${port}`)]),
    block('stp instance 0', [
      `vlans ${vlan.name}`,
      'interfaces',
      ...vlan.interfaces.flatMap((port) => [`   ${port}`, ...cost.map((line) => `   ${line}`)]),
    ]),
    address !== '' &&
      block(`self ${address}`, [`netmask ${netmaskOf(prefixLength)}`, `vlan ${vlan.name}`, 'allow default']),
  );
}

const monitors: Readonly<Record<ServiceCheck, { readonly name: string; readonly from: string }>> = {
  tcp: { name: 'service_tcp', from: 'tcp' },
  sip: { name: 'service_sip', from: 'sip' },
  https: { name: 'service_https', from: 'https' },
  smtp: { name: 'service_smtp', from: 'smtp' },
  none: { name: 'service_tcp', from: 'tcp' },
};

/** The service by which a frontend is judged: the named one, else the first that tells most. */
function watched({ balancer, services }: BalancedCluster): BalancedService | undefined {
  const byCheck = (check: ServiceCheck): BalancedService | undefined => services.find((one) => one.check === check);
  const named = services.find(({ name }) => name === balancer.monitor);
  return named ?? byCheck('https') ?? byCheck('sip') ?? byCheck('smtp') ?? services[0];
}

function poolConfig(cluster: BalancedCluster): string {
  const { balancer, frontends, predictor, name } = cluster;
  const service = watched(cluster);
  const monitor = monitors[service?.check ?? 'tcp'];
  return lines(
    `# Load balancing of the cluster ${name}`,
    balancer.gateway !== '' && block('route default inet', [`gateway ${balancer.gateway}`]),
    block(`monitor ${monitor.name}`, [
      `defaults from ${monitor.from}`,
      `dest *:${service?.port ?? 0}`,
      ...(monitor.from === 'https' ? ['recv "server: ok"', 'send "GET /readyz HTTP/1.0\\n\\n"'] : []),
    ]),
    // No check of connections: half of each goes another way.
    block(`profile fastL4 ${profile}`, [
      'defaults from fastL4',
      'idle timeout 60',
      'tcp handshake timeout 15',
      'tcp close timeout 60',
      'loose initiation disable',
      'loose close enable',
      'software syncookie disable',
    ]),
    block(`pool ${pool}`, [
      ...(predictor === 'least-connections' ? ['lb method member least conn'] : []),
      `monitor all ${monitor.name} and gateway_icmp`,
      'members',
      ...frontends.map(({ address }) => `   ${address}:any`),
    ]),
    `node * monitor ${monitor.name}`,
  );
}

function virtualConfig({ virtualAddress, name }: BalancedCluster): string {
  return lines(
    `# Load balancing of the cluster ${name}`,
    block(`virtual address ${virtualAddress}`, ['floating disable', 'unit 0']),
    block(`virtual ${name}`, [
      'translate address disable',
      `pool ${pool}`,
      `destination ${virtualAddress}:any`,
      `profiles ${profile}`,
    ]),
  );
}
