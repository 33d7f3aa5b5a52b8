import type { TlsServer } from './tls-server.ts';

/** Where HTTP requests go. One client = one target. */
export type HttpTarget =
  | { readonly kind: 'unix'; readonly path: string }
  | {
      readonly kind: 'tls';
      readonly host: string;
      readonly port: number;
      /**
       * Asked once for each connection, after the handshake and before a byte of a request (so before a password) is
       * sent. What it throws ends the connection and becomes the error of the request.
       */
      readonly judge: (server: TlsServer) => Promise<void>;
    };

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: Buffer;
}

export interface HttpClientLimits {
  readonly connectTimeoutMs: number;
  /** From the request's first byte to the response's last; time that `judge` takes does not count. */
  readonly responseTimeoutMs: number;
  readonly maxResponseBytes: number;
}

/** Sends requests to one target, over a connection that is kept while it is in use. */
export interface HttpClient {
  /** Errors: `IoError`, or what `judge` threw. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Closes idle connections. A later `send` opens a new one. */
  close(): void;
}

export type OpenHttpClient = (target: HttpTarget, limits: HttpClientLimits) => HttpClient;
