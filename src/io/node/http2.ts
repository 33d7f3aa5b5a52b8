import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { IoError } from '../errors.ts';
import type {
  Http2Connection,
  Http2Dialer,
  Http2DialOptions,
  Http2Headers,
  Http2Sink,
  Http2Stream,
  Http2StreamEnd,
  Http2StreamSink,
} from '../http2.ts';
import { asError, dialError, errnoOf, hostAndPort, plainReason } from './errno.ts';

/** What may be on its way to us: of one stream, and of all together. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;

/** What may wait to be sent on a connection; the runtime refuses new requests above it, and would at 10. */
const SESSION_MAX_MEGABYTES = 1024;

/** RFC 9113 §7. */
const NO_ERROR = 0;
const REFUSED_STREAM = 7;
const CANCEL = 8;

export function createNodeHttp2(): Http2Dialer {
  return {
    dial: async (options, sink) => {
      // Loaded only here: a server that stands alone does not need it.
      const { connect } = await import('node:http2');
      const socket = await secured(options);
      const settings = { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false };
      const name = hostAndPort(options.host, options.port);
      const session = connect(`https://${name}`, {
        createConnection: () => socket,
        settings,
        maxSessionMemory: SESSION_MAX_MEGABYTES,
      });
      return new NodeHttp2Connection(session, name, sink);
    },
  };
}

/** Everything, from the name server to the end of the TLS handshake, within `timeoutMs`. */
function secured({ host, port, timeoutMs, serverName, identity }: Http2DialOptions): Promise<TLSSocket> {
  const name = hostAndPort(host, port);
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host,
      port,
      // SNI must not be an address; the certificate is held against `host` then.
      servername: serverName ?? (isIP(host) === 0 ? host : ''),
      ca: identity.authorityPem,
      cert: identity.certificatePem,
      key: identity.privateKeyPem,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
    });
    socket.setNoDelay();
    const deadline = setTimeout(() => {
      socket.destroy(new IoError('TIMEOUT', `cannot connect to ${name}: no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    const refused = (error: Error): void => {
      clearTimeout(deadline);
      reject(connectError(host, port, error));
    };
    socket.once('error', refused);
    socket.once('close', () => refused(new Error('the connection was closed')));
    socket.once('secureConnect', () => {
      clearTimeout(deadline);
      socket.removeAllListeners('close');
      socket.off('error', refused);
      if (socket.alpnProtocol === 'h2') {
        resolve(socket);
        return;
      }
      socket.on('error', () => undefined);
      socket.destroy();
      reject(new IoError('TLS_FAILED', `${name} does not speak HTTP/2: is it the right port?`));
    });
  });
}

function connectError(host: string, port: number, error: Error): IoError {
  if (error instanceof IoError) return error;
  const errno = errnoOf(error);
  if (/^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_|SELF_SIGNED|DEPTH_|HOSTNAME_)/.test(errno)) {
    const text = `cannot connect to ${hostAndPort(host, port)}: TLS: ${plainReason(error)}`;
    return new IoError('TLS_FAILED', text, { cause: error });
  }
  return dialError(host, port, error);
}

class NodeHttp2Connection implements Http2Connection {
  readonly #session: ClientHttp2Session;
  readonly #name: string;
  #isGoingAway = false;
  #error: Error | undefined;

  constructor(session: ClientHttp2Session, name: string, sink: Http2Sink) {
    this.#name = name;
    this.#session = session;
    this.#session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    this.#session.on('error', (error) => (this.#error = asError(error)));
    this.#session.on('goaway', () => (this.#isGoingAway = true));
    this.#session.on('close', () => sink.closed(this.#error));
  }

  get isOpen(): boolean {
    return !this.#isGoingAway && !this.#session.closed && !this.#session.destroyed;
  }

  post(path: string, headers: Readonly<Record<string, string>>, sink: Http2StreamSink): Http2Stream {
    if (!this.isOpen) throw new IoError('CONNECTION_LOST', `the connection to ${this.#name} is closed`);
    const stream = this.#session.request({ ':method': 'POST', ':path': path, ...headers });
    return new NodeHttp2Stream(stream, this.#name, sink);
  }

  ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      const lost = (error?: Error | null): void =>
        reject(new IoError('CONNECTION_LOST', `${this.#name} did not answer a ping`, { cause: error }));
      if (!this.isOpen || !this.#session.ping((error) => (error === null ? resolve() : lost(error)))) lost();
    });
  }

  destroy(why: string): void {
    this.#session.destroy(new IoError('CONNECTION_LOST', `the connection to ${this.#name} was given up: ${why}`));
  }
}

class NodeHttp2Stream implements Http2Stream {
  readonly #stream: ClientHttp2Stream;
  #sink: Http2StreamSink | undefined;

  constructor(stream: ClientHttp2Stream, name: string, sink: Http2StreamSink) {
    this.#stream = stream;
    this.#sink = sink;
    let trailers: Http2Headers = {};
    let error: Error | undefined;
    stream.on('response', (headers) => {
      // An answer without a body ends with its first headers.
      trailers = textOf(headers);
      this.#sink?.answered(headers[':status'] ?? 0, trailers);
    });
    stream.on('data', (chunk: Buffer) => this.#sink?.data(chunk));
    stream.on('trailers', (headers: IncomingHttpHeaders) => (trailers = textOf(headers)));
    stream.on('error', (cause) => (error = asError(cause)));
    stream.on('close', () => {
      const reset = stream.rstCode;
      const isUntouched = reset === REFUSED_STREAM;
      const isDone = error === undefined && (reset === NO_ERROR || 'grpc-status' in trailers);
      if (isDone) this.#end({ kind: 'done', trailers });
      else {
        const text = `${name} broke the request off: ${error?.message ?? `HTTP/2 error ${reset}`}`;
        this.#end({ kind: 'failed', error: new IoError('CONNECTION_LOST', text, { cause: error }), isUntouched });
      }
    });
  }

  write(bytes: Uint8Array): void {
    if (!this.#stream.writableEnded && !this.#stream.destroyed) this.#stream.write(bytes);
  }

  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#sink = undefined;
    this.#stream.close(CANCEL);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  #end(end: Http2StreamEnd): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.ended(end);
  }
}

function textOf(headers: IncomingHttpHeaders): Http2Headers {
  const named = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  return Object.fromEntries(named.map(([name, value]) => [name, text(value)]));
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.join(', ') : undefined;
}
