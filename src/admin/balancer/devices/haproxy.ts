import { frontendsOf, type BalancedCluster, type BalancedService, type Frontend } from '../description.ts';
import { lines, type Device } from '../device.ts';
import { optionsAnswer } from '../options-request.ts';
import { warning, type Problem } from '../problem.ts';
import { answersFile } from './nft/answers-file.ts';
import { checkProxy } from './proxy-check.ts';

const balances = { 'round-robin': 'roundrobin', 'least-connections': 'leastconn', source: 'source' } as const;
const maxWeight = 256;

/** HAProxy, for everything that is a connection. */
export const haproxy: Device = {
  name: 'haproxy',
  title: 'HAProxy',
  check,
  generate: (cluster) => [
    { name: 'haproxy.cfg', text: configuration(cluster) },
    ...(isTransparent(cluster) ? [answersFile(withoutUdp(cluster), { isProxy: true })] : []),
  ],
};

const hasTcp = ({ protocols }: BalancedService): boolean => protocols.includes('tcp');
const isTransparent = ({ services }: BalancedCluster): boolean =>
  services.some((service) => service.mode === 'nat' && hasTcp(service));

/** UDP has a balancer of its own, which brings its answers back. */
const withoutUdp = (cluster: BalancedCluster): BalancedCluster => ({
  ...cluster,
  services: cluster.services.filter(hasTcp).map((service) => ({ ...service, protocols: ['tcp'] })),
});

function check(cluster: BalancedCluster): Problem[] {
  const udp = cluster.services.filter(({ protocols }) => protocols.includes('udp')).map(({ name }) => name);
  return [
    ...checkProxy(cluster, 'HAProxy'),
    ...(udp.length > 0
      ? [
          warning(
            `HAProxy balances no UDP: ${udp.join(', ')} is here for TCP only. Let nftables or keepalived balance UDP on ` +
              'the same machine',
          ),
        ]
      : []),
    ...(isTransparent(cluster)
      ? [
          warning(
            'HAProxy connects with the addresses of the clients, so that the members see who calls: it needs the second ' +
              'file (nft -f), and the frontends must have this machine as their gateway',
          ),
        ]
      : []),
  ];
}

function configuration(cluster: BalancedCluster): string {
  return lines(
    `# Load balancing of the cluster ${cluster.name}`,
    ['global', '\tlog /dev/log local0'],
    [
      'defaults',
      '\tlog global',
      '\tmode tcp',
      '\toption tcplog',
      '\ttimeout connect 5s',
      '\ttimeout check 2s',
      // Telephones and VPN sessions keep their connections for long, and keep them alive.
      '\ttimeout client 1h',
      '\ttimeout server 1h',
      '\tdefault-server inter 2s fastinter 1s fall 2 rise 1',
    ],
    cluster.services.filter(hasTcp).flatMap((service) => listener(cluster, service)),
  );
}

function listener(cluster: BalancedCluster, service: BalancedService): string[] {
  const predictor = service.predictor ?? cluster.predictor;
  return [
    `listen ${service.name}`,
    `\tbind ${cluster.virtualAddress}:${service.port}`,
    `\tbalance ${balances[predictor]}`,
    ...(predictor === 'source' ? ['\thash-type consistent'] : []),
    ...(service.mode === 'nat' ? ['\tsource 0.0.0.0 usesrc clientip'] : []),
    ...checkLines(service),
    ...frontendsOf(cluster, service).map((frontend) => serverLine(cluster, service, frontend)),
  ];
}

/** As `optionsRequest`, with the address of the member that is asked. */
const optionsOverTcp = [
  'OPTIONS sip:%[bc_dst]:%[bc_dst_port] SIP/2.0',
  'Via: SIP/2.0/TCP balancer.invalid;rport;branch=z9hG4bK%[uuid()]',
  'Route: <sip:%[bc_dst]:%[bc_dst_port];transport=tcp;lr>',
  'From: <sip:balancer@balancer.invalid>;tag=balancer',
  'To: <sip:%[bc_dst]:%[bc_dst_port]>',
  'Call-ID: %[uuid()]',
  'CSeq: 1 OPTIONS',
  'Max-Forwards: 0',
  'Content-Length: 0',
  '',
  '',
].join('\\r\\n');

function checkLines({ isKeptAlive, check: kind }: BalancedService): string[] {
  if (!isKeptAlive) return [];
  if (kind === 'smtp') return ['\toption smtpchk'];
  if (kind === 'https') return ['\toption httpchk GET /readyz', '\thttp-check expect status 200'];
  if (kind !== 'sip') return [];
  return [
    '\toption tcp-check',
    '\ttcp-check connect',
    `\ttcp-check send-lf "${optionsOverTcp}"`,
    `\ttcp-check expect string "${optionsAnswer}"`,
  ];
}

function serverLine(cluster: BalancedCluster, service: BalancedService, frontend: Frontend): string {
  const { name, address } = frontend;
  const largest = Math.max(maxWeight, ...cluster.frontends.map(({ weight }) => weight));
  const weight = Math.max(1, Math.round((frontend.weight * maxWeight) / largest));
  const server = `\tserver ${name} ${address}:${service.port} weight ${weight}`;
  if (!service.isKeptAlive || service.check === 'none') return server;
  return `${server} check${service.check === 'https' ? ' check-ssl verify none' : ''}`;
}
