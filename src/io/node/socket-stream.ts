import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { IoError } from '../errors.ts';
import type { ByteStream, Endpoint, StreamSink, TlsInfo } from '../stream.ts';
import { localOf, remoteOf } from './endpoint.ts';
import { asError, plainReason, hostAndPort } from './errno.ts';
import type { EncryptionDrop } from './encryption-drop.ts';
import { Renegotiation } from './renegotiation.ts';
import type { SharedReceive } from './shared-receive.ts';
import { SocketReader } from './socket-reader.ts';
import { SocketSide } from './socket-side.ts';
import { forgetFlowing } from './socket-internals.ts';
import { describeServer } from './tls-server.ts';

/** How long `close` waits for the other side to take the rest and to close too. */
const CLOSE_GRACE_MS = 2_000;
/** Turns of the loop that `destroy` gives TLS to hand close_notify to the kernel. */
const LAST_TURNS = 4;

export interface TlsLayer {
  readonly socket: TLSSocket;
  readonly isServer: boolean;
  /** Was the end that is being reported brought by close_notify? */
  endWasOrderly(): boolean;
  readonly drop: EncryptionDrop | undefined;
  /** The authorities were asked whether they vouch for the server. */
  readonly isServerVerified?: boolean;
  /** DER, where somebody has looked at it already: the runtime gives it once. */
  readonly peerCertificate?: Buffer;
}

export interface StreamParts {
  readonly tcp: Socket;
  readonly tls: TlsLayer | undefined;
  readonly shared: SharedReceive;
}

type Ending = Parameters<StreamSink['closed']>[0];

