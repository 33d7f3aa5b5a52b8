import type { TLSSocket } from 'node:tls';
import { resumeOwnSession } from './socket-internals.ts';

/**
 * A client that has not done its part by then will not; the connection stays as it is. Nothing is sent meanwhile, so this
 * must be short; stock SoftEther clients answer at their next read.
 */
const ANSWER_TIMEOUT_MS = 3_000;

interface HeldWrite {
  readonly bytes: Uint8Array;
  readonly done: (() => void) | undefined;
}

/**
 * TLS 1.2, server: asks the client for a new handshake and waits for it. Between the request and the end of the handshake
 * we send no data: OpenSSL clients (all SoftEther ones) break the connection with "unexpected record" if data meets them
 * in a handshake that they drive from a write. What the client sends flows on. The new handshake resumes the session of the
 * first: it is wanted for its own sake, not for new keys.
 * A client that refuses (alert no_renegotiation) loses its connection; that is OpenSSL's doing.
 */
export class Renegotiation {
  readonly #socket: TLSSocket;
  readonly #answerTimeoutMs: number;
  readonly #held: HeldWrite[] = [];
  #heldBytes = 0;
  #isOver = false;

  constructor(socket: TLSSocket, answerTimeoutMs = ANSWER_TIMEOUT_MS) {
    this.#socket = socket;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  hold(bytes: Uint8Array, done: (() => void) | undefined): void {
    this.#held.push({ bytes, done });
    this.#heldBytes += bytes.length;
  }

  /** True: the handshake is done. */
  run(): Promise<boolean> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const settle = (isDone: boolean): void => {
        clearTimeout(timer);
        socket.off('secure', done).off('close', failed);
        // From now on a handshake that the client begins ends the connection: each costs us much more than the client.
        // (Before, the runtime's own limit of three in ten minutes holds.)
        if (isDone) socket.disableRenegotiation();
        this.end();
        resolve(isDone);
      };
      const done = (): void => settle(true);
      const failed = (): void => settle(false);
      const timer = setTimeout(failed, this.#answerTimeoutMs);
      socket.on('close', failed);
      this.#whenWritten(() => {
        socket.on('secure', done);
        if (this.#isOver || socket.destroyed || !requestHandshake(socket)) failed();
      });
    });
  }

  /** Lets go what was held back, in order. */
  end(): void {
    this.#isOver = true;
    this.#heldBytes = 0;
    for (const { bytes, done } of this.#held.splice(0)) {
      if (this.#socket.writable) this.#socket.write(bytes, done);
      else if (done !== undefined) process.nextTick(done);
    }
  }

  /** Calls back in a turn of its own, when the kernel has taken all that was written before. */
  #whenWritten(then: () => void): void {
    // Never within the reader's callback: the request runs the TLS engine, which may deliver the next record at once, over
    // the shared receive buffer that the reader is still looking at.
    setImmediate(() => {
      if (this.#isOver || this.#socket.destroyed || this.#socket.writableLength === 0) then();
      else this.#socket.write(Buffer.alloc(0), () => this.#whenWritten(then));
    });
  }
}

function requestHandshake(socket: TLSSocket): boolean {
  try {
    resumeOwnSession(socket);
    return socket.renegotiate({}, () => undefined) === true;
  } catch {
    return false;
  }
}
