import { DecodeError } from '#base';
import type { ByteStream, StreamSink } from '#io';
import { AdminRpc } from './admin-rpc.ts';
import { clientProductOf, type ClientProduct } from './codec/client-product.ts';
import { ErrorCode, errorText } from './codec/error-codes.ts';
import { encodeHello, RANDOM_BYTES } from './codec/hello.ts';
import { defaultHttpLimits } from './codec/http-limits.ts';
import { decodePackBody, encodePackResponse } from './codec/http-pack.ts';
import { HttpReader } from './codec/http-reader.ts';
import { encodeLoginError } from './codec/login-answer.ts';
import { methodOf } from './codec/method.ts';
import { encodeNoopAnswer, noopOf } from './codec/noop.ts';
import type { Pack } from './codec/pack.ts';
import { preAuthPackLimits } from './codec/pack-limits.ts';
import { describeConnection, type ConnectionInfo, type ConnectionType } from './connection-info.ts';
import type { RegisteredConnection } from './connection-registry.ts';
import type { ConnectionServices } from './connection-services.ts';
import { nextFrontRequest } from './handshake/front-request.ts';
import { encodeHtmlPage, type HtmlStatus } from './handshake/http-pages.ts';
import { methodTable } from './handshake/methods.ts';
import { refuse, type Outcome } from './handshake/outcome.ts';
import { joinSession } from './join-session.ts';
import type { Watched } from './timer-wheel.ts';

/**
 * `front`: HTTP until a SoftEther client shows itself. `method`: its Hello is out, its first PACK awaited.
 * `busy`: a handler works on that PACK. `farewell`: answered for good, one more PACK may come. `left`: closed, or the
 * stream has another reader.
 */
type Phase = 'front' | 'method' | 'busy' | 'farewell' | 'left';

const NO_BYTES = Buffer.alloc(0);
const NO_CLIENT: ClientProduct = { name: '', version: 0, build: 0 };

/** A TCP connection from its TLS handshake until it has become a socket of a session, an administrator's, or plain HTTP. */
export class Connection implements StreamSink, Watched, RegisteredConnection {
  readonly name: string;
  type: ConnectionType = 'init';
  client = NO_CLIENT;
  readonly stream: ByteStream;
  readonly listenerPort: number;
  readonly connectedAtMs: number;
  readonly #services: ConnectionServices;
  /** Undefined once nothing is read as HTTP any more. */
  #reader: HttpReader | undefined = new HttpReader(defaultHttpLimits);
  #phase: Phase = 'front';
  #random: Buffer = NO_BYTES;
  #requests = 0;
  #noops = 0;
  #deadlineMs: number;
  #isHandling = false;
  /** What has come waits for its turn. */
  #isScheduled = false;
  #admin: AdminRpc | undefined;

  constructor(stream: ByteStream, listenerPort: number, services: ConnectionServices) {
    this.stream = stream;
    this.listenerPort = listenerPort;
    this.#services = services;
    this.name = services.connections.nextName();
    this.connectedAtMs = services.clock.wallMs();
    this.#deadlineMs = services.wheel.nowMs + services.limits.handshakeTimeoutMs;
  }

  start(): void {
    this.#services.connections.add(this);
    this.#services.wheel.watch(this, this.#services.limits.handshakeTimeoutMs);
    this.stream.receive(this);
  }

