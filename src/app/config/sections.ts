import type { HttpFaceLimits } from '#admin';
import type { HubLimits } from '#hub';
import type { MediaConfig } from '#media';
import type { SipConfig } from '#sip';
import type { SoftEtherLimits } from '#softether';
import { cluster, type ClusterSection } from './cluster-section.ts';
import { hub } from './hub-section.ts';
import { http } from './http-section.ts';
import { listenAddressItem, type ListenAddress } from './listen-address.ts';
import { checkedText, choice, integer, integerOrAuto, optionalList, text, type Section } from './setting.ts';
import { media } from './media-section.ts';
import { sip } from './sip-section.ts';
import { softether } from './softether-section.ts';

export interface ServerSettings {
  /** Empty = the machine's host name. */
  readonly name: string;
  readonly dataDirectory: string;
  /** Empty = none. */
  readonly firstHub: string;
  /** Threads that serve, each with its own listeners; undefined = one for each core. */
  readonly members: number | undefined;
}

/** More threads than any machine has cores for. */
const maxMembers = 64;

export interface ListenerSettings {
  /** undefined = what administrators have set; at the first start `defaultPorts`. */
  readonly addresses: readonly ListenAddress[] | undefined;
}

export interface TlsSettings {
  readonly maxVersion: 'auto' | 'TLSv1.2' | 'TLSv1.3';
  readonly notSentLowWaterBytes: number;
}

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'auto' | 'json' | 'text';
}

/** The whole configuration: what a server needs before it has its store. All else is in the store. */
export interface Config {
  readonly server: ServerSettings;
  readonly listeners: ListenerSettings;
  readonly tls: TlsSettings;
  readonly log: LogSettings;
  readonly softether: SoftEtherLimits;
  readonly hub: HubLimits;
  readonly sip: SipConfig;
  readonly media: MediaConfig;
  readonly http: HttpFaceLimits;
  readonly cluster: ClusterSection;
}

/** Where stock SoftEther clients look for a server. */
export const defaultPorts: readonly number[] = [443, 992, 1194, 5555];

const server: Section<ServerSettings> = {
  description: 'The server as a whole.',
  settings: {
    name: text('', 'Name of this server in lists and logs. Empty: the host name of the machine.'),
    dataDirectory: checkedText(
      './hubfarm-data',
      (path) => path !== '',
      'the path of a folder',
      'Folder of everything that must survive a restart; made at the first start. Relative paths start at the current directory.',
    ),
    firstHub: text('DEFAULT', 'Virtual Hub that the first start makes. Empty: none.'),
    members: integerOrAuto(
      1,
      1,
      maxMembers,
      'Members of this server, each with a thread and listeners of its own: the second one listens on each port + 1, and so on. VPN sessions are spread over them. "auto": as many as the machine has cores.',
    ),
  },
};

const listeners: Section<ListenerSettings> = {
  description: 'TCP ports for VPN sessions, administration and HTTP, all over TLS.',
  settings: {
    addresses: optionalList(
      listenAddressItem,
      `Where to listen, each start anew: ["443", "192.0.2.1:8443", "[2001:db8::1]:992"]. Without this line: the ports that administrators have set; at the first start ${defaultPorts.join(', ')}. A port that cannot be opened is shown as such and stops no other.`,
    ),
  },
};

const tls: Section<TlsSettings> = {
  description: 'TLS on the listeners. The oldest version is always TLS 1.2.',
  settings: {
    maxVersion: choice(
      'auto',
      ['auto', 'TLSv1.2', 'TLSv1.3'],
      'Newest version to agree on. "auto" is TLS 1.2 for clients without ALPN (stock VPN clients, which only a TLS 1.2 renegotiation heals after a crash of the server) and TLS 1.3 for all others.',
    ),
    notSentLowWaterBytes: integer(
      1_048_576,
      4096,
      16_777_216,
      'Bytes of one connection that may wait unsent in the kernel. Less lowers the delay under load, more the CPU time.',
    ),
  },
};

const log: Section<LogSettings> = {
  description: 'The log on standard output.',
  settings: {
    level: choice('info', ['debug', 'info', 'warn', 'error'], 'The least important lines that are written.'),
    format: choice(
      'auto',
      ['auto', 'json', 'text'],
      '"auto" is text on a terminal and one JSON object a line elsewhere.',
    ),
  },
};

export const sections: { readonly [S in keyof Config]: Section<Config[S]> } = {
  server,
  listeners,
  tls,
  log,
  softether,
  hub,
  sip,
  media,
  http,
  cluster,
};
