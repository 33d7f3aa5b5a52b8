import { Duplex } from 'node:stream';
import type { ByteStream } from '../../stream.ts';

/** A byte stream in the form that libraries know: as much of a socket as an HTTP server asks for. */
export class StreamDuplex extends Duplex {
  readonly encrypted = true;
  readonly #stream: ByteStream;
  #timeoutMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: ByteStream, unread: Buffer) {
    super({ allowHalfOpen: false });
    this.#stream = stream;
    if (unread.length > 0) this.push(unread);
    stream.pause();
    stream.receive({
      data: (chunk) => {
        this.#timer?.refresh();
        if (!this.push(chunk)) stream.pause();
      },
      closed: ({ error }) => {
        if (error === undefined) this.push(null);
        else this.destroy(error);
      },
    });
  }

  get remoteAddress(): string {
    return this.#stream.remote.address;
  }

  get remotePort(): number {
    return this.#stream.remote.port;
  }

  get localAddress(): string {
    return this.#stream.local.address;
  }

  get localPort(): number {
    return this.#stream.local.port;
  }

  /** `timeout` is emitted when nothing has come or gone for so long; 0 = never. */
  setTimeout(timeoutMs: number, then?: () => void): this {
    clearTimeout(this.#timer);
    this.#timeoutMs = timeoutMs;
    this.#timer = undefined;
    if (then !== undefined) this.once('timeout', then);
    if (timeoutMs > 0 && !this.destroyed) this.#timer = setTimeout(() => this.emit('timeout'), timeoutMs);
    return this;
  }

  get timeout(): number {
    return this.#timeoutMs;
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#timer?.refresh();
    this.#stream.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#stream.close();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    // Without an error there may be bytes that still have to go.
    if (error === null) this.#stream.close();
    else this.#stream.destroy();
    done(error);
  }
}
