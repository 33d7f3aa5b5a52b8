import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { IoError } from '../errors.ts';
import type { TlsDialOptions } from '../listener.ts';
import type { DialContexts } from './dial-contexts.ts';
import { plainReason, dialError, hostAndPort } from './errno.ts';
import { gateDrop, RecordGate } from './record-gate.ts';
import type { SharedReceive } from './shared-receive.ts';
import { tlsEndWasOrderly } from './socket-internals.ts';
import type { SocketOptions } from './socket-options.ts';
import { SocketStream, type TlsLayer } from './socket-stream.ts';

const KEEP_ALIVE_MS = 60_000;
/** The runtime counts the delay of TCP keep-alive in whole seconds; the probes after it come one a second. */
const MIN_KEEP_ALIVE_MS = 1_000;

export interface DialDeps {
  readonly shared: SharedReceive;
  readonly contexts: DialContexts;
  readonly socketOptions: () => Promise<SocketOptions | undefined>;
}

/** Opens a connection; everything, from the name server to the end of the TLS handshake, within `timeoutMs`. */
export async function dial(options: TlsDialOptions, deps: DialDeps): Promise<SocketStream> {
  const { host, port, timeoutMs, signal } = options;
  const name = hostAndPort(host, port);
  const tcp = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs(options) });
  const deadline = setTimeout(() => {
    tcp.destroy(new IoError('TIMEOUT', `cannot connect to ${name}: no answer within ${timeoutMs} ms`));
  }, timeoutMs);
  const giveUp = (): void => {
    tcp.destroy(new IoError('CONNECTION_LOST', `cannot connect to ${name}: given up`));
  };
  try {
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener('abort', giveUp);
    await connected(tcp, options);
    await setOptions(tcp, options, deps);
    const tls = options.tls ? await secured(tcp, options, deps) : undefined;
    return new SocketStream({ tcp, tls, shared: deps.shared });
  } catch (error) {
    tcp.destroy();
    throw error;
  } finally {
    clearTimeout(deadline);
    signal?.removeEventListener('abort', giveUp);
  }
}

function keepAliveMs({ unacknowledgedTimeoutMs }: TlsDialOptions): number {
  if (unacknowledgedTimeoutMs === undefined) return KEEP_ALIVE_MS;
  return Math.max(unacknowledgedTimeoutMs / 3, MIN_KEEP_ALIVE_MS);
}

function connected(tcp: Socket, { host, port }: TlsDialOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    // This listener stays: an error between two owners of the socket must not be unhandled.
    tcp.on('error', (error) => reject(dialError(host, port, error)));
    tcp.once('connect', () => resolve());
  });
}

async function setOptions(tcp: Socket, options: TlsDialOptions, deps: DialDeps): Promise<void> {
  const { unacknowledgedTimeoutMs, notSentLowWaterBytes } = options;
  if (unacknowledgedTimeoutMs === undefined && notSentLowWaterBytes === undefined) return;
  const known = await deps.socketOptions();
  if (unacknowledgedTimeoutMs !== undefined) known?.setUserTimeout(tcp, unacknowledgedTimeoutMs);
  if (notSentLowWaterBytes !== undefined) known?.setNotSentLowWater(tcp, notSentLowWaterBytes);
}

function secured(tcp: Socket, options: TlsDialOptions, { contexts }: DialDeps): Promise<TlsLayer> {
  const { host, port, serverName, alpn, verify = false } = options;
  const gate = options.mayDropEncryption === true ? new RecordGate(tcp) : undefined;
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      socket: gate ?? tcp,
      // The name that the certificate is held against; SNI is another matter.
      host: serverName ?? host,
      // Whether to trust the certificate is the caller's decision; SoftEther servers sign their own.
      rejectUnauthorized: false,
      secureContext: verify ? contexts.trusting : contexts.bare,
      // An empty name sends no SNI. An address must not stand there: RFC 6066 §3.
      servername: serverName === undefined || isIP(serverName) !== 0 ? '' : serverName,
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    });
    const failed = (cause: unknown): void => {
      const why = plainReason(cause);
      reject(
        cause instanceof IoError
          ? cause
          : new IoError('TLS_FAILED', `cannot connect to ${hostAndPort(host, port)}: TLS handshake: ${why}`, { cause }),
      );
    };
    const closed = (): void => failed(new Error('the other side closed the connection (does this port speak TLS?)'));
    socket.on('error', failed).on('close', closed);
    socket.once('secureConnect', () => {
      socket.off('error', failed).off('close', closed);
      resolve({ ...(gate === undefined ? direct(socket) : gated(gate, socket)), isServerVerified: verify });
    });
  });
}

/** Without a gate clear bytes that follow the last record closely would be lost: such a stream stays in TLS. */
const direct = (socket: TLSSocket): TlsLayer => ({
  socket,
  isServer: false,
  endWasOrderly: () => tlsEndWasOrderly(socket),
  drop: undefined,
});

const gated = (gate: RecordGate, socket: TLSSocket): TlsLayer => ({
  socket,
  isServer: false,
  endWasOrderly: () => !gate.hasEnded,
  drop: gateDrop(gate, socket),
});
