import type { TransportName } from './transport-name.ts';

/** A place to listen at. */
export interface SipListenAddress {
  /** undefined = every address of the machine. */
  readonly host: string | undefined;
  readonly port: number;
}

export interface TransportSettings {
  /** UDP and TCP on each. The order matters where several fit: a request leaves by the first that can reach its target. */
  readonly plain: readonly SipListenAddress[];
  readonly tls: readonly SipListenAddress[];
  readonly ws: readonly SipListenAddress[];
  readonly wss: readonly SipListenAddress[];
  /** Names of this server, in lower case. */
  readonly names: readonly string[];
  /** The byte of IP_TOS for UDP; undefined = as the system does. */
  readonly typeOfService: number | undefined;
  /** Several members listen on the same ports; the kernel spreads the senders. */
  readonly reusePort: boolean;
  /** A connection without a message, or a keep-alive, for so long is closed. */
  readonly connectionIdleMs: number;
  /** Servers that we open a TLS connection to must show a certificate of an authority that this machine trusts. */
  readonly verifyServers: boolean;
}

/** What became of one place to listen at. */
export interface SipListenerStatus {
  readonly transport: TransportName;
  /** As it was asked for; undefined = every address. */
  readonly host: string | undefined;
  readonly port: number;
  readonly isListening: boolean;
  /** On an address that several servers answer for; it may be missing here. */
  readonly isVirtual?: boolean;
  /** Why it is not; in words for the administrator. */
  readonly error: string | undefined;
}
