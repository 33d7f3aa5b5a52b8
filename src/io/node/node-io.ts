import type { CertificateAuthorities } from '../authority.ts';
import type { Certificates } from '../certificates.ts';
import type { Clock, Random } from '../clock.ts';
import type { Commands } from '../command.ts';
import type { Compression } from '../compression.ts';
import type { Consoles } from '../console.ts';
import type { Datagrams } from '../datagram.ts';
import type { Dns, DnsOptions } from '../dns.ts';
import type { EthernetDevices } from '../ethernet.ts';
import type { Files } from '../files.ts';
import type { Network, TcpNetwork } from '../listener.ts';
import type { Heap } from '../heap.ts';
import type { Http2Dialer } from '../http2.ts';
import type { Machine } from '../machine.ts';
import type { MediaSockets } from '../media-sockets.ts';
import type { MutualTlsNetwork } from '../mutual-tls.ts';
import type { NameResolver } from '../name-resolver.ts';
import type { Netfilter } from '../netfilter.ts';
import type { Processes } from '../processes.ts';
import type { Threads } from '../threads.ts';
import type { WebSockets } from '../web-socket.ts';
import { createNodeAuthorities } from './authority.ts';
import { createNodeCertificates } from './certificates.ts';
import { createNodeClock } from './clock.ts';
import { nodeCommands } from './command.ts';
import { nodeCompression } from './compression.ts';
import { nodeConsoles } from './console.ts';
import { createNodeDatagrams, createPlainDatagrams } from './datagram/datagrams.ts';
import { createNodeDns } from './dns.ts';
import { createNodeEthernet } from './ethernet/devices.ts';
import { createNodeFiles } from './files.ts';
import { createNodeHeap } from './heap.ts';
import { createNodeHttp2 } from './http2.ts';
import { createNodeMachine } from './machine.ts';
import { createNodeMediaSockets, createPlainMediaSockets } from './media/media-sockets.ts';
import { createNodeNameResolver } from './name-resolver.ts';
import { createNodeNetfilter } from './netfilter.ts';
import { createNodeNetwork } from './network.ts';
import { createNodeProcesses } from './processes.ts';
import { createNodeRandom } from './random.ts';
import { CIPHERS } from './secure-contexts.ts';
import { createNodeThreads } from './threads.ts';
import { createNodeWebSockets } from './web-socket/web-sockets.ts';

export interface NodeIo {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network & TcpNetwork;
  /** The same network, between members of a cluster. */
  readonly mutualTls: MutualTlsNetwork;
  readonly webSockets: WebSockets;
  readonly http2: Http2Dialer;
  readonly names: NameResolver;
  readonly files: Files;
  readonly certificates: Certificates;
  readonly authorities: CertificateAuthorities;
  readonly compression: Compression;
  readonly commands: Commands;
  readonly processes: Processes;
  readonly machine: Machine;
  readonly heap: Heap;
  readonly threads: Threads;
  readonly ethernet: EthernetDevices;
  /** Loads what it needs when it is asked for the first time. `batched`, which is meant unless said, where that is possible. */
  readonly datagrams: (way?: 'batched' | 'plain') => Promise<Datagrams>;
  /** The same for media: one epoll for all of them, or the runtime's sockets. */
  readonly mediaSockets: (way?: 'epoll' | 'plain') => Promise<MediaSockets>;
  readonly consoles: Consoles;
  /** undefined: not Linux, or the library for native calls is missing. Whoever asks closes it. */
  readonly netfilter: () => Promise<Netfilter | undefined>;
  readonly dns: (options: DnsOptions) => Dns;
  /** What listeners offer, best first. */
  readonly tlsCiphers: readonly string[];
}

/** The outside world of this process. One is enough: its streams share one receive buffer. */
export function createNodeIo(): NodeIo {
  const clock = createNodeClock();
  const network = createNodeNetwork();
  let datagrams: Promise<Datagrams> | undefined;
  return {
    clock,
    random: createNodeRandom(),
    network,
    mutualTls: network,
    webSockets: createNodeWebSockets(network),
    http2: createNodeHttp2(),
    names: createNodeNameResolver(),
    files: createNodeFiles(clock),
    certificates: createNodeCertificates(clock),
    authorities: createNodeAuthorities(clock),
    compression: nodeCompression,
    commands: nodeCommands,
    processes: createNodeProcesses(),
    machine: createNodeMachine(),
    heap: createNodeHeap(),
    threads: createNodeThreads(),
    ethernet: createNodeEthernet({ clock }),
    mediaSockets: async (way) => (way === 'plain' ? createPlainMediaSockets(clock) : createNodeMediaSockets(clock)),
    consoles: nodeConsoles,
    netfilter: createNodeNetfilter,
    dns: createNodeDns,
    datagrams: async (way) => (way === 'plain' ? createPlainDatagrams() : (datagrams ??= createNodeDatagrams())),
    tlsCiphers: CIPHERS.split(':'),
  };
}
