import { DecodeError } from './errors.ts';

/** Reads big-endian fields one after the other. Every read that would pass the end throws DecodeError and moves nothing. */
export class ByteReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  /** The next `length` bytes: a view of the input, not a copy. */
  bytes(length: number): Buffer {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** The next `length` bytes, one character each. */
  latin1(length: number): string {
    const start = this.#take(length);
    return this.#bytes.toString('latin1', start, start + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#bytes.length - start) {
      throw new DecodeError(`truncated: ${length} bytes wanted, ${this.#bytes.length - start} left`, start);
    }
    this.#offset = start + length;
    return start;
  }
}

const FIRST_CAPACITY_BYTES = 512;
/** Up to here a loop of our own is faster than a call into the runtime. */
const SHORT_TEXT_CHARS = 48;

/** Writes big-endian fields into a buffer that doubles as needed. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacityBytes = FIRST_CAPACITY_BYTES) {
    this.#bytes = Buffer.allocUnsafe(Math.max(capacityBytes, 16));
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const start = this.#reserve(1);
    this.#bytes.writeUInt8(value, start);
    return this;
  }

  u16(value: number): this {
    const start = this.#reserve(2);
    this.#bytes.writeUInt16BE(value, start);
    return this;
  }

  u32(value: number): this {
    if (value >>> 0 !== value) throw new RangeError(`${value} does not fit into 32 bits`);
    const start = this.#reserve(4);
    const bytes = this.#bytes;
    // A quarter of the time of the runtime's own function
    bytes[start] = value >>> 24;
    bytes[start + 1] = value >>> 16;
    bytes[start + 2] = value >>> 8;
    bytes[start + 3] = value;
    return this;
  }

  u64(value: bigint): this {
    const start = this.#reserve(8);
    this.#bytes.writeBigUInt64BE(value, start);
    return this;
  }

  bytes(value: Uint8Array): this {
    const start = this.#reserve(value.length);
    this.#bytes.set(value, start);
    return this;
  }

  /** One byte for each character; characters above U+00FF lose their upper bits. */
  latin1(text: string): this {
    const start = this.#reserve(text.length);
    const bytes = this.#bytes;
    if (text.length > SHORT_TEXT_CHARS) bytes.write(text, start, 'latin1');
    else for (let at = 0; at < text.length; at++) bytes[start + at] = text.charCodeAt(at);
    return this;
  }

  /** Writes `text` as UTF-8 and says how many bytes that took. */
  utf8(text: string): number {
    // a UTF-16 unit takes three bytes at most
    const start = this.#reserve(text.length * 3);
    const written = this.#bytes.write(text, start, 'utf8');
    this.#length = start + written;
    return written;
  }

  /** Overwrites four bytes that were written before: a length that was not known yet. */
  patchU32(offset: number, value: number): void {
    if (offset + 4 > this.#length)
      throw new RangeError(`cannot patch at ${offset}: only ${this.#length} bytes written`);
    this.#bytes.writeUInt32BE(value, offset);
  }

  /** What was written, as a view. The writer must not be used afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** May replace the buffer: call it before naming `#bytes`, not among the arguments. */
  #reserve(length: number): number {
    const start = this.#length;
    const end = start + length;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    this.#length = end;
    return start;
  }
}
