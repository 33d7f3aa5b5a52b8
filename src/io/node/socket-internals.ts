import { Socket, type Server } from 'node:net';
import type { TLSSocket } from 'node:tls';

/**
 * Everything that hubfarm knows of the runtime's private socket objects is in this file, typed as "may be missing".
 * Who uses it tests first and has another way where it is missing.
 */
export interface SocketHandle {
  readonly fd?: number;
  reading?: boolean;
  /** In all, from below. */
  readonly bytesRead?: number;
  readStart?(): number;
  readStop?(): number;
  useUserBuffer?(buffer: Uint8Array): void;
  /** TLS only: frees the TLS state and gives the TCP handle back to its first owner. Writes nothing. */
  destroySSL?(): void;
  /** TLS only: the session, as `getSession` gives it, that the next handshake of this server may resume. */
  loadSession?(session: Buffer): void;
  /** TLS only: what is wrong with the other side's certificate. */
  verifyError?(): unknown;
  /** TLS only: the handle that carries it. */
  readonly _parent?: SocketHandle;
}

export function handleOf(socket: Socket | Server): SocketHandle | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  return typeof handle === 'object' && handle !== null ? handle : undefined;
}

export interface ReadBufferSymbols {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/**
 * The symbols under which a socket keeps the `onread` option, which is public for client sockets only. Found on a
 * throw-away socket by the values that they hold; undefined where this runtime keeps them otherwise.
 */
export function findReadBufferSymbols(): ReadBufferSymbols | undefined {
  const buffer = Buffer.alloc(1);
  const callback = (): boolean => true;
  const probe = new Socket({ onread: { buffer, callback } });
  let bufferSymbol: symbol | undefined;
  let callbackSymbol: symbol | undefined;
  for (const symbol of Object.getOwnPropertySymbols(probe)) {
    const value: unknown = Reflect.get(probe, symbol);
    if (value === buffer) bufferSymbol = symbol;
    if (value === callback) callbackSymbol = symbol;
  }
  probe.destroy();
  if (bufferSymbol === undefined || callbackSymbol === undefined) return undefined;
  return { buffer: bufferSymbol, callback: callbackSymbol };
}

/** libuv's answer to "start reading" on a handle that is reading. */
const UV_EALREADY = -114;

/**
 * To be asked at the very moment when the end of a TLS stream is reported: did close_notify bring it, or the end of the
 * TCP connection below? A TCP handle that met its end no longer reads, one that delivered close_notify still does.
 */
export function tlsEndWasOrderly(socket: TLSSocket): boolean {
  const handle = handleOf(socket);
  const carrier = handle?._parent;
  if (handle === undefined || typeof carrier?.readStart !== 'function') return true;
  if (handle.reading === false) return true;
  const answer = carrier.readStart();
  if (answer === 0) carrier.readStop?.();
  return answer === UV_EALREADY;
}

/** The runtime hides TLS errors of a server socket until it is told that the handshake is over. */
export function releaseTlsErrors(socket: TLSSocket): void {
  const release: unknown = Reflect.get(socket, '_releaseControl');
  if (typeof release === 'function') Reflect.apply(release, socket, []);
}

/**
 * Lets the next handshake on this connection, server side, resume the session of the first one: no keys are made, signed or
 * checked anew, which spares both sides half a handshake. Clients that offer no session get a whole one.
 */
export function resumeOwnSession(socket: TLSSocket): void {
  const handle = handleOf(socket);
  if (typeof handle?.loadSession !== 'function') return;
  const session = socket.getSession();
  if (session === undefined) return;
  handle.loadSession(session);
  // It holds the keys.
  session.fill(0);
}

/** "Nobody has read or paused yet": the next owner's `data` listener starts the flow. */
export function forgetFlowing(socket: Socket): void {
  Reflect.set(socket, 'readableFlowing', null);
}

/**
 * What is wrong with the certificate of a client; undefined = nothing. The runtime tells it in public only to its own kind of
 * server. Where it does not tell, everything is wrong.
 */
export function verifyErrorOf(socket: TLSSocket): unknown {
  const handle = handleOf(socket);
  if (typeof handle?.verifyError !== 'function') return new Error('this runtime cannot check certificates of clients');
  return handle.verifyError() ?? undefined;
}
