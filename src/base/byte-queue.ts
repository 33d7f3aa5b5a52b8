const FIRST_CAPACITY_BYTES = 4096;

/**
 * Bytes that have come and are not yet used up, in one piece. Grows as bytes come, never by what a peer announces.
 * It has no cap of its own: the owner looks at `length` before it pushes.
 */
export class ByteQueue {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_CAPACITY_BYTES);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** Copies `chunk`. */
  push(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#bytes.length) this.#makeRoom(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** All bytes, as a view that is good until the next push. */
  view(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Forgets the first `length` bytes. A large buffer is given back when it becomes empty. */
  consume(length: number): void {
    if (length > this.length) throw new RangeError(`cannot consume ${length} of ${this.length} bytes`);
    this.#start += length;
    if (this.#start < this.#end) return;
    this.#start = 0;
    this.#end = 0;
    if (this.#bytes.length > FIRST_CAPACITY_BYTES * 16) this.#bytes = Buffer.allocUnsafe(FIRST_CAPACITY_BYTES);
  }

  /** Moves what is there to the front, into a buffer of twice the size if need be. */
  #makeRoom(more: number): void {
    const old = this.view();
    const needed = old.length + more;
    // At least half free afterwards, so that a long queue is not moved at every push.
    const isEnough = needed * 2 <= this.#bytes.length;
    const target = isEnough ? this.#bytes : Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    old.copy(target);
    this.#bytes = target;
    this.#start = 0;
    this.#end = old.length;
  }
}
