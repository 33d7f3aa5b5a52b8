import type { StreamSink } from '#io';

export type Ending = Parameters<StreamSink['closed']>[0];

/** A sink that keeps everything that a stream delivers, and checks that nothing comes after the end. */
export class Recorder implements StreamSink {
  readonly chunks: Buffer[] = [];
  ending: Ending | undefined;
  #bytes = 0;
  #waiters: { readonly bytes: number; readonly resolve: () => void }[] = [];
  readonly #ended = Promise.withResolvers<Ending>();

  data(chunk: Buffer): void {
    if (this.ending !== undefined) throw new Error('data after the end');
    this.chunks.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    const ready = this.#waiters.filter(({ bytes }) => bytes <= this.#bytes);
    this.#waiters = this.#waiters.filter(({ bytes }) => bytes > this.#bytes);
    for (const { resolve } of ready) resolve();
  }

  closed(ending: Ending): void {
    if (this.ending !== undefined) throw new Error('closed twice');
    this.ending = ending;
    this.#ended.resolve(ending);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  /** Resolves when at least so many bytes have come in all. */
  received(bytes: number): Promise<void> {
    if (this.#bytes >= bytes) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ bytes, resolve }));
  }

  ended(): Promise<Ending> {
    return this.#ended.promise;
  }
}
