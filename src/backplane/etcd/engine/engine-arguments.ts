import { inspectCertificate } from '#base';
import { EngineError } from './engine-error.ts';
import { enginePorts, type EngineOptions } from './engine-options.ts';

export interface EngineFiles {
  readonly data: string;
  readonly pid: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
  readonly clientAuthority: string;
  readonly peerCertificate: string;
  readonly peerKey: string;
  readonly peerAuthority: string;
}

export function engineFiles(directory: string): EngineFiles {
  const inside = (name: string): string => `${directory}/${name}`;
  return {
    data: inside('data'),
    pid: inside('engine.pid'),
    clientCertificate: inside('client.pem'),
    clientKey: inside('client-key.pem'),
    clientAuthority: inside('client-authority.pem'),
    peerCertificate: inside('peer.pem'),
    peerKey: inside('peer-key.pem'),
    peerAuthority: inside('peer-authority.pem'),
  };
}

export const url = (host: string, port: number): string => `https://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** 10 MiB: above our largest transaction and below what an old etcd can read back from its log. */
const requestMaxBytes = 10 * 1024 * 1024 - 64 * 1024;
const transactionMaxOperations = 500_000;
const quotaBytes = 4 * 1024 * 1024 * 1024;

/** Command line of etcd 3.4 and newer. */
export function engineArguments(options: EngineOptions): string[] {
  const { name, host, listenHost = '0.0.0.0', clusterId, join } = options;
  const { clientPort = enginePorts.client, peerPort = enginePorts.peer } = options;
  const files = engineFiles(options.directory);
  const peers = join === 'new' ? [{ name, host, peerPort }] : join;
  const settings: Record<string, string | number> = {
    name,
    'data-dir': files.data,
    'listen-client-urls': url(listenHost, clientPort),
    'advertise-client-urls': url(host, clientPort),
    'listen-peer-urls': url(listenHost, peerPort),
    'initial-advertise-peer-urls': url(host, peerPort),
    'initial-cluster': peers.map((peer) => `${peer.name}=${url(peer.host, peer.peerPort)}`).join(','),
    'initial-cluster-state': join === 'new' ? 'new' : 'existing',
    'initial-cluster-token': clusterId,
    'client-cert-auth': 'true',
    'cert-file': files.clientCertificate,
    'key-file': files.clientKey,
    'trusted-ca-file': files.clientAuthority,
    'peer-client-cert-auth': 'true',
    'peer-cert-file': files.peerCertificate,
    'peer-key-file': files.peerKey,
    'peer-trusted-ca-file': files.peerAuthority,
    'peer-cert-allowed-cn': commonName(options),
    // The name says who may; from which address they come (several, behind NAT) says nothing.
    'experimental-peer-skip-client-san-verification': 'true',
    // As seldom as etcd allows with that time for an election.
    'heartbeat-interval': 200,
    'election-timeout': 1_000,
    // One that was away does not upset the leader when it comes back.
    'pre-vote': 'true',
    'grpc-keepalive-min-time': '500ms',
    'max-txn-ops': transactionMaxOperations,
    'max-request-bytes': requestMaxBytes,
    'quota-backend-bytes': quotaBytes,
    'auto-compaction-mode': 'periodic',
    'auto-compaction-retention': '5m',
    // Entries kept in memory for followers that lag behind.
    'snapshot-count': 10_000,
    // Into its tables, from the log, which is what survives: it looks for something to write that often, and at rest that is a
    // third of what an engine does. What comes in masses is written as often as before.
    'backend-batch-interval': '500ms',
    'backend-batch-limit': 1_000,
    'max-snapshots': 2,
    'max-wals': 4,
    'enable-grpc-gateway': 'false',
    'experimental-initial-corrupt-check': 'true',
    'strict-reconfig-check': 'true',
    logger: 'zap',
    'log-outputs': 'stderr',
  };
  return Object.entries(settings).map(([setting, value]) => `--${setting}=${value}`);
}

function commonName({ tls }: EngineOptions): string {
  const name = inspectCertificate(Buffer.from(tls.peer.certificatePem))?.subjectCommonName;
  if (name === undefined || name === '') {
    throw new EngineError('ENGINE_FAILED', "the certificate for the engine's peer port has no common name");
  }
  return name;
}
