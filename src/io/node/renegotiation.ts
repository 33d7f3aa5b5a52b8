/**
 * A client that has not done its part by then will not; the connection stays as it is. Nothing is sent meanwhile, so this
 * must be short; stock SoftEther clients answer at their next read.
 */
const ANSWER_TIMEOUT_MS = 3_000;

interface HeldWrite {
  readonly bytes: Uint8Array;
  readonly done: (() => void) | undefined;
}

/** The connection that it happens on: TLS 1.2, this is the server. */
export interface RenegotiationSide {
  readonly isOpen: boolean;
  /** `done` is called in any case, never before it returns. */
  write(bytes: Uint8Array, done: (() => void) | undefined): void;
  /**
   * Calls back in a turn of its own, when the kernel has taken all that was written, or the connection has gone. Never within
   * the reader's callback: the request runs the TLS engine, which may deliver the next record at once, over the shared receive
   * buffer that the reader is still looking at.
   */
  whenWritten(then: () => void): void;
  /** `done` is told of each handshake that is over, `lost` of the end of the connection. */
  listen(done: () => void, lost: () => void): void;
  /** Asks the client for a handshake that resumes the session of the first. */
  request(): boolean;
  /**
   * Nobody listens any more. `isDone`: from now on a handshake that the client begins ends the connection: each costs us much
   * more than the client.
   */
  settle(isDone: boolean): void;
}

/**
 * TLS 1.2, server: asks the client for a new handshake and waits for it. Between the request and the end of the handshake
 * we send no data: OpenSSL clients (all SoftEther ones) break the connection with "unexpected record" if data meets them
 * in a handshake that they drive from a write. What the client sends flows on. The new handshake resumes the session of the
 * first: it is wanted for its own sake, not for new keys.
 * A client that refuses (alert no_renegotiation) loses its connection; that is OpenSSL's doing.
 */
export class Renegotiation {
  readonly #side: RenegotiationSide;
  readonly #answerTimeoutMs: number;
  readonly #held: HeldWrite[] = [];
  #heldBytes = 0;
  #isOver = false;

  constructor(side: RenegotiationSide, answerTimeoutMs = ANSWER_TIMEOUT_MS) {
    this.#side = side;
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
    const side = this.#side;
    return new Promise((resolve) => {
      let isRequested = false;
      const settle = (isDone: boolean): void => {
        clearTimeout(timer);
        side.settle(isDone);
        this.end();
        resolve(isDone);
      };
      const failed = (): void => settle(false);
      const timer = setTimeout(failed, this.#answerTimeoutMs);
      side.listen(() => {
        if (isRequested) settle(true);
      }, failed);
      side.whenWritten(() => {
        isRequested = true;
        if (this.#isOver || !side.isOpen || !side.request()) failed();
      });
    });
  }

  /** Lets go what was held back, in order. */
  end(): void {
    this.#isOver = true;
    this.#heldBytes = 0;
    for (const { bytes, done } of this.#held.splice(0)) this.#side.write(bytes, done);
  }
}
