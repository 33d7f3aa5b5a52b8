import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { IoError } from '../errors.ts';
import type { TlsDialOptions } from '../listener.ts';
import { plainReason, dialError, hostAndPort } from './errno.ts';
import { gateDrop, RecordGate } from './record-gate.ts';
import { CIPHERS, MIN_TLS_VERSION } from './secure-contexts.ts';
import type { SharedReceive } from './shared-receive.ts';
import { tlsEndWasOrderly } from './socket-internals.ts';
import { SocketStream, type TlsLayer } from './socket-stream.ts';

const KEEP_ALIVE_MS = 60_000;

/** Opens a connection; everything, from the name server to the end of the TLS handshake, within `timeoutMs`. */
export async function dial(options: TlsDialOptions, shared: SharedReceive): Promise<SocketStream> {
  const { host, port, timeoutMs } = options;
  const name = hostAndPort(host, port);
  const tcp = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  const deadline = setTimeout(() => {
    tcp.destroy(new IoError('TIMEOUT', `cannot connect to ${name}: no answer within ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    await connected(tcp, options);
    const tls = options.tls ? await secured(tcp, options) : undefined;
    return new SocketStream({ tcp, tls, shared });
  } catch (error) {
    tcp.destroy();
    throw error;
  } finally {
    clearTimeout(deadline);
  }
}

function connected(tcp: Socket, { host, port }: TlsDialOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    // This listener stays: an error between two owners of the socket must not be unhandled.
    tcp.on('error', (error) => reject(dialError(host, port, error)));
    tcp.once('connect', () => resolve());
  });
}

function secured(tcp: Socket, options: TlsDialOptions): Promise<TlsLayer> {
  const { host, port, serverName } = options;
  const gate = options.mayDropEncryption === true ? new RecordGate(tcp) : undefined;
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      socket: gate ?? tcp,
      // Whether to trust the certificate is the caller's decision; SoftEther servers sign their own.
      rejectUnauthorized: false,
      ciphers: CIPHERS,
      minVersion: MIN_TLS_VERSION,
      // An empty name sends no SNI. An address must not stand there: RFC 6066 §3.
      servername: serverName === undefined || isIP(serverName) !== 0 ? '' : serverName,
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
      resolve(gate === undefined ? direct(socket) : gated(gate, socket));
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
