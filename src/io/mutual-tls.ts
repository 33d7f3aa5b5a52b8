import type { RunningListener, ServerIdentity } from './listener.ts';
import type { ByteStream, Endpoint } from './stream.ts';

/** Key and certificate of one side, and the authority whose certificates it takes from the others. All PEM. */
export interface MutualTlsIdentity extends ServerIdentity {
  /** Nobody else vouches for anybody here: the authorities that the machine knows do not count. */
  readonly authorityPem: string;
}

export interface MutualTlsListenOptions {
  readonly host: string;
  readonly port: number;
  /** Read at each new connection: a changed certificate or authority needs no restart. */
  readonly identity: () => MutualTlsIdentity;
  /** Who has not finished its TLS handshake after this long is closed. */
  readonly handshakeTimeoutMs: number;
  /** Asked before anything is read; false closes the TCP connection at once. */
  readonly admit: (remote: Endpoint) => boolean;
  /** Called exactly once for each admitted TCP connection that ended before it became a stream; `why` is for people. */
  readonly abandoned: (remote: Endpoint, why: string) => void;
  /** `peerName` is the common name of the certificate that the authority has signed for the other side. */
  readonly connected: (stream: ByteStream, peerName: string) => void;
  /** Told of trouble that the listener survives: no file descriptors, an identity that cannot be used. */
  readonly troubled?: (error: Error) => void;
}

export interface MutualTlsDialOptions {
  readonly host: string;
  readonly port: number;
  /** For everything: name server, TCP, TLS. */
  readonly timeoutMs: number;
  readonly identity: MutualTlsIdentity;
  /** Common name that the other side's certificate must have. Its host names and addresses do not count. */
  readonly peerName: string;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/** TCP with TLS 1.3 in which both sides show a certificate of the same authority. A failure is an `IoError`. */
export interface MutualTlsNetwork {
  listenMutualTls(options: MutualTlsListenOptions): Promise<RunningListener>;
  /** `TLS_FAILED` also when the other side is somebody else than `peerName`. */
  dialMutualTls(options: MutualTlsDialOptions): Promise<ByteStream>;
}
