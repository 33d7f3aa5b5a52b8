import type { TLSSocket } from 'node:tls';
import type { RenegotiationSide } from './renegotiation.ts';
import { resumeOwnSession } from './socket-internals.ts';

/** A TLS socket of the runtime, as a renegotiation sees it. */
export class SocketSide implements RenegotiationSide {
  readonly #socket: TLSSocket;
  #done: (() => void) | undefined;
  #lost: (() => void) | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  write(bytes: Uint8Array, done: (() => void) | undefined): void {
    if (this.#socket.writable) this.#socket.write(bytes, done);
    else if (done !== undefined) process.nextTick(done);
  }

  whenWritten(then: () => void): void {
    const socket = this.#socket;
    setImmediate(() => {
      if (this.#lost === undefined || socket.destroyed || socket.writableLength === 0) then();
      else socket.write(Buffer.alloc(0), () => this.whenWritten(then));
    });
  }

  listen(done: () => void, lost: () => void): void {
    this.#done = done;
    this.#lost = lost;
    this.#socket.on('secure', done).on('close', lost);
  }

  request(): boolean {
    try {
      resumeOwnSession(this.#socket);
      return this.#socket.renegotiate({}, () => undefined) === true;
    } catch {
      return false;
    }
  }

  /** Before it is done, the runtime's own limit of three handshakes in ten minutes holds. */
  settle(isDone: boolean): void {
    if (this.#done !== undefined) this.#socket.off('secure', this.#done);
    if (this.#lost !== undefined) this.#socket.off('close', this.#lost);
    this.#done = undefined;
    this.#lost = undefined;
    if (isDone) this.#socket.disableRenegotiation();
  }
}
