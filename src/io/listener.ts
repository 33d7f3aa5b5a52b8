import type { ByteStream, Endpoint } from './stream.ts';

/** A private key and its certificate, PEM. */
export interface ServerIdentity {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** What a client says of itself in its first TLS message. */
export interface ClientHello {
  /** SNI, as sent (SoftEther clients may send `host/tcp`). */
  readonly serverName: string | undefined;
  /** Protocols of the ALPN extension; empty without one. Stock SoftEther clients send none. */
  readonly alpn: readonly string[];
  /** Versions offered: 0x0303 = TLS 1.2, 0x0304 = TLS 1.3. */
  readonly versions: readonly number[];
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface TlsListenOptions {
  readonly host: string;
  readonly port: number;
  /** Read at each new connection: a changed certificate needs no restart. */
  readonly identity: () => ServerIdentity;
  /** Several processes or threads may listen on the same port; the kernel spreads the connections. */
  readonly reusePort?: boolean;
  /**
   * The newest version to agree on with this client. Absent = TLS 1.2 without ALPN, TLS 1.3 with it: a stock SoftEther
   * client that has seen an unclean end is healed only by `renegotiate`, which TLS 1.3 does not have.
   */
  readonly chooseMaxVersion?: (clientHello: ClientHello) => TlsVersion;
  /**
   * Protocols (ALPN) that this listener also speaks: `stream.tls.alpn` names the one agreed on, the first of these that the
   * client offers. Clients that offer others, or none, are served as ever, without an answer to their offer.
   */
  readonly alpn?: readonly string[];
  /** TCP_NOTSENT_LOWAT of each connection, where the system has it: caps what waits unsent in the kernel. */
  readonly notSentLowWaterBytes?: number;
  /** Told of trouble that the listener survives (connections refused for want of file descriptors), at most once a second. */
  readonly troubled?: (error: Error) => void;
  /** A client that has not finished its TLS handshake after this long is closed. */
  readonly handshakeTimeoutMs: number;
  /** Asked before anything is read or allocated; false closes the TCP connection at once. */
  readonly admit: (remote: Endpoint) => boolean;
  /**
   * Called after `admit` said yes; the TLS handshake begins when `start` is called (later, or never if the connection
   * has ended meanwhile). Paces a log-in storm so that the loop keeps forwarding. Absent = at once.
   */
  readonly pace?: (start: () => void, remote: Endpoint) => void;
  /** Called exactly once for each admitted TCP connection that ended before it became a stream. */
  readonly abandoned: (remote: Endpoint, why: string) => void;
  readonly connected: (stream: ByteStream) => void;
}

export interface RunningListener {
  readonly local: Endpoint;
  /** Stops accepting. Streams that are up stay up. */
  close(): Promise<void>;
}

export interface TlsDialOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Name for SNI; undefined sends none. */
  readonly serverName?: string;
  readonly tls: boolean;
  /** The caller may use `dropEncryption`: clear bytes right behind the last TLS record are kept from TLS, at some cost. */
  readonly mayDropEncryption?: boolean;
  /** Protocols to offer (ALPN); absent = none. */
  readonly alpn?: readonly string[];
  /** Asks the authorities that this machine trusts: `stream.tls.server` tells whether they vouch for `serverName` (or `host`). */
  readonly verify?: boolean;
  /**
   * The other machine is asked for a sign of life after a third of it in silence, and the connection fails when nothing
   * was acknowledged for so long: a cut cable, a machine without power. Only where the system has TCP_USER_TIMEOUT.
   */
  readonly unacknowledgedTimeoutMs?: number;
  /** TCP_NOTSENT_LOWAT, where the system has it: caps what waits unsent in the kernel. */
  readonly notSentLowWaterBytes?: number;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

export interface TcpListenOptions {
  readonly host: string;
  readonly port: number;
  readonly reusePort?: boolean;
  /** Told of trouble that the listener survives (connections refused for want of file descriptors), at most once a second. */
  readonly troubled?: (error: Error) => void;
  /** False closes the connection at once. */
  readonly admit: (remote: Endpoint) => boolean;
  readonly connected: (stream: ByteStream) => void;
}

/** Listeners without TLS: for protocols that have a use without it. */
export interface TcpNetwork {
  /** @throws IoError as `listenTls`. */
  listenTcp(options: TcpListenOptions): Promise<RunningListener>;
}

/** Opens TCP listeners and connections. A failure is an `IoError` that names address, port and what to do. */
export interface Network {
  listenTls(options: TlsListenOptions): Promise<RunningListener>;
  /** The peer's certificate is not judged here: the caller looks at `stream.tls`. */
  dial(options: TlsDialOptions): Promise<ByteStream>;
}
