import type { MutualTlsIdentity } from './mutual-tls.ts';

/** HTTP/2 over TLS 1.3 where both sides show a certificate: what gRPC travels on. */
export interface Http2Dialer {
  /** Connects and secures within `timeoutMs`. @throws IoError */
  dial(options: Http2DialOptions, sink: Http2Sink): Promise<Http2Connection>;
}

export interface Http2DialOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** What the server's certificate must be made out to; absent = `host`. */
  readonly serverName?: string;
  readonly identity: MutualTlsIdentity;
}

export interface Http2Sink {
  /** Once. No request can be made any more; each of those under way has been or will be told by itself. */
  closed(error: Error | undefined): void;
}

export interface Http2Connection {
  readonly isOpen: boolean;
  /** POST to `path`. `headers` as HTTP/2 writes them: lower case. @throws IoError CONNECTION_LOST */
  post(path: string, headers: Readonly<Record<string, string>>, sink: Http2StreamSink): Http2Stream;
  /** Resolves when the other side has answered; rejects when the connection ends first. */
  ping(): Promise<void>;
  /** At once: requests under way end with an error. */
  destroy(why: string): void;
}

export interface Http2Stream {
  write(bytes: Uint8Array): void;
  /** Nothing more will be written. */
  end(): void;
  /** Tells the other side to stop; the sink hears nothing any more. */
  cancel(): void;
  /** Stops and resumes delivery; the other side is held back by flow control. */
  pause(): void;
  resume(): void;
}

export type Http2Headers = Readonly<Record<string, string | undefined>>;

export interface Http2StreamSink {
  /** Once, unless the stream fails before. `headers` without the pseudo headers. */
  answered(status: number, headers: Http2Headers): void;
  data(chunk: Buffer): void;
  /** Once, last. */
  ended(end: Http2StreamEnd): void;
}

export type Http2StreamEnd =
  | { readonly kind: 'done'; readonly trailers: Http2Headers }
  /** `isUntouched`: the other side says that it has not looked at the request. */
  | { readonly kind: 'failed'; readonly error: Error; readonly isUntouched: boolean };
