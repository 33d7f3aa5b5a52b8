import type { RenegotiationSide } from '../renegotiation.ts';
import type { Connection } from './connection.ts';

/** What a renegotiation does with a connection of the TLS engine, and learns of it. */
export class EngineSide implements RenegotiationSide {
  readonly #connection: Connection;
  #whenWritten: (() => void) | undefined;
  #done: (() => void) | undefined;
  #lost: (() => void) | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get isOpen(): boolean {
    return !this.#connection.isClosed;
  }

  write(bytes: Uint8Array, done: (() => void) | undefined): void {
    this.#connection.write(bytes, done);
  }

  whenWritten(then: () => void): void {
    if (this.#connection.isWritten) setImmediate(then);
    else this.#whenWritten = then;
  }

  listen(done: () => void, lost: () => void): void {
    this.#done = done;
    this.#lost = lost;
  }

  request(): boolean {
    return this.#connection.requestHandshake();
  }

  /** Handshakes that the client begins are refused anyway. */
  settle(): void {
    this.#done = undefined;
    this.#lost = undefined;
    this.#connection.session?.forgetSession();
  }

  written(): void {
    const then = this.#whenWritten;
    this.#whenWritten = undefined;
    if (then !== undefined) setImmediate(then);
  }

  progressed(): void {
    if (this.#done !== undefined && this.#connection.session?.isRenegotiating === false) this.#done();
  }

  lost(): void {
    this.#lost?.();
  }
}
