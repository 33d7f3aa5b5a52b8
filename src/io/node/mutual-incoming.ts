import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { inspectCertificate } from '#base';
import type { MutualTlsListenOptions } from '../mutual-tls.ts';
import type { Endpoint } from '../stream.ts';
import { asError, plainReason } from './errno.ts';
import type { MutualContexts } from './mutual-contexts.ts';
import { mutualProblem } from './mutual-problem.ts';
import type { SharedReceive } from './shared-receive.ts';
import { releaseTlsErrors, tlsEndWasOrderly, verifyErrorOf } from './socket-internals.ts';
import { SocketStream } from './socket-stream.ts';

export interface MutualIncomingDeps {
  readonly options: MutualTlsListenOptions;
  readonly contexts: MutualContexts;
  readonly shared: SharedReceive;
  /** It became a stream, or was abandoned. */
  readonly settled: () => void;
}

/** An accepted TCP connection whose other side has to show a certificate. It ends in exactly one of `connected` and `abandoned`. */
export class MutualIncoming {
  readonly #deps: MutualIncomingDeps;
  readonly #tcp: Socket;
  readonly #remote: Endpoint;
  readonly #deadline: NodeJS.Timeout;
  #isSettled = false;

  constructor(deps: MutualIncomingDeps, tcp: Socket, remote: Endpoint) {
    this.#deps = deps;
    this.#tcp = tcp;
    this.#remote = remote;
    this.#deadline = setTimeout(() => this.stop('time-out in the TLS handshake'), deps.options.handshakeTimeoutMs);
  }

  start(): void {
    const { options, contexts } = this.#deps;
    const tcp = this.#tcp;
    tcp.on('error', this.#failed).on('close', this.#closed);
    let socket: TLSSocket;
    try {
      const secureContext = contexts.get(options.identity());
      // Without a certificate the handshake fails; who signed it is looked at afterwards.
      socket = new TLSSocket(tcp, { isServer: true, secureContext, requestCert: true, rejectUnauthorized: true });
    } catch (error) {
      options.troubled?.(asError(error));
      this.stop('this side has no certificate that can be used');
      return;
    }
    socket.on('error', this.#failed).on('_tlsError', this.#failed).on('close', this.#closed);
    socket.once('secure', () => this.#judge(socket));
  }

  /** Ends it at once; `why` is reported. */
  stop(why: string): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#tcp.destroy();
    this.#deps.options.abandoned(this.#remote, why);
  }

  readonly #failed = (error: unknown): void => this.stop(`TLS handshake: ${plainReason(error)}`);
  readonly #closed = (): void => this.stop('closed by the other side');

  #judge(socket: TLSSocket): void {
    if (this.#isSettled) return;
    const problem = mutualProblem(verifyErrorOf(socket));
    const certificate = socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0);
    const name = inspectCertificate(certificate)?.subjectCommonName ?? '';
    if (problem !== undefined) this.stop(`its certificate, of "${name}", is not taken: ${problem}`);
    else if (name === '') this.stop('its certificate has no common name');
    else this.#connect(socket, name, certificate);
  }

  #connect(socket: TLSSocket, peerName: string, peerCertificate: Buffer): void {
    this.#settle();
    this.#tcp.off('error', this.#failed).off('close', this.#closed);
    socket.off('error', this.#failed).off('_tlsError', this.#failed).off('close', this.#closed);
    releaseTlsErrors(socket);
    const tls = {
      socket,
      isServer: true,
      peerCertificate,
      endWasOrderly: () => tlsEndWasOrderly(socket),
      drop: undefined,
    };
    this.#deps.options.connected(new SocketStream({ tcp: this.#tcp, tls, shared: this.#deps.shared }), peerName);
  }

  #settle(): void {
    this.#isSettled = true;
    clearTimeout(this.#deadline);
    this.#deps.settled();
  }
}
