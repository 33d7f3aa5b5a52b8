import { isUtf8 } from 'node:buffer';
import type { RawData, WebSocket } from 'ws';
import type { ByteStream, Endpoint } from '../../stream.ts';
import type { WebSocketChannel, WebSocketSink } from '../../web-socket.ts';

/** A closing handshake that takes longer is cut off. */
const CLOSE_GRACE_MS = 2_000;
/** RFC 6455 §7.4.1 */
const NORMAL_CLOSURE = 1000;
/** The library's own: 1 = open. */
const OPEN = 1;

/** A WebSocket of the library, as a channel of messages. */
export class NodeWebSocketChannel implements WebSocketChannel {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly #socket: WebSocket;
  #sink: WebSocketSink | undefined;
  #hasEnded = false;
  /** Pings in a row that nobody answered. */
  #unanswered = 0;

  constructor(socket: WebSocket, { remote, local }: Pick<ByteStream, 'remote' | 'local'>) {
    this.#socket = socket;
    this.remote = remote;
    this.local = local;
    socket.on('message', (data) => this.#sink?.message(bytesOf(data)));
    socket.on('ping', () => this.#alive());
    socket.on('pong', () => this.#alive());
    // What is wrong with a frame ends the channel, which `close` tells.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#ended());
    socket.pause();
  }

  get isClosed(): boolean {
    return this.#socket.readyState !== OPEN;
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  receive(sink: WebSocketSink): void {
    this.#sink = sink;
    if (this.#hasEnded) queueMicrotask(() => sink.closed());
    else setImmediate(() => this.#socket.resume());
  }

  send(bytes: Buffer): void {
    if (!this.isClosed) this.#socket.send(bytes, { binary: !isUtf8(bytes) });
  }

  close(): void {
    this.#socket.close(NORMAL_CLOSURE);
    setTimeout(() => this.#socket.terminate(), CLOSE_GRACE_MS).unref();
  }

  destroy(): void {
    this.#socket.terminate();
  }

  /** Asks for a sign of life; the channel ends when the last `most` have not been answered. */
  ping(most: number): void {
    if (this.isClosed) return;
    if (this.#unanswered >= most) {
      this.destroy();
      return;
    }
    this.#unanswered++;
    this.#socket.ping();
  }

  #alive(): void {
    this.#unanswered = 0;
    this.#sink?.alive();
  }

  #ended(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#sink?.closed();
  }
}

/** The library gives fragments as a list only where it was asked to. */
function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
