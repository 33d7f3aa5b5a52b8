import { Duplex } from 'node:stream';
import type { ByteStream } from '../stream.ts';

/** A byte stream in the form that libraries know. */
export class MemoryDuplex extends Duplex {
  readonly #stream: ByteStream;

  constructor(stream: ByteStream, unread: Buffer) {
    super({ allowHalfOpen: false });
    this.#stream = stream;
    if (unread.length > 0) this.push(unread);
    stream.receive({
      data: (chunk) => {
        if (!this.push(chunk)) stream.pause();
      },
      closed: ({ error }) => {
        if (error === undefined) this.push(null);
        else this.destroy(error);
      },
    });
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#stream.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#stream.close();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream.destroy();
    done(error);
  }
}
