/** A program that interop tests run against, and where it comes from. */
export interface Peer {
  /** The Debian package that brings it. */
  readonly debianPackage: string;
  /** The peer is there when one of these files is. */
  readonly files: readonly string[];
  /** The service that the package would start, where it is not called like the package. */
  readonly service?: string;
  /** Only what is measured beside hubfarm needs it: tests do without, and nobody installs it for them. */
  readonly isForBenches?: boolean;
}

const softether = '/usr/libexec/softether';
const program = (name: string): string[] => ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((dir) => `${dir}/${name}`);

export const peerTable = {
  vpnserver: { debianPackage: 'softether-vpnserver', files: [`${softether}/vpnserver/vpnserver`] },
  vpnclient: { debianPackage: 'softether-vpnclient', files: [`${softether}/vpnclient/vpnclient`] },
  vpnbridge: { debianPackage: 'softether-vpnbridge', files: [`${softether}/vpnbridge/vpnbridge`] },
  vpncmd: { debianPackage: 'softether-vpncmd', files: [`${softether}/vpncmd/vpncmd`] },
  iperf3: { debianPackage: 'iperf3', files: program('iperf3') },
  ping: { debianPackage: 'iputils-ping', files: program('ping') },
  ip: { debianPackage: 'iproute2', files: program('ip') },
  tcpdump: { debianPackage: 'tcpdump', files: program('tcpdump') },
  etcd: { debianPackage: 'etcd-server', files: program('etcd'), service: 'etcd' },
  etcdctl: { debianPackage: 'etcd-client', files: program('etcdctl') },
  sipp: { debianPackage: 'sip-tester', files: program('sipp') },
  sipsak: { debianPackage: 'sipsak', files: program('sipsak') },
  baresip: { debianPackage: 'baresip', files: program('baresip') },
  linphonec: { debianPackage: 'linphone-cli', files: program('linphonec') },
  chromium: { debianPackage: 'chromium', files: program('chromium') },
  dnsmasq: { debianPackage: 'dnsmasq-base', files: program('dnsmasq') },
  nft: { debianPackage: 'nftables', files: program('nft') },
  conntrack: { debianPackage: 'conntrack', files: program('conntrack') },
  haproxy: { debianPackage: 'haproxy', files: program('haproxy') },
  nginx: { debianPackage: 'nginx', files: program('nginx') },
  nginxStream: { debianPackage: 'libnginx-mod-stream', files: ['/usr/lib/nginx/modules/ngx_stream_module.so'] },
  keepalived: { debianPackage: 'keepalived', files: program('keepalived') },
  rtpengine: {
    debianPackage: 'rtpengine-daemon',
    files: program('rtpengine'),
    isForBenches: true,
  },
  openssl: { debianPackage: 'openssl', files: program('openssl') },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof peerTable;

export const peerNames = Object.keys(peerTable) as PeerName[];
