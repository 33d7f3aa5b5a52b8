import type { ByteStream, Endpoint } from './stream.ts';

/** A private key and its certificate, PEM. */
export interface ServerIdentity {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface TlsListenOptions {
  readonly host: string;
  readonly port: number;
  /** Read at each new connection: a changed certificate needs no restart. */
  readonly identity: () => ServerIdentity;
  readonly reusePort?: boolean;
  /** A client that has not finished its TLS handshake after this long is closed. */
  readonly handshakeTimeoutMs: number;
  /** Asked before anything is read or allocated; false closes the TCP connection at once. */
  readonly admit: (remote: Endpoint) => boolean;
  /**
   * Called after `admit` said yes; the TLS handshake begins when `start` is called (later, or never if the connection
   * has ended meanwhile). Paces a log-in storm so that the loop keeps forwarding. Absent = at once.
   */
  readonly pace?: (start: () => void) => void;
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
}

/** Opens TCP listeners and connections. A failure is an `IoError` that names address, port and what to do. */
export interface Network {
  listenTls(options: TlsListenOptions): Promise<RunningListener>;
  /** The peer's certificate is not judged here: the caller looks at `stream.tls.peerCertificate`. */
  dial(options: TlsDialOptions): Promise<ByteStream>;
}
