import type { IncomingMessage } from 'node:http';
import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { HubfarmError } from '#base';
import { IoError } from '../errors.ts';
import type {
  HttpClient,
  HttpClientLimits,
  HttpRequest,
  HttpResponse,
  HttpTarget,
  OpenHttpClient,
} from '../http-client.ts';
import { asError, dialError, errnoOf } from './errno.ts';
import { Agent, request as startRequest } from './http-module.ts';
import { describeServer } from './tls-server.ts';

/** How long an unused connection is kept: shorter than any server's own limit. */
const IDLE_MS = 4_000;

/** One kept connection, opened our way: TLS is judged before the first request goes out on it. */
class JudgingAgent extends Agent {
  readonly #open: () => Promise<Duplex>;

  constructor(open: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: 1, timeout: IDLE_MS });
    this.#open = open;
  }

  override createConnection(_options: object, done?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#open().then(
      (stream) => done?.(null, stream),
      // The agent looks at the stream only when there is no error.
      (error: unknown) => (done as ((error: Error) => void) | undefined)?.(asError(error)),
    );
    return undefined;
  }
}

function connected(
  socket: Duplex,
  event: string,
  timeoutMs: number,
  explain: (cause: unknown) => Error,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(explain(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })));
    }, timeoutMs);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      socket.removeAllListeners('error').removeAllListeners('close');
      act();
    };
    socket.once(event, () => settle(resolve));
    socket.once('error', (cause) => settle(() => reject(explain(cause))));
    socket.once('close', () =>
      settle(() => reject(explain(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))),
    );
  });
}

async function openTls(target: Extract<HttpTarget, { kind: 'tls' }>, timeoutMs: number): Promise<Duplex> {
  const { host, port } = target;
  const socket = connectTls({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    // Judged below, with the outcome of the usual verification as one of the facts.
    rejectUnauthorized: false,
  });
  await connected(socket, 'secureConnect', timeoutMs, (cause) =>
    errnoOf(cause).startsWith('ERR_SSL') || errnoOf(cause) === 'EPROTO'
      ? new IoError('TLS_FAILED', `${host}:${port} does not speak TLS as we do: ${asError(cause).message}`, { cause })
      : dialError(host, port, cause),
  );
  try {
    await target.judge(describeServer(socket, socket.getPeerX509Certificate()));
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

async function openUnix(path: string, timeoutMs: number): Promise<Duplex> {
  const socket = connectTcp({ path });
  await connected(socket, 'connect', timeoutMs, (cause) => {
    const code = errnoOf(cause) === 'EACCES' ? 'NO_PERMISSION' : 'REFUSED';
    const advice = code === 'REFUSED' ? 'is the server running?' : 'only the user that runs the server, and root, may';
    return new IoError(code, `cannot connect to ${path}: ${advice} (${errnoOf(cause)})`, { cause });
  });
  return socket;
}

function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= maxBytes) return;
      response.destroy();
      reject(new IoError('TOO_LARGE', `the server's answer is longer than ${maxBytes} bytes`));
    });
    response.on('end', () => resolve(Buffer.concat(chunks)));
    response.on('error', (cause) => reject(new IoError('CONNECTION_LOST', 'the answer broke off', { cause })));
  });
}

function exchange(
  agent: JudgingAgent,
  limits: HttpClientLimits,
  where: string,
  request: HttpRequest,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const headers = { host: where, ...request.headers, 'content-length': String(request.body.length) };
    const outgoing = startRequest({ agent, method: request.method, path: request.path, headers });
    let timer: NodeJS.Timeout | undefined;
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      const isExplained = error instanceof HubfarmError || errnoOf(error) === '';
      const lost = `${where} closed the connection`;
      reject(isExplained ? asError(error) : new IoError('CONNECTION_LOST', lost, { cause: error }));
    };
    outgoing.on('socket', () => {
      timer = setTimeout(() => {
        outgoing.destroy(new IoError('TIMEOUT', `${where} did not answer within ${limits.responseTimeoutMs / 1000} s`));
      }, limits.responseTimeoutMs);
    });
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      readBody(response, limits.maxResponseBytes).then((body) => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, body });
      }, fail);
    });
    outgoing.end(request.body);
  });
}

/** HTTP/1.1 over TLS or a Unix socket. */
export const openNodeHttpClient: OpenHttpClient = (target, limits): HttpClient => {
  const open =
    target.kind === 'unix'
      ? () => openUnix(target.path, limits.connectTimeoutMs)
      : () => openTls(target, limits.connectTimeoutMs);
  const agent = new JudgingAgent(open);
  const where = target.kind === 'unix' ? 'localhost' : hostHeader(target.host, target.port);
  return {
    send: (request) => exchange(agent, limits, where, request),
    close: () => agent.destroy(),
  };
};

const hostHeader = (host: string, port: number): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
