import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { inspectCertificate } from '#base';
import { IoError } from '../errors.ts';
import type { RunningListener } from '../listener.ts';
import type { MutualTlsDialOptions, MutualTlsListenOptions, MutualTlsNetwork } from '../mutual-tls.ts';
import { plainAddress, remoteOf } from './endpoint.ts';
import { dialError, hostAndPort, listenError, plainReason } from './errno.ts';
import { MutualContexts } from './mutual-contexts.ts';
import { MutualIncoming } from './mutual-incoming.ts';
import { mutualProblem } from './mutual-problem.ts';
import type { SharedReceive } from './shared-receive.ts';
import { tlsEndWasOrderly } from './socket-internals.ts';
import { SocketStream } from './socket-stream.ts';

const KEEP_ALIVE_MS = 60_000;

export function createMutualTls(shared: SharedReceive): MutualTlsNetwork {
  const dialContexts = new MutualContexts();
  return {
    listenMutualTls: (options) => listen(options, shared),
    dialMutualTls: (options) => dial(options, dialContexts, shared),
  };
}

async function listen(options: MutualTlsListenOptions, shared: SharedReceive): Promise<RunningListener> {
  const contexts = new MutualContexts();
  // A bad identity is an error of the start, not of the first connection.
  contexts.get(options.identity());
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  const incoming = new Set<MutualIncoming>();
  server.on('connection', (tcp) => {
    tcp.on('error', ignore);
    const remote = remoteOf(tcp);
    if (remote === undefined || !options.admit(remote)) {
      tcp.destroy();
      return;
    }
    const deps = { options, contexts, shared, settled: () => incoming.delete(connection) };
    const connection = new MutualIncoming(deps, tcp, remote);
    incoming.add(connection);
    connection.start();
  });
  await listening(server, options);
  server.on('error', (error) => options.troubled?.(listenError(options.host, options.port, error)));
  const address = server.address();
  const local = typeof address === 'object' && address !== null ? address : options;
  return {
    local: { address: 'address' in local ? plainAddress(local.address) : local.host, port: local.port },
    close: () =>
      new Promise((resolve) => {
        server.close();
        for (const connection of incoming) connection.stop('the listener is closing');
        setImmediate(resolve);
      }),
  };
}

const ignore = (): void => undefined;

function listening(server: Server, { host, port }: MutualTlsListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(listenError(host, port, error));
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

async function dial(
  options: MutualTlsDialOptions,
  contexts: MutualContexts,
  shared: SharedReceive,
): Promise<SocketStream> {
  const { host, port, timeoutMs, signal } = options;
  const name = hostAndPort(host, port);
  const tcp = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  const fail = (code: 'TIMEOUT' | 'CONNECTION_LOST', why: string): void => {
    tcp.destroy(new IoError(code, `cannot connect to ${name}: ${why}`));
  };
  const deadline = setTimeout(() => fail('TIMEOUT', `no answer within ${timeoutMs} ms`), timeoutMs);
  const giveUp = (): void => fail('CONNECTION_LOST', 'given up');
  try {
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener('abort', giveUp);
    await connected(tcp, options);
    const { socket, peerCertificate } = await secured(tcp, options, contexts);
    const endWasOrderly = (): boolean => tlsEndWasOrderly(socket);
    const tls = { socket, isServer: false, peerCertificate, endWasOrderly, drop: undefined };
    return new SocketStream({ tcp, tls, shared });
  } catch (error) {
    tcp.destroy();
    throw error;
  } finally {
    clearTimeout(deadline);
    signal?.removeEventListener('abort', giveUp);
  }
}

function connected(tcp: Socket, { host, port }: MutualTlsDialOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    // This listener stays: an error between two owners of the socket must not be unhandled.
    tcp.on('error', (error) => reject(dialError(host, port, error)));
    tcp.once('connect', () => resolve());
  });
}

interface Secured {
  readonly socket: TLSSocket;
  readonly peerCertificate: Buffer;
}

function secured(tcp: Socket, options: MutualTlsDialOptions, contexts: MutualContexts): Promise<Secured> {
  const { host, port, identity, peerName } = options;
  const name = hostAndPort(host, port);
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      socket: tcp,
      secureContext: contexts.get(identity),
      // Judged below: so that the error says who answered.
      rejectUnauthorized: false,
      servername: '',
      checkServerIdentity: () => undefined,
    });
    const failed = (cause: unknown): void => {
      const why = `cannot connect to ${name}: TLS handshake: ${plainReason(cause)}`;
      reject(cause instanceof IoError ? cause : new IoError('TLS_FAILED', why, { cause }));
    };
    const closed = (): void => failed(new Error('the other side closed the connection'));
    socket.on('error', failed).on('close', closed);
    socket.once('secureConnect', () => {
      const peerCertificate = socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0);
      const problem = problemOf(socket, peerCertificate, peerName);
      if (problem === undefined) {
        socket.off('error', failed).off('close', closed);
        resolve({ socket, peerCertificate });
      } else failed(new IoError('TLS_FAILED', `cannot connect to ${name}: ${problem}`));
    });
  });
}

/** undefined = it is who it should be. */
function problemOf(socket: TLSSocket, certificate: Buffer, peerName: string): string | undefined {
  const problem = mutualProblem(socket.authorized ? undefined : socket.authorizationError);
  if (problem !== undefined) return `its certificate is not taken: ${problem}`;
  const name = inspectCertificate(certificate)?.subjectCommonName ?? '';
  return name === peerName ? undefined : `its certificate is of "${name}", not of "${peerName}"`;
}
