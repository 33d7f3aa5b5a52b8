import { ByteWriter, DecodeError } from '#base';

/*
 * Protocol Buffers, proto3: a message is a row of fields, each a tag (number × 8 + wire type) and a value.
 * Wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
 */
const varint = 0;
const eightBytes = 1;
const lengthAndBytes = 2;
const fourBytes = 5;

const varintMaxBytes = 10;

/** Writes fields; those with proto3's default value (0, empty) are left out, as the format wants. */
export class MessageWriter {
  readonly #bytes = new ByteWriter(64);

  /** uint64, int64 ≥ 0, enum. */
  number(field: number, value: number): this {
    return value === 0 ? this : this.always(field, value);
  }

  /** As `number`, but writes 0 too: members of a oneof. */
  always(field: number, value: number): this {
    this.#varint(field * 8 + varint);
    this.#varint(value);
    return this;
  }

  /** A 64-bit id as decimal text. */
  id(field: number, value: string): this {
    let rest = BigInt.asUintN(64, BigInt(value));
    if (rest === 0n) return this;
    this.#varint(field * 8 + varint);
    for (; rest >= 0x80n; rest >>= 7n) this.#bytes.u8(Number(rest & 0x7fn) | 0x80);
    this.#bytes.u8(Number(rest));
    return this;
  }

  flag(field: number, value: boolean): this {
    return this.number(field, value ? 1 : 0);
  }

  bytes(field: number, value: Uint8Array): this {
    return value.length === 0 ? this : this.message(field, value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  /** A message in a message: written even when it is empty. */
  message(field: number, encoded: Uint8Array): this {
    this.#varint(field * 8 + lengthAndBytes);
    this.#varint(encoded.length);
    this.#bytes.bytes(encoded);
    return this;
  }

  finish(): Buffer {
    return this.#bytes.finish();
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes.u8((rest % 0x80) | 0x80);
    this.#bytes.u8(rest);
  }
}

/**
 * Reads fields one after the other: `next` names one, then exactly one of the value methods (or `skip`) takes it.
 * Throws DecodeError on anything that is no message; never allocates more than the input has.
 */
export class MessageReader {
  readonly #bytes: Buffer;
  #offset = 0;
  #wireType = varint;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The number of the next field; 0 = there is none. */
  next(): number {
    if (this.#offset >= this.#bytes.length) return 0;
    const tag = this.#varint();
    this.#wireType = tag % 8;
    const field = Math.floor(tag / 8);
    if (field === 0) throw new DecodeError('field number 0', this.#offset);
    return field;
  }

  /** int64, uint64 or enum below 2^53. A negative one is given as it is. */
  number(): number {
    this.#expect(varint);
    const start = this.#offset;
    // Seven bytes hold 49 bits: all that is seen in practice.
    let value = 0;
    for (let factor = 1; factor < 2 ** 49; factor *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    this.#offset = start;
    const large = Number(BigInt.asIntN(64, this.#varint64()));
    if (!Number.isSafeInteger(large)) throw new DecodeError('a number above 2^53', start);
    return large;
  }

  /** A 64-bit id as unsigned decimal text. */
  id(): string {
    this.#expect(varint);
    return String(this.#varint64());
  }

  flag(): boolean {
    return this.number() !== 0;
  }

  /** A view of the input. */
  bytes(): Buffer {
    this.#expect(lengthAndBytes);
    const length = this.#varint();
    return this.#take(length);
  }

  text(): string {
    return this.bytes().toString();
  }

  skip(): void {
    if (this.#wireType === varint) this.#varint64();
    else if (this.#wireType === eightBytes) this.#take(8);
    else if (this.#wireType === fourBytes) this.#take(4);
    else this.bytes();
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) {
      throw new DecodeError(`wire type ${this.#wireType}, not ${wireType}`, this.#offset);
    }
  }

  #take(length: number): Buffer {
    const start = this.#offset;
    if (length > this.#bytes.length - start) {
      throw new DecodeError(`truncated: ${length} bytes wanted, ${this.#bytes.length - start} left`, start);
    }
    this.#offset = start + length;
    return this.#bytes.subarray(start, this.#offset);
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw new DecodeError('truncated number', this.#offset);
    this.#offset++;
    return byte;
  }

  /** Tags and lengths: 32 bits, so five bytes. */
  #varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 35; factor *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new DecodeError('a tag or length of more than five bytes', this.#offset);
  }

  #varint64(): bigint {
    let value = 0n;
    for (let at = 0; at < varintMaxBytes; at++) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * at);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new DecodeError(`a number of more than ${varintMaxBytes} bytes`, this.#offset);
  }
}