/** A TCP connection, with or without TLS on it. */
export class SocketStream implements ByteStream {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsInfo | undefined;
  readonly #parts: StreamParts;
  readonly #socket: Socket;
  readonly #reader: SocketReader;
  #sink: StreamSink | undefined;
  #phase: 'open' | 'closing' | 'gone' = 'open';
  #ending: Ending | undefined;
  #endWasOrderly = true;
  #grace: NodeJS.Timeout | undefined;
  #renegotiation: Renegotiation | undefined;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#socket = parts.tls?.socket ?? parts.tcp;
    this.#reader = new SocketReader(this.#socket, parts.shared, this.#deliver);
    this.remote = remoteOf(parts.tcp) ?? { address: '', port: 0 };
    this.local = localOf(parts.tcp);
    this.tls = parts.tls && describeTls(parts.tls);
    this.#listen();
  }

  get isClosed(): boolean {
    return this.#phase !== 'open' || this.#ending !== undefined;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength + (this.#renegotiation?.heldBytes ?? 0);
  }

  get canDropEncryption(): boolean {
    return this.#parts.tls?.drop !== undefined && !this.isClosed;
  }

  receive(sink: StreamSink): void {
    this.#begin(sink, false);
  }

  receiveShared(sink: StreamSink): void {
    this.#begin(sink, true);
  }

  pause(): void {
    this.#reader.pause();
  }

  resume(): void {
    this.#reader.resume();
  }

  write(bytes: Uint8Array, done?: () => void): void {
    if (this.#renegotiation?.isOver === false) this.#renegotiation.hold(bytes, done);
    else if (!this.isClosed) this.#socket.write(bytes, done);
    else if (done !== undefined) process.nextTick(done);
  }

  close(): void {
    if (this.#phase !== 'open') return;
    this.#renegotiation?.end();
    this.#phase = 'closing';
    this.#armGrace();
    this.#socket.end();
    this.#reader.discard();
  }

  destroy(): void {
    if (this.#phase === 'gone' || this.#socket.destroyed) return;
    this.#phase = 'closing';
    if (this.#parts.tls === undefined) {
      this.#socket.destroy();
      return;
    }
    this.#renegotiation?.end();
    this.#reader.discard();
    // The runtime sends close_notify only in an orderly end; give it the few turns that it needs when nothing is in the way.
    this.#socket.end();
    this.#destroySoon(LAST_TURNS);
  }

  renegotiate(): Promise<boolean> {
    const { tls } = this.#parts;
    if (this.isClosed || tls?.isServer !== true || this.tls?.protocol !== 'TLSv1.2') return Promise.resolve(false);
    if (this.#renegotiation !== undefined) return Promise.resolve(false);
    this.#renegotiation = new Renegotiation(new SocketSide(tls.socket));
    return this.#renegotiation.run();
  }

  dropEncryption(last: Uint8Array): Promise<ByteStream> | undefined {
    const drop = this.#parts.tls?.drop;
    if (drop === undefined || this.isClosed) return undefined;
    this.#renegotiation?.end();
    drop.hold();
    return new Promise((resolve, reject) => {
      const gone = (): void => {
        reject(new IoError('CONNECTION_LOST', `connection with ${this.#name} lost while it left TLS`));
      };
      this.#socket.once('close', gone);
      this.#socket.write(last, (error) => {
        if (error != null || this.isClosed) return;
        this.#leave();
        this.#socket.off('close', gone);
        resolve(new SocketStream({ tcp: drop.release(), tls: undefined, shared: this.#parts.shared }));
      });
    });
  }

  handOver(unread: Buffer): Duplex {
    this.#renegotiation?.end();
    this.#leave();
    this.#socket.pause();
    if (unread.length > 0) this.#socket.unshift(unread);
    forgetFlowing(this.#socket);
    return this.#socket;
  }

  get #name(): string {
    return hostAndPort(this.remote.address, this.remote.port);
  }

  #listen(): void {
    const socket = this.#socket;
    const { tls } = this.#parts;
    socket.on('end', this.#onEnd).on('close', this.#onClose).on('error', this.#onError);
    if (tls === undefined) return;
    // Not a public event; where it is missing, the same errors come as `error`.
    socket.on('_tlsError', this.#onError);
    const push = socket.push.bind(socket);
    socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (chunk === null) this.#endWasOrderly = tls.endWasOrderly();
      return push(chunk, encoding);
    };
  }

  /** Lets the connection go to somebody else, who gets everything from now on. */
  #leave(): void {
    const socket = this.#socket;
    this.#phase = 'gone';
    clearTimeout(this.#grace);
    this.#reader.release();
    socket.off('end', this.#onEnd).off('close', this.#onClose).off('error', this.#onError);
    socket.off('_tlsError', this.#onError);
    Reflect.deleteProperty(socket, 'push');
    // Errors between this owner and the next must not be unhandled; the next one's own listener comes beside this.
    socket.on('error', ignore).on('_tlsError', () => socket.destroy());
  }

  #begin(sink: StreamSink, wantsShared: boolean): void {
    this.#sink = sink;
    const ending = this.#ending;
    if (ending !== undefined) {
      process.nextTick(() => {
        if (this.#sink === sink) this.#tell(ending);
      });
    } else if (this.#phase === 'open') this.#reader.start(wantsShared);
  }

  readonly #deliver = (chunk: Buffer, hasMore: boolean): void => {
    try {
      this.#sink?.data(chunk, hasMore);
    } catch (error) {
      // A fault in what one connection carries ends that connection, not the process and everybody else's sessions.
      this.#finish({ clean: false, error: asError(error) });
      this.destroy();
    }
  };

  readonly #onEnd = (): void => {
    this.#finish({ clean: this.#endWasOrderly, error: undefined });
    this.#armGrace();
  };

  readonly #onError = (cause: unknown): void => {
    const why = plainReason(cause);
    this.#finish({
      clean: false,
      error: new IoError('CONNECTION_LOST', `connection with ${this.#name} lost: ${why}`, { cause }),
    });
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    clearTimeout(this.#grace);
    this.#phase = 'gone';
    this.#finish({ clean: false, error: undefined });
  };

  #finish(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#tell(ending);
  }

  #tell(ending: Ending): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(ending);
  }

  #armGrace(): void {
    this.#grace ??= setTimeout(() => this.#socket.destroy(), CLOSE_GRACE_MS);
  }

  #destroySoon(turns: number): void {
    setImmediate(() => {
      if (this.#socket.destroyed) return;
      if (turns === 0 || this.#socket.writableFinished) this.#socket.destroy();
      else this.#destroySoon(turns - 1);
    });
  }
}

const ignore = (): void => undefined;

function describeTls(layer: TlsLayer): TlsInfo {
  const { socket, isServer, isServerVerified } = layer;
  const known = { protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().name, ...agreed(socket) };
  // A server asks its clients for no certificate, unless it says so.
  if (isServer || layer.peerCertificate !== undefined) return { ...known, peerCertificate: layer.peerCertificate };
  if (isServerVerified !== true) return withCertificate(known, socket);
  const certificate = socket.getPeerX509Certificate();
  return { ...known, peerCertificate: certificate?.raw, server: describeServer(socket, certificate) };
}

/** Taken apart when somebody asks for it: many never do. */
function withCertificate(known: Omit<TlsInfo, 'peerCertificate'>, socket: TLSSocket): TlsInfo {
  let certificate: { readonly raw: Buffer | undefined } | undefined;
  return {
    ...known,
    get peerCertificate() {
      return (certificate ??= { raw: socket.getPeerX509Certificate()?.raw }).raw;
    },
  };
}

/** Nothing for the many connections without ALPN. */
function agreed(socket: TLSSocket): Pick<TlsInfo, 'alpn' | 'exportKeyingMaterial'> {
  const { alpnProtocol } = socket;
  if (typeof alpnProtocol !== 'string' || alpnProtocol === '') return {};
  return { alpn: alpnProtocol, exportKeyingMaterial: (label, lengthBytes) => exported(socket, label, lengthBytes) };
}

function exported(socket: TLSSocket, label: string, lengthBytes: number): Buffer | undefined {
  try {
    return socket.exportKeyingMaterial(lengthBytes, label, Buffer.alloc(0));
  } catch {
    return undefined;
  }
}
