/**
 * Equal-sized buffers that are lent out and come back. Nothing is allocated before the first `take`; at most `maxKept`
 * idle buffers are kept, more that come back are left to the garbage collector.
 */
export class BufferPool {
  readonly size: number;
  readonly #maxKept: number;
  readonly #idle: Buffer[] = [];
  #lent = 0;

  constructor(size: number, maxKept: number) {
    this.size = size;
    this.#maxKept = maxKept;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** Buffers taken and not yet given back. */
  get lentCount(): number {
    return this.#lent;
  }

  /** Contents are arbitrary. Each buffer has its own ArrayBuffer, so `buffer.buffer` identifies it. */
  take(): Buffer {
    this.#lent++;
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.size);
  }

  /** `buffer` must come from `take` of this pool, whole, and must not be used afterwards. */
  give(buffer: Buffer): void {
    this.#lent--;
    if (this.#idle.length < this.#maxKept) this.#idle.push(buffer);
  }
}
