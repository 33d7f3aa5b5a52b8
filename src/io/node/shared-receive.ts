import type { Socket } from 'node:net';
import { handleOf, type ReadBufferSymbols } from './socket-internals.ts';
import { TurnBudget } from './turn-budget.ts';

/** A TCP read is at most this long; a TLS record fills a quarter of it. */
const SHARED_BUFFER_BYTES = 64 * 1024;

/** Takes `chunk`, which is overwritten afterwards. False: read no more until the socket is asked to. */
export type ChunkTaker = (chunk: Buffer) => boolean;

/**
 * One static receive buffer for all sockets of a loop, instead of a fresh one per read: a fifth less CPU per byte and no
 * garbage. The runtime offers it for client sockets only (`onread`); here its private parts are set on any socket. The
 * callback consumes the bytes before it returns, so one buffer serves all.
 */
export class SharedReceive {
  readonly budget = new TurnBudget();
  readonly #symbols: ReadBufferSymbols | undefined;
  readonly #buffer: Buffer;
  #state: 'untried' | 'proven' | 'broken';

  /** `symbols`: what `findReadBufferSymbols` gave; undefined = this runtime cannot do it. */
  constructor(symbols: ReadBufferSymbols | undefined) {
    this.#symbols = symbols;
    this.#buffer = Buffer.allocUnsafeSlow(SHARED_BUFFER_BYTES);
    this.#state = symbols === undefined ? 'broken' : 'untried';
  }

  get isUsable(): boolean {
    return this.#state !== 'broken';
  }

  /** From now on what is read from `socket` goes to `take`. False: not possible here, nothing was changed. */
  enable(socket: Socket, take: ChunkTaker): boolean {
    const handle = handleOf(socket);
    if (this.#symbols === undefined || this.#state === 'broken') return false;
    if (typeof handle?.useUserBuffer !== 'function') return false;
    Reflect.set(socket, this.#symbols.buffer, this.#buffer);
    Reflect.set(socket, this.#symbols.callback, (length: number, buffer: Buffer): boolean => {
      this.#state = 'proven';
      return take(length === buffer.length ? buffer : buffer.subarray(0, length));
    });
    if (this.#state === 'untried') this.#watch(socket);
    handle.useUserBuffer(this.#buffer);
    return true;
  }

  /**
   * The first bytes prove the way. Should this runtime fill the buffer and look elsewhere for the callback, it would report
   * empty reads for ever: that connection is lost, but only that one.
   */
  #watch(socket: Socket): void {
    const push = socket.push.bind(socket);
    socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (this.#state === 'untried' && Buffer.isBuffer(chunk) && chunk.length === 0) {
        this.#state = 'broken';
        socket.destroy(new Error('this runtime does not support the shared receive buffer; it is not used any more'));
      }
      return push(chunk, encoding);
    };
  }

  /** Bytes came the ordinary way although the shared buffer was enabled: this runtime does not do it after all. */
  cameTheOrdinaryWay(): void {
    if (this.#state === 'untried') this.#state = 'broken';
  }
}
