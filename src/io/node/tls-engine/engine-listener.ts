import { Socket } from 'node:net';
import type { TlsListenOptions } from '../../listener.ts';
import type { Endpoint } from '../../stream.ts';
import { systemError } from '../datagram/native.ts';
import type { DescriptorReserve } from '../descriptor-reserve.ts';
import { asError, plainReason } from '../errno.ts';
import { Acceptor } from './accepted.ts';
import type { TlsEngine } from './engine.ts';
import { EngineIncoming } from './engine-incoming.ts';
import type { Endpoints } from './engine-stream.ts';
import { EAGAIN, EINTR } from './native.ts';
import type { Watcher } from './readiness.ts';
import type { ServerContexts } from './server-contexts.ts';

/** Then the other connections of the loop have their turn. */
const ACCEPTS_PER_TURN = 64;
/** The kernel has no descriptor, or no memory, for the next one: it is asked again later. */
const RETRY_MS = 100;
/** <asm-generic/errno.h> */
const ECONNABORTED = 103;

/** <fcntl.h> */
const F_DUPFD_CLOEXEC = 1030;

/** <asm-generic/socket.h>, <netinet/tcp.h> */
const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_NOTSENT_LOWAT = 25;

export interface EngineListenerParts {
  readonly engine: TlsEngine;
  readonly options: TlsListenOptions;
  readonly contexts: ServerContexts;
  readonly reserve: DescriptorReserve;
  readonly keepAliveMs: number;
  readonly trouble: (error: Error) => void;
  /** Serves an admitted connection that the engine does not. It has not been read. */
  readonly serve: (socket: Socket, remote: Endpoint) => void;
}

/** Accepts connections for the TLS engine, on a socket that the runtime has set up. */
export class EngineListener implements Watcher {
  readonly #parts: EngineListenerParts;
  readonly #acceptor: Acceptor;
  readonly #fd: number;
  readonly #incoming = new Set<EngineIncoming>();
  readonly #ticket: number;
  #isClosed = false;
  #isRetryDue = false;

  /** `fd` stays the caller's. @throws Error where the kernel does not let it be had twice. */
  constructor(parts: EngineListenerParts, fd: number) {
    const { kernel } = parts.engine.native;
    this.#parts = parts;
    this.#acceptor = new Acceptor(kernel);
    this.#fd = kernel.own(kernel.fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (this.#fd < 0) throw systemError(kernel.errno(), 'fcntl');
    this.#setOptions();
    this.#ticket = parts.engine.readiness.watch(this.#fd, this);
  }

  ready(): void {
    for (let count = 0; count < ACCEPTS_PER_TURN; count++) {
      if (this.#isClosed) return;
      const fd = this.#acceptor.accept(this.#fd);
      if (fd >= 0) this.#accept(fd);
      else if (-fd === EAGAIN) return;
      else if (-fd !== EINTR && -fd !== ECONNABORTED) {
        this.#parts.trouble(systemError(-fd, 'accept'));
        this.#retry();
        return;
      }
    }
    setImmediate(() => this.ready());
  }

  /** Streams that are up stay up. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { readiness, native } = this.#parts.engine;
    readiness.forget(this.#ticket);
    native.kernel.close(this.#fd);
    for (const connection of this.#incoming) connection.stop('the listener is closing');
    this.#parts.contexts.free();
  }

  #accept(fd: number): void {
    const { engine, options, reserve, trouble } = this.#parts;
    const { kernel } = engine.native;
    const remote = this.#acceptor.endpoint();
    const shortage = reserve.refuseDescriptor(fd);
    if (shortage !== undefined) trouble(shortage);
    if (shortage !== undefined || !options.admit(remote)) {
      kernel.close(fd);
      return;
    }
    const local = this.#acceptor.lookAt(fd) ? this.#acceptor.endpoint() : { address: '', port: 0 };
    try {
      this.#begin(fd, { remote, local });
    } catch (error) {
      kernel.close(fd);
      trouble(asError(error));
      options.abandoned(remote, plainReason(error));
    }
  }

  #begin(fd: number, ends: Endpoints): void {
    const { engine, options, contexts } = this.#parts;
    const passOn = (): void => this.#passOn(fd, ends.remote);
    const settled = (): void => void this.#incoming.delete(connection);
    const connection = new EngineIncoming({ engine, options, contexts, passOn, settled }, fd, ends);
    this.#incoming.add(connection);
  }

  #passOn(fd: number, remote: Endpoint): void {
    this.#parts.engine.native.kernel.disown(fd);
    // As the runtime's own server makes them with `pauseOnConnect`.
    const options = { fd, pauseOnCreate: true, allowHalfOpen: false };
    this.#parts.serve(new Socket(options), remote);
  }

  #retry(): void {
    if (this.#isRetryDue) return;
    this.#isRetryDue = true;
    setTimeout(() => {
      this.#isRetryDue = false;
      this.ready();
    }, RETRY_MS);
  }

  /** What is accepted inherits them. One that is not to be had is done without. */
  #setOptions(): void {
    const { options, keepAliveMs } = this.#parts;
    const value = Buffer.alloc(4);
    const set = (level: number, option: number, to: number): void => {
      value.writeInt32LE(to);
      this.#parts.engine.native.kernel.setsockopt(this.#fd, level, option, value, value.length);
    };
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, keepAliveMs / 1000);
    // As the runtime sets them.
    set(IPPROTO_TCP, TCP_KEEPINTVL, 1);
    set(IPPROTO_TCP, TCP_KEEPCNT, 10);
    if (options.notSentLowWaterBytes !== undefined) set(IPPROTO_TCP, TCP_NOTSENT_LOWAT, options.notSentLowWaterBytes);
  }
}
