import {
  frontendsOf,
  isPerPacket,
  type BalancedCluster,
  type BalancedService,
  type TransportProtocol,
} from '../description.ts';
import { lines, type Device } from '../device.ts';
import { error, warning, type Problem } from '../problem.ts';
import { answersFile } from './nft/answers-file.ts';
import { checkProxy } from './proxy-check.ts';

/** nginx with its stream module. */
export const nginx: Device = {
  name: 'nginx',
  title: 'nginx (stream)',
  check,
  generate: (cluster) => [
    { name: 'nginx.conf', text: configuration(cluster) },
    ...(isTransparent(cluster) ? [answersFile(cluster, { isProxy: true })] : []),
  ],
};

const isTransparent = ({ services }: BalancedCluster): boolean => services.some(({ mode }) => mode === 'nat');

function check(cluster: BalancedCluster): Problem[] {
  const { services } = cluster;
  const perPacket = services.filter((service) => isPerPacket(cluster, service)).map(({ name }) => name);
  return [
    ...checkProxy(cluster, 'nginx'),
    ...(isTransparent(cluster)
      ? [
          warning(
            'nginx sends to the frontends from the addresses of the clients, so that the members see who calls: it needs ' +
              'the second file (nft -f), and the frontends must have this machine as their gateway',
          ),
        ]
      : []),
    ...(perPacket.length > 0
      ? [
          warning(
            `nginx opens a socket for each datagram of ${perPacket.join(', ')}, which costs more than nftables or IPVS; ` +
              'and what the frontends send by themselves does not pass it, but the second file',
          ),
        ]
      : []),
    ...(services.some(({ isKeptAlive, check: kind }) => isKeptAlive && kind !== 'none')
      ? [
          warning(
            'nginx asks no frontend whether it lives: a connection that fails goes to the next one, a datagram is lost',
          ),
        ]
      : []),
    ...services
      .filter(({ name }) =>
        services.some((other) => other.name !== name && upstreamName(other.name) === upstreamName(name)),
      )
      .map(({ name }) => error(`service ${name}: nginx needs names that differ in more than punctuation`)),
  ];
}

const upstreamName = (service: string): string => service.replaceAll(/[^A-Za-z0-9]/g, '_');

function block(head: string, body: readonly string[]): string[] {
  return [`${head} {`, ...body.map((line) => `\t${line}`), '}'];
}

function configuration(cluster: BalancedCluster): string {
  return lines(
    `# Load balancing of the cluster ${cluster.name}`,
    '# The stream module, where it is not built in:',
    'include /etc/nginx/modules-enabled/*.conf;',
    'worker_processes auto;',
    block('events', ['worker_connections 65535;']),
    block(
      'stream',
      cluster.services.flatMap((service) =>
        service.protocols.flatMap((protocol) => server(cluster, service, protocol)),
      ),
    ),
  );
}

function server(cluster: BalancedCluster, service: BalancedService, protocol: TransportProtocol): string[] {
  const predictor = service.predictor ?? cluster.predictor;
  const upstream = `${upstreamName(service.name)}_${protocol}`;
  const isDatagram = protocol === 'udp';
  return [
    ...block(`upstream ${upstream}`, [
      ...(predictor === 'source' ? ['hash $remote_addr consistent;'] : []),
      ...(predictor === 'least-connections' && !isDatagram ? ['least_conn;'] : []),
      `zone ${upstream} 64k;`,
      ...frontendsOf(cluster, service).map(
        ({ address, weight }) =>
          `server ${address}:${service.port} weight=${weight}${isDatagram ? ' max_fails=0' : ''};`,
      ),
    ]),
    ...block('server', [
      `listen ${cluster.virtualAddress}:${service.port}${isDatagram ? ' udp reuseport' : ' so_keepalive=on'};`,
      `proxy_pass ${upstream};`,
      ...(isDatagram ? datagramLines(cluster, service) : connectionLines(service)),
    ]),
  ];
}

function datagramLines(cluster: BalancedCluster, service: BalancedService): string[] {
  return [
    // Each datagram is a session of its own, and no answer is waited for: any frontend may send it, past nginx.
    ...(isPerPacket(cluster, service) ? ['proxy_requests 1;', 'proxy_responses 0;'] : []),
    ...(service.mode === 'nat' ? ['proxy_bind $remote_addr:$remote_port transparent;'] : []),
  ];
}

const connectionLines = ({ mode }: BalancedService): string[] => [
  ...(mode === 'nat' ? ['proxy_bind $remote_addr transparent;'] : []),
  'proxy_connect_timeout 5s;',
  // Telephones and VPN sessions keep their connections for long, and keep them alive.
  'proxy_timeout 1h;',
];
