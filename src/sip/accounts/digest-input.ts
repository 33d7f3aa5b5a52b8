import { hashHex } from '#base';

const HEX = Buffer.from('0123456789abcdef', 'latin1');

/** What digest authentication hashes, put together piece by piece in one place, without texts. */
export class DigestInput {
  readonly #bytes: Uint8Array;
  #length = 0;

  /** More than `maxBytes` must not be put in. */
  constructor(maxBytes: number) {
    this.#bytes = new Uint8Array(maxBytes);
  }

  begin(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  /** Characters below 256. */
  text(value: string): void {
    for (let i = 0; i < value.length; i++) this.#bytes[this.#length++] = value.charCodeAt(i);
  }

  bytes(from: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) this.#bytes[this.#length++] = from[i]!;
  }

  /** Bytes of `packed`, one for each character, as lower-case hex digits. */
  hexOf(packed: string, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const byte = packed.charCodeAt(i);
      this.#bytes[this.#length++] = HEX[byte >> 4]!;
      this.#bytes[this.#length++] = HEX[byte & 15]!;
    }
  }

  /** MD5 of it, as lower-case hex digits. */
  md5(): string {
    return hashHex('md5', this.#bytes.subarray(0, this.#length));
  }
}
