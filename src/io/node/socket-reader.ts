import type { Socket } from 'node:net';
import { RecordsAhead } from './records-ahead.ts';
import type { SharedReceive } from './shared-receive.ts';
import type { BudgetedReader } from './turn-budget.ts';

/** Takes what a socket reads to its reader, by way of the socket's own buffer or of the shared one, always in order. */
export class SocketReader implements BudgetedReader {
  turn = -1;
  turnBytes = 0;
  readonly #socket: Socket;
  readonly #shared: SharedReceive;
  readonly #deliver: (chunk: Buffer, hasMore: boolean) => void;
  #state: 'idle' | 'reading' | 'discarding' | 'released' = 'idle';
  #isPaused = false;
  /** The handle reads into the shared buffer, for good: the runtime has no way back. */
  #readsShared = false;
  #wantsShared = false;
  /** Bytes that are still to come from the socket's own buffer although the handle reads into the shared one. */
  #bufferedBytes = 0;
  #ahead: RecordsAhead | undefined;

  constructor(socket: Socket, shared: SharedReceive, deliver: (chunk: Buffer, hasMore: boolean) => void) {
    this.#socket = socket;
    this.#shared = shared;
    this.#deliver = deliver;
  }

  /** Begins to read, or changes the way. Delivers nothing before it returns. */
  start(wantsShared: boolean): void {
    if (wantsShared && !this.#readsShared && this.#shared.enable(this.#socket, this.#takeShared)) {
      this.#readsShared = true;
      this.#ahead = new RecordsAhead(this.#socket);
      this.#bufferedBytes = this.#socket.readableLength;
    }
    this.#wantsShared = wantsShared && this.#readsShared;
    if (this.#state === 'idle') {
      this.#state = 'reading';
      this.#socket.on('data', this.#takeOwn);
    }
    if (this.#isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#state === 'reading') this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#state === 'reading') this.#socket.resume();
  }

  /** Reads on, and drops what comes: unread bytes would turn a FIN into a reset, which may overtake close_notify. */
  discard(): void {
    this.#state = 'discarding';
    this.#socket.resume();
  }

  /** Everything that comes from now on stays in the socket, for its next owner. */
  release(): void {
    this.#state = 'released';
    this.#socket.off('data', this.#takeOwn);
  }

  readOn(): void {
    const isWanted = this.#state === 'reading' ? !this.#isPaused : this.#state === 'discarding';
    if (isWanted) this.#socket.resume();
  }

  readonly #takeShared = (chunk: Buffer): boolean => {
    if (this.#state === 'discarding') return true;
    const isNext = !this.#isPaused && this.#socket.readableLength === 0;
    if (this.#state === 'reading' && this.#wantsShared && isNext) {
      this.#deliver(chunk, this.#ahead?.isMoreThan(chunk.length) === true);
      return this.#shared.budget.allowsMore(this, chunk.length);
    }
    // Somebody wants to keep it, or older bytes are waiting: it joins them in the socket's own buffer.
    this.#bufferedBytes += chunk.length;
    return this.#socket.push(Buffer.from(chunk));
  };

  readonly #takeOwn = (chunk: Buffer): void => {
    if (this.#readsShared) {
      this.#bufferedBytes -= chunk.length;
      if (this.#bufferedBytes < 0) this.#shared.cameTheOrdinaryWay();
    }
    if (this.#state === 'reading') this.#deliver(chunk, false);
  };
}
