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
import { forgetFlowing } from './socket-internals.ts';

/** How long `close` waits for the other side to take the rest and to close too. */
export const CLOSE_GRACE_MS = 2_000;
/** Turns of the loop that `destroy` gives TLS to hand close_notify to the kernel. */
const LAST_TURNS = 4;

export interface TlsLayer {
  readonly socket: TLSSocket;
  readonly isServer: boolean;
  /** Was the end that is being reported brought by close_notify? */
  endWasOrderly(): boolean;
  readonly drop: EncryptionDrop | undefined;
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
  #sink: StreamSink | undefined;
  #phase: 'open' | 'closing' | 'gone' = 'open';
  #ending: Ending | undefined;
  #endWasOrderly = true;
  #isPaused = false;
  #isReading = false;
  /** The handle reads into the shared buffer, for good: the runtime has no way back. */
  #readsShared = false;
  #wantsShared = false;
  /** Bytes that are still to come from the socket's own buffer although the handle reads into the shared one. */
  #bufferedBytes = 0;
  #grace: NodeJS.Timeout | undefined;
  #renegotiation: Renegotiation | undefined;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#socket = parts.tls?.socket ?? parts.tcp;
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
    this.#wantsShared = false;
    this.#begin(sink);
  }

  receiveShared(sink: StreamSink): void {
    if (!this.#readsShared && !this.isClosed && this.#parts.shared.enable(this.#socket, this.#takeShared)) {
      this.#readsShared = true;
      this.#bufferedBytes = this.#socket.readableLength;
    }
    this.#wantsShared = this.#readsShared;
    this.#begin(sink);
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#isReading) this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#isReading) this.#socket.resume();
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
    // What still comes is read and dropped: unread bytes would turn our FIN into a reset, which may overtake close_notify.
    this.#socket.resume();
  }

  destroy(): void {
    if (this.#phase === 'gone' || this.#socket.destroyed) return;
    this.#phase = 'closing';
    if (this.#parts.tls === undefined) {
      this.#socket.destroy();
      return;
    }
    this.#renegotiation?.end();
    // The runtime sends close_notify only in an orderly end; give it the few turns that it needs when nothing is in the way.
    this.#socket.end();
    this.#destroySoon(LAST_TURNS);
  }

  renegotiate(): Promise<boolean> {
    const { tls } = this.#parts;
    if (this.isClosed || tls?.isServer !== true || this.tls?.protocol !== 'TLSv1.2') return Promise.resolve(false);
    if (this.#renegotiation !== undefined) return Promise.resolve(false);
    this.#renegotiation = new Renegotiation(tls.socket);
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
    this.#wantsShared = false;
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
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).off('error', this.#onError);
    socket.off('_tlsError', this.#onError);
    Reflect.deleteProperty(socket, 'push');
    // Errors between this owner and the next must not be unhandled; the next one's own listener comes beside this.
    socket.on('error', ignore).on('_tlsError', () => socket.destroy());
  }

  #begin(sink: StreamSink): void {
    this.#sink = sink;
    const ending = this.#ending;
    if (ending !== undefined) {
      process.nextTick(() => {
        if (this.#sink === sink) this.#tell(ending);
      });
      return;
    }
    if (this.#phase !== 'open') return;
    if (!this.#isReading) {
      this.#isReading = true;
      this.#socket.on('data', this.#onData);
    }
    if (this.#isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  readonly #takeShared = (chunk: Buffer): boolean => {
    if (this.#phase === 'closing') return true;
    if (this.#wantsShared && !this.#isPaused && this.#socket.readableLength === 0) {
      this.#deliver(chunk);
      return true;
    }
    // Somebody wants to keep it, or older bytes are waiting: it joins them in the socket's own buffer.
    this.#bufferedBytes += chunk.length;
    return this.#socket.push(Buffer.from(chunk));
  };

  readonly #onData = (chunk: Buffer): void => {
    if (this.#readsShared) {
      this.#bufferedBytes -= chunk.length;
      if (this.#bufferedBytes < 0) this.#parts.shared.cameTheOrdinaryWay();
    }
    if (this.#phase === 'open') this.#deliver(chunk);
  };

  #deliver(chunk: Buffer): void {
    try {
      this.#sink?.data(chunk);
    } catch (error) {
      // A fault in what one connection carries ends that connection, not the process and everybody else's sessions.
      this.#finish({ clean: false, error: asError(error) });
      this.destroy();
    }
  }

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

function describeTls({ socket, isServer }: TlsLayer): TlsInfo {
  // A server asks its clients for no certificate.
  const peer = isServer ? undefined : socket.getPeerX509Certificate()?.raw;
  return { protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().name, peerCertificate: peer };
}
