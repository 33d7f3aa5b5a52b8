import type { Duplex } from 'node:stream';
import type { TlsServer } from './tls-server.ts';

export interface Endpoint {
  /** IPv4 or IPv6 text, without a zone; a v4-mapped IPv6 address is given as IPv4. */
  readonly address: string;
  readonly port: number;
}

export interface TlsInfo {
  /** `TLSv1.3`, `TLSv1.2` */
  readonly protocol: string;
  /** OpenSSL or IANA cipher name, as the runtime gives it. */
  readonly cipher: string;
  /** DER of the peer's certificate, where it sent one. */
  readonly peerCertificate: Buffer | undefined;
  /** Only where the one who dialled asked for it (`verify`). */
  readonly server?: TlsServer;
  /** The protocol that both sides agreed on; absent without one. */
  readonly alpn?: string;
  /**
   * Bytes that only the two ends of this TLS session can know (RFC 8446 §7.5, RFC 5705): what is proven over them cannot be
   * passed on by somebody in the middle, who has another session with each end. Only where a protocol was agreed on
   * (`alpn`); undefined when the session has ended.
   */
  readonly exportKeyingMaterial?: (label: string, lengthBytes: number) => Buffer | undefined;
}

/** What a reader of a stream is told. */
export interface StreamSink {
  /**
   * `chunk` belongs to the sink only until it returns if the stream is in shared mode; else for good. `hasMore`: most likely
   * the next chunk is here already and follows at once; where it does not, this turn of the loop ends without it.
   */
  data(chunk: Buffer, hasMore?: boolean): void;
  /** Once, at the end, however it came; nothing is called afterwards. `clean` = the peer closed in order. */
  closed(reason: { readonly clean: boolean; readonly error: Error | undefined }): void;
}

/** A connected byte stream, TLS or not. Nothing is read before `receive`. */
export interface ByteStream {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  /** undefined on a stream without TLS. */
  readonly tls: TlsInfo | undefined;
  readonly isClosed: boolean;
  /** Bytes written but not yet taken by the kernel. */
  readonly queuedBytes: number;

  /** Starts delivery to `sink`, or replaces the sink. Bytes that came before are delivered first, in order. */
  receive(sink: StreamSink): void;
  /**
   * As `receive`, but every stream of this loop shares one static receive buffer (design: a fifth less CPU per byte).
   * `chunk` is overwritten as soon as `data` returns. Falls back to `receive` where the runtime cannot do it.
   */
  receiveShared(sink: StreamSink): void;
  pause(): void;
  resume(): void;

  /**
   * `bytes` must not be changed until `done`, which is called once, also when the write failed or the stream is closed (a
   * failure ends in `closed`), and never before `write` returns.
   */
  write(bytes: Uint8Array, done?: () => void): void;
  /** Writes what is queued, sends close_notify (TLS), then FIN; destroys after a short grace. */
  close(): void;
  /** At once, without waiting for queued bytes. Still sends close_notify where TLS is up and the kernel takes it. */
  destroy(): void;

  /**
   * TLS 1.2 server, once per connection: asks the client for a new handshake (heals stock SoftEther clients after an
   * unclean end). Writes wait until it is over, 3 s at most. False = not possible, or the client does not do it; one that
   * refuses outright loses the connection.
   */
  renegotiate(): Promise<boolean>;
  /**
   * Writes `last` inside TLS, then goes on in clear on the same TCP connection, without close_notify (SoftEther
   * `use_encrypt=0`). Undefined where the runtime cannot do it; then nothing has been written.
   */
  dropEncryption(last: Uint8Array): Promise<ByteStream> | undefined;
  readonly canDropEncryption: boolean;

  /** Gives the connection to another protocol's library; `unread` is delivered to it first. The stream is dead afterwards. */
  handOver(unread: Buffer): Duplex;
}
