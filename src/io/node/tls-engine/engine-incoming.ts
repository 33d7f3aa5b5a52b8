import type { ClientHello, TlsListenOptions } from '../../listener.ts';
import { systemError } from '../datagram/native.ts';
import { plainReason } from '../errno.ts';
import { classifyFirstBytes, plainHttpAnswer } from '../first-bytes.ts';
import { CLIENT_HELLO_MAX_BYTES } from '../client-hello.ts';
import { REFUSAL_GRACE_MS } from '../incoming.ts';
import { agreedProtocol, maxVersionFor } from '../tls-choices.ts';
import { Connection } from './connection.ts';
import type { TlsEngine } from './engine.ts';
import { EngineStream, type Endpoints } from './engine-stream.ts';
import { EAGAIN, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, SHUT_WR } from './native.ts';
import type { Watcher } from './readiness.ts';
import type { ServerContexts } from './server-contexts.ts';

export interface EngineIncomingDeps {
  readonly engine: TlsEngine;
  readonly options: TlsListenOptions;
  readonly contexts: ServerContexts;
  /** A connection that agrees on a protocol (ALPN), which the engine cannot answer: the runtime serves it. Takes the descriptor. */
  readonly passOn: (fd: number) => void;
  /** It became a stream, was abandoned, or passed on. */
  readonly settled: () => void;
}

/**
 * An accepted TCP connection on its way to a stream: first bytes, which stay in the kernel, then the TLS handshake. It ends in
 * exactly one of `connected`, `abandoned` and `passOn`.
 */
export class EngineIncoming implements Watcher {
  readonly #deps: EngineIncomingDeps;
  readonly #fd: number;
  readonly #ends: Endpoints;
  readonly #ticket: number;
  #deadline: NodeJS.Timeout;
  #phase: 'hello' | 'waiting' | 'handshake' | 'refused' | 'settled' = 'hello';
  #wantedBytes = 1;
  #connection: Connection | undefined;
  #isDescriptorClosed = false;

  /** @throws Error where the kernel does not let it be watched. */
  constructor(deps: EngineIncomingDeps, fd: number, ends: Endpoints) {
    this.#deps = deps;
    this.#fd = fd;
    this.#ends = ends;
    this.#ticket = deps.engine.readiness.watch(fd, this);
    this.#deadline = setTimeout(() => this.#abandon('time-out'), deps.options.handshakeTimeoutMs);
  }

  /** Ends it at once; `why` is reported. */
  stop(why: string): void {
    this.#abandon(why);
  }

  ready(canRead: boolean, _canWrite: boolean, isOver: boolean): void {
    if (this.#phase === 'hello') {
      if (canRead) this.#look(isOver);
    } else if (this.#phase === 'waiting') {
      if (isOver) this.#abandon('closed by the client');
    } else if (this.#phase === 'handshake') this.#shakeHands();
    else if (this.#phase === 'refused') this.#discard();
  }

  #look(isOver: boolean): void {
    const { native, area } = this.#deps.engine;
    const { kernel } = native;
    const flags = MSG_PEEK | MSG_DONTWAIT;
    const length = kernel.recv(this.#fd, area.receivedAddress, CLIENT_HELLO_MAX_BYTES, flags);
    if (length < 0) {
      const error = kernel.errno();
      if (error !== EAGAIN) this.#abandon(systemError(error, 'read').message);
    } else if (length < this.#wantedBytes) {
      if (isOver || length === 0) this.#abandon('closed by the client');
    } else this.#classify(area.received.subarray(0, length), isOver);
  }

  #classify(bytes: Buffer, isOver: boolean): void {
    const first = classifyFirstBytes(bytes);
    switch (first.kind) {
      case 'incomplete':
        this.#wantedBytes = first.wantedBytes;
        if (isOver) this.#abandon('closed by the client');
        return;
      case 'tls':
        this.#pace(first.clientHello);
        return;
      case 'http':
        this.#answerHttp();
        return;
      case 'unknown':
        this.#abandon(first.why);
    }
  }

  /** The hello is whole, so who is slow does not hold a place among those that wait for their handshake. */
  #pace(clientHello: ClientHello): void {
    const { pace } = this.#deps.options;
    this.#phase = 'waiting';
    const start = (): void => {
      if (this.#phase === 'waiting') this.#secure(clientHello);
    };
    if (pace === undefined) start();
    else pace(start, this.#ends.remote);
  }

  #secure(clientHello: ClientHello): void {
    const { engine, options, contexts } = this.#deps;
    if (agreedProtocol(options, clientHello) !== undefined) {
      this.#settle();
      engine.readiness.release(this.#fd, this.#ticket);
      this.#deps.passOn(this.#fd);
      return;
    }
    try {
      const context = contexts.get(maxVersionFor(options, clientHello));
      this.#connection = new Connection(engine, this.#fd, this.#ticket, context);
    } catch (error) {
      this.#abandon(plainReason(error));
      return;
    }
    this.#phase = 'handshake';
    this.#shakeHands();
  }

  #shakeHands(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#deps.engine.isDelivering) {
      setImmediate(() => {
        if (this.#phase === 'handshake') this.#shakeHands();
      });
      return;
    }
    // What the client has sent in one piece may be longer than one read.
    let progress = connection.handshake();
    while (progress === 'wait' && connection.canRead) progress = connection.handshake();
    if (progress === 'done') this.#connect(connection);
    else if (progress === 'ended') this.#abandon('closed by the client');
    else if (progress !== 'wait') this.#abandon(plainReason(progress));
  }

  #connect(connection: Connection): void {
    this.#settle();
    this.#deps.engine.readiness.replace(this.#ticket, connection);
    this.#deps.options.connected(new EngineStream(connection, this.#ends));
  }

  #answerHttp(): void {
    const { native } = this.#deps.engine;
    this.#settle();
    this.#phase = 'refused';
    const answer = Buffer.from(plainHttpAnswer);
    native.kernel.sendBytes(this.#fd, answer, answer.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    native.kernel.shutdown(this.#fd, SHUT_WR);
    this.#deadline = setTimeout(() => this.#close(), REFUSAL_GRACE_MS);
    this.#discard();
    this.#deps.options.abandoned(this.#ends.remote, 'plain HTTP on a TLS port');
  }

  /** Unread bytes would turn the FIN into a reset, which may overtake the answer. */
  #discard(): void {
    const { native, area } = this.#deps.engine;
    for (let round = 0; round < 4; round++) {
      const length = native.kernel.recv(this.#fd, area.receivedAddress, area.received.length, MSG_DONTWAIT);
      if (length === 0) this.#close();
      if (length <= 0) return;
    }
  }

  #abandon(why: string): void {
    if (this.#phase === 'settled' || this.#phase === 'refused') return;
    this.#settle();
    if (this.#connection !== undefined) this.#connection.close();
    else this.#close();
    this.#deps.options.abandoned(this.#ends.remote, why);
  }

  #close(): void {
    if (this.#isDescriptorClosed) return;
    this.#isDescriptorClosed = true;
    clearTimeout(this.#deadline);
    const { readiness, native } = this.#deps.engine;
    readiness.forget(this.#ticket);
    native.kernel.close(this.#fd);
  }

  #settle(): void {
    this.#phase = 'settled';
    clearTimeout(this.#deadline);
    this.#deps.settled();
  }
}
