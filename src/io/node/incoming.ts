import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ClientHello, TlsListenOptions } from '../listener.ts';
import type { Endpoint } from '../stream.ts';
import { plainReason } from './errno.ts';
import { directDrop } from './encryption-drop.ts';
import { classifyFirstBytes, plainHttpAnswer } from './first-bytes.ts';
import type { Glance, Glances } from './glance.ts';
import type { SecureContexts } from './secure-contexts.ts';
import type { SharedReceive } from './shared-receive.ts';
import { releaseTlsErrors, tlsEndWasOrderly } from './socket-internals.ts';
import { SocketStream } from './socket-stream.ts';
import { agreedProtocol, maxVersionFor } from './tls-choices.ts';

/** How long a connection that is not TLS may take to read its answer. */
export const REFUSAL_GRACE_MS = 1_000;

export interface IncomingDeps {
  readonly options: TlsListenOptions;
  readonly contexts: SecureContexts;
  readonly shared: SharedReceive;
  /** undefined = not on this machine. With it, connections must come without being read. */
  readonly glances: Glances | undefined;
  /** It became a stream, or was abandoned. */
  readonly settled: () => void;
}

/** An accepted TCP connection on its way to a stream: first bytes, TLS handshake. It ends in exactly one of `connected` and
 *  `abandoned`. */
export class Incoming {
  readonly #deps: IncomingDeps;
  readonly #tcp: Socket;
  readonly #remote: Endpoint;
  readonly #deadline: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #wantedBytes = 1;
  /** Its handshake has not begun. */
  #isWaiting = true;
  #isSettled = false;
  /** Where there is something to wait for while nobody has read from the connection. */
  #glance: Glance | undefined;

  constructor(deps: IncomingDeps, tcp: Socket, remote: Endpoint) {
    this.#deps = deps;
    this.#tcp = tcp;
    this.#remote = remote;
    this.#deadline = setTimeout(() => this.#abandon('time-out'), deps.options.handshakeTimeoutMs);
    tcp.on('error', this.#failed).on('close', this.#closed).on('end', this.#closed);
  }

  start(): void {
    const { glances } = this.#deps;
    const there = glances?.now(this.#tcp);
    if (there !== undefined && there.length > 0) {
      this.#glanceAt(there);
      return;
    }
    this.#glance = glances?.at(this.#tcp);
    if (this.#glance === undefined) this.#tcp.on('readable', this.#read);
    else this.#glance.onFirst(this.#glanceAt);
  }

  /** Ends it at once; `why` is reported. */
  stop(why: string): void {
    this.#abandon(why);
  }

  readonly #failed = (error: unknown): void => this.#abandon(plainReason(error));
  readonly #closed = (): void => this.#abandon('closed by the client');

  /** Only a whole ClientHello is left to the TLS socket to read; all else is read here, bit by bit. */
  readonly #glanceAt = (bytes: Buffer): void => {
    const first = classifyFirstBytes(bytes);
    if (first.kind === 'tls') this.#pace(undefined, first.clientHello);
    else {
      this.#endGlance();
      this.#tcp.on('readable', this.#read);
    }
  };

  #endGlance(): void {
    this.#glance?.end();
    this.#glance = undefined;
  }

  readonly #read = (): void => {
    for (let chunk = this.#next(); chunk !== undefined; chunk = this.#next()) {
      this.#chunks.push(chunk);
      this.#receivedBytes += chunk.length;
    }
    if (this.#isSettled || this.#receivedBytes < this.#wantedBytes) return;
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    const first = classifyFirstBytes(bytes);
    switch (first.kind) {
      case 'incomplete':
        this.#wantedBytes = first.wantedBytes;
        return;
      case 'tls':
        this.#tcp.off('readable', this.#read);
        this.#pace(bytes, first.clientHello);
        return;
      case 'http':
        this.#answerHttp();
        return;
      case 'unknown':
        this.#abandon(first.why);
    }
  };

  #next(): Buffer | undefined {
    const chunk: unknown = this.#tcp.read();
    return Buffer.isBuffer(chunk) ? chunk : undefined;
  }

  /**
   * The hello is whole, so who is slow does not hold a place among those that wait for their handshake. `bytes` is what
   * was read of it, if it was read.
   */
  #pace(bytes: Buffer | undefined, clientHello: ClientHello): void {
    const { pace } = this.#deps.options;
    const start = (): void => {
      this.#isWaiting = false;
      if (!this.#isSettled) this.#secure(bytes, clientHello);
    };
    if (pace === undefined) start();
    else pace(start, this.#remote);
    if (this.#isWaiting && bytes === undefined) this.#watchEnd();
  }

  /** Nobody reads from it while it waits, and only that would tell of its end. */
  #watchEnd(): void {
    this.#glance ??= this.#deps.glances?.at(this.#tcp);
    this.#glance?.onGone(this.#closed);
  }

  #secure(bytes: Buffer | undefined, clientHello: ClientHello): void {
    this.#endGlance();
    const { options, contexts } = this.#deps;
    const tcp = this.#tcp;
    let socket: TLSSocket;
    try {
      const secureContext = contexts.get(maxVersionFor(options, clientHello));
      const protocol = agreedProtocol(options, clientHello);
      const agreed = protocol === undefined ? {} : { ALPNProtocols: [protocol] };
      if (bytes !== undefined) tcp.unshift(bytes);
      socket = new TLSSocket(tcp, { isServer: true, secureContext, ...agreed });
    } catch (error) {
      this.#abandon(plainReason(error));
      return;
    }
    // The TLS socket now reads, and reports the end of, the connection below.
    tcp.off('end', this.#closed);
    socket.on('error', this.#failed).on('_tlsError', this.#failed).on('close', this.#closed).on('end', this.#closed);
    socket.once('secure', () => this.#connect(socket));
  }

  #connect(socket: TLSSocket): void {
    if (this.#isSettled) return;
    this.#settle();
    const tcp = this.#tcp;
    tcp.off('error', this.#failed).off('close', this.#closed);
    socket
      .off('error', this.#failed)
      .off('_tlsError', this.#failed)
      .off('close', this.#closed)
      .off('end', this.#closed);
    releaseTlsErrors(socket);
    const tls = {
      socket,
      isServer: true,
      endWasOrderly: () => tlsEndWasOrderly(socket),
      drop: directDrop(tcp, socket),
    };
    this.#deps.options.connected(new SocketStream({ tcp, tls, shared: this.#deps.shared }));
  }

  #answerHttp(): void {
    this.#settle();
    const tcp = this.#tcp;
    tcp.off('readable', this.#read).off('close', this.#closed).off('end', this.#closed);
    const grace = setTimeout(() => tcp.destroy(), REFUSAL_GRACE_MS);
    tcp.on('close', () => clearTimeout(grace));
    tcp.end(plainHttpAnswer);
    tcp.resume();
    this.#deps.options.abandoned(this.#remote, 'plain HTTP on a TLS port');
  }

  #abandon(why: string): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#tcp.destroy();
    this.#deps.options.abandoned(this.#remote, why);
  }

  #settle(): void {
    this.#isSettled = true;
    this.#endGlance();
    clearTimeout(this.#deadline);
    this.#deps.settled();
  }
}