  data(chunk: Buffer): void {
    this.#orClose((reader) => reader.push(chunk));
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#services.paceRequests(() => {
      this.#isScheduled = false;
      this.#orClose((reader) => this.#advance(reader));
    });
  }

  closed(): void {
    this.#leave();
  }

  disconnect(): void {
    if (this.#admin === undefined) this.#close();
    else this.#admin.close();
  }

  look(nowMs: number): number {
    if (this.#phase === 'left') return 0;
    if (nowMs < this.#deadlineMs) return this.#deadlineMs - nowMs;
    // the answer is on our side: the guard's delay, or the store
    if (this.#phase === 'busy') return this.#services.limits.handshakeTimeoutMs;
    if (this.#phase !== 'farewell') this.#services.counters.handshakeTimeouts++;
    this.#close();
    return 0;
  }

  info(): ConnectionInfo {
    return describeConnection(this, this.#services.product);
  }

  #advance(reader: HttpReader): void {
    for (;;) {
      switch (this.#phase) {
        case 'front':
          if (!this.#readFrontRequest(reader)) return;
          break;
        case 'method':
          if (!this.#readPack(reader)) return;
          break;
        case 'farewell':
          // whatever it is, it was the last: after a Redirect the client says so with an empty PACK
          if (reader.take(preAuthPackLimits.maxBytes) !== undefined) this.#close();
          return;
        case 'busy':
        case 'left':
          return;
      }
    }
  }

  /** False: more bytes are needed, or the connection is not ours any more. */
  #readFrontRequest(reader: HttpReader): boolean {
    const request = nextFrontRequest(reader);
    if (request === undefined) return false;
    if (request.kind === 'http') {
      this.#handToHttp(reader);
      return false;
    }
    if (++this.#requests > this.#services.limits.maxRequests) throw new DecodeError('too many HTTP requests', 0);
    if (request.kind === 'signature') this.#greet();
    else if (request.kind === 'probe') this.#answerProbe();
    else this.#sendPage(request.status, request.target);
    if (request.kind === 'page' && request.isLast) this.#close();
    return true;
  }

  #greet(): void {
    const { product, random } = this.#services;
    this.#random = random.bytes(RANDOM_BYTES);
    this.#phase = 'method';
    const { version, build } = product;
    this.#sendPack(encodeHello({ product: product.name, version, build, random: this.#random }));
  }

  #answerProbe(): void {
    this.#services.counters.probes++;
    this.#sendPage(403, '/');
  }

  #handToHttp(reader: HttpReader): void {
    this.#services.counters.httpConnections++;
    const unread = reader.unread();
    this.#leave();
    this.#services.http(this.stream, unread);
  }

  #readPack(reader: HttpReader): boolean {
    const message = reader.take(preAuthPackLimits.maxBytes);
    if (message === undefined) return false;
    const pack = decodePackBody(message, preAuthPackLimits);
    const noop = noopOf(pack);
    if (noop === undefined) this.#dispatch(pack);
    else this.#answerNoop(noop === 'answer');
    return true;
  }

  #answerNoop(isAnswerWanted: boolean): void {
    const { limits, wheel } = this.#services;
    if (++this.#noops > limits.maxNoops) throw new DecodeError('too many NOOPs', 0);
    this.#deadlineMs = wheel.nowMs + limits.handshakeTimeoutMs;
    if (isAnswerWanted) this.#sendPack(encodeNoopAnswer());
  }

  #dispatch(pack: Pack): void {
    this.client = clientProductOf(pack);
    const method = methodOf(pack);
    const entry = method === undefined ? undefined : methodTable[method];
    if (entry === undefined) {
      this.#carryOut(refuse(ErrorCode.PROTOCOL_ERROR));
      return;
    }
    this.type = entry.type;
    this.#phase = 'busy';
    const { remote, local, tls, canDropEncryption } = this.stream;
    const request = { pack, random: this.#random, connectionName: this.name, remote, local, tls, canDropEncryption };
    const outcome = entry.handler(request, this.#services);
    if (outcome instanceof Promise) this.#awaitOutcome(outcome);
    else this.#carryOut(outcome);
  }

  /** Nothing is read meanwhile; and as long as it lasts the connection keeps its place, even if it is closed. */
  #awaitOutcome(outcome: Promise<Outcome>): void {
    this.#isHandling = true;
    this.stream.pause();
    outcome
      .catch((error: unknown) => {
        this.#services.logger.error({ connection: this.name, err: error }, 'a log-in failed on our side');
        return refuse(ErrorCode.INTERNAL_ERROR);
      })
      .then(
        (settled) => this.#settle(settled),
        (error: unknown) => this.#services.logger.error({ connection: this.name, err: error }, 'a log-in was lost'),
      );
  }

  #settle(outcome: Outcome): void {
    this.#isHandling = false;
    if (this.#phase === 'left') {
      this.#services.leave(this.stream.remote);
      if (outcome.kind === 'session') outcome.session.forgoSocket();
      return;
    }
    this.#orClose((reader) => {
      this.stream.resume();
      this.#carryOut(outcome);
      this.#advance(reader);
    });
  }

  #carryOut(outcome: Outcome): void {
    const { counters, logger } = this.#services;
    switch (outcome.kind) {
      case 'refuse': {
        counters.loginsRefused++;
        const { code, noSavePassword } = outcome;
        const { address } = this.stream.remote;
        logger.info({ connection: this.name, address, method: this.type, code }, `refused: ${errorText(code)}`);
        this.#sayFarewell(encodeLoginError(code, noSavePassword));
        return;
      }
      case 'answer':
        this.#sayFarewell(outcome.answer);
        return;
      case 'session': {
        const first = this.#reader?.unread() ?? NO_BYTES;
        this.#leave();
        joinSession(this.stream, outcome, first, this.#services);
        return;
      }
      case 'admin':
        this.#becomeAdmin(outcome);
        return;
    }
  }

  #sayFarewell(answer: Pack): void {
    const { wheel, limits } = this.#services;
    this.#phase = 'farewell';
    this.#deadlineMs = wheel.nowMs + limits.lingerMs;
    wheel.watch(this, limits.lingerMs);
    this.#sendPack(answer);
  }

  #becomeAdmin({ answer, login }: Extract<Outcome, { kind: 'admin' }>): void {
    const { admin, logger, connections, adminChannels } = this.#services;
    const first = this.#reader?.unread() ?? NO_BYTES;
    this.#sendPack(answer);
    this.#leave();
    connections.add(this);
    const rpc = new AdminRpc({
      stream: this.stream,
      connectionName: this.name,
      clientProduct: this.client.name,
      login,
      handler: admin,
      logger,
      ended: () => {
        connections.remove(this);
        adminChannels.delete(rpc);
      },
    });
    this.#admin = rpc;
    adminChannels.add(rpc);
    rpc.start(first);
  }

  #sendPack(pack: Pack): void {
    this.stream.write(encodePackResponse(pack, { date: new Date(this.#services.clock.wallMs()) }));
  }

  #sendPage(status: HtmlStatus, target: string): void {
    this.stream.write(encodeHtmlPage(status, target, new Date(this.#services.clock.wallMs())));
  }

  /** Bytes against the rules end the connection, and nothing else. */
  #orClose(work: (reader: HttpReader) => void): void {
    if (this.#reader === undefined) return;
    try {
      work(this.#reader);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#services.counters.protocolErrors++;
      const { address } = this.stream.remote;
      this.#services.logger.debug(
        { connection: this.name, address, err: error },
        'closed for bytes that are not the protocol',
      );
      this.#close();
    }
  }

  #close(): void {
    this.stream.close();
    this.#leave();
  }

  #leave(): void {
    if (this.#phase === 'left') return;
    this.#phase = 'left';
    this.#reader = undefined;
    // Cut from a pool of the runtime, which it would keep until the wheel lets go of us.
    this.#random = NO_BYTES;
    this.#services.connections.remove(this);
    if (!this.#isHandling) this.#services.leave(this.stream.remote);
  }
}
