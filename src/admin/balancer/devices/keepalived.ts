import {
  frontendsOf,
  isPerPacket,
  type BalancedCluster,
  type BalancedService,
  type Frontend,
  type TransportProtocol,
} from '../description.ts';
import { lines, type ConfigurationFile, type Device } from '../device.ts';
import { optionsAnswer, optionsRequest } from '../options-request.ts';
import { warning, type Problem } from '../problem.ts';
import { answersFile } from './nft/answers-file.ts';

const schedulers = { 'round-robin': 'rr', 'least-connections': 'wlc', source: 'sh' } as const;
/** keepalived takes no longer answer for one unless told how long it may be. */
const answerMaxBytes = 1400;

/** Keepalived with the kernel's IPVS. */
export const keepalived: Device = {
  name: 'keepalived',
  title: 'keepalived with IPVS',
  check,
  generate: (cluster) => [{ name: 'keepalived.conf', text: configuration(cluster) }, ...answers(cluster)],
};

const needsAnswers = (cluster: BalancedCluster): boolean =>
  cluster.services.some((service) => service.mode === 'nat' && isPerPacket(cluster, service));

const answers = (cluster: BalancedCluster): readonly ConfigurationFile[] =>
  needsAnswers(cluster) || cluster.mediaMethod === 'single-ip' || cluster.mediaMethod === 'multi-ip-nat'
    ? [answersFile(cluster, { isProxy: false })]
    : [];

function check(cluster: BalancedCluster): Problem[] {
  return needsAnswers(cluster)
    ? [
        warning(
          'IPVS forgets each datagram at once, which is right, and so does not know the answer when it comes: load the ' +
            'second file with nft -f, it gives the answers the virtual address',
        ),
      ]
    : [];
}

function block(head: string, body: readonly string[]): string[] {
  return [`${head} {`, ...body.map((line) => `\t${line}`), '}'];
}

function configuration(cluster: BalancedCluster): string {
  const { name, virtualAddress, balancer } = cluster;
  return lines(
    `! Load balancing of the cluster ${name}`,
    block('global_defs', [`router_id ${name}`]),
    block('vrrp_instance balancer', [
      '! A second balancer has the same file, with a lower priority.',
      'state BACKUP',
      `interface ${balancer.interface || 'eth0'}`,
      'virtual_router_id 60',
      'priority 100',
      'advert_int 1',
      ...block('virtual_ipaddress', [`${virtualAddress}/32`]),
    ]),
    cluster.services.flatMap((service) =>
      service.protocols.flatMap((protocol) => virtualServer(cluster, service, protocol)),
    ),
  );
}

function virtualServer(cluster: BalancedCluster, service: BalancedService, protocol: TransportProtocol): string[] {
  const frontends = frontendsOf(cluster, service);
  const predictor = service.predictor ?? cluster.predictor;
  const isWeighted = new Set(frontends.map(({ weight }) => weight)).size > 1;
  const scheduler = predictor === 'round-robin' && isWeighted ? 'wrr' : schedulers[predictor];
  return block(`virtual_server ${cluster.virtualAddress} ${service.port}`, [
    `protocol ${protocol.toUpperCase()}`,
    // One packet scheduling: no binding of a sender to a frontend.
    ...(protocol === 'udp' && isPerPacket(cluster, service) ? ['ops'] : []),
    `lvs_sched ${scheduler}`,
    `lvs_method ${service.mode === 'dsr' ? 'DR' : 'NAT'}`,
    'delay_loop 2',
    ...frontends.flatMap((frontend) =>
      block(`real_server ${frontend.address} ${service.port}`, [
        `weight ${frontend.weight}`,
        ...(service.isKeptAlive ? checker(service, frontend, protocol) : []),
      ]),
    ),
  ]);
}

function checker(service: BalancedService, { address }: Frontend, protocol: TransportProtocol): string[] {
  const hasUdp = service.protocols.includes('udp');
  if (service.check === 'sip' && hasUdp) {
    return block('UDP_CHECK', [
      `connect_port ${service.port}`,
      'connect_timeout 1',
      'retry 1',
      'delay_before_retry 1',
      `payload ${hex(optionsRequest(address, service.port))}`,
      `require_reply ${hex(optionsAnswer)}`,
      `max_reply_length ${answerMaxBytes}`,
    ]);
  }
  if (service.check === 'https') {
    return block('SSL_GET', [...block('url', ['path /readyz', 'status_code 200']), 'connect_timeout 2']);
  }
  if (service.check === 'smtp') return block('SMTP_CHECK', ['connect_timeout 2']);
  return service.check === 'none' || protocol === 'udp' ? [] : block('TCP_CHECK', ['connect_timeout 2']);
}

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
