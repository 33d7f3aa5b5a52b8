const BLOCK = 64;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

/**
 * MD5 (RFC 1321) of what digest authentication hashes: some hundred bytes, put together piece by piece. For so little the
 * runtime's own takes four times as long, most of it on the way to it and back. The result is in `a`, `b`, `c`, `d`.
 */
export class ShortMd5 {
  readonly #input: Uint8Array;
  readonly #words = new Int32Array(BLOCK / 4);
  #length = 0;
  a = 0;
  b = 0;
  c = 0;
  d = 0;

  /** More than `maxBytes` must not be put in. */
  constructor(maxBytes: number) {
    this.#input = new Uint8Array(maxBytes + BLOCK + 8);
  }

  begin(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#input[this.#length++] = value;
  }

  /** Characters below 256. */
  text(value: string): void {
    const input = this.#input;
    let at = this.#length;
    for (let i = 0; i < value.length; i++) input[at++] = value.charCodeAt(i);
    this.#length = at;
  }

  bytes(from: Uint8Array, start: number, end: number): void {
    const input = this.#input;
    let at = this.#length;
    for (let i = start; i < end; i++) input[at++] = from[i]!;
    this.#length = at;
  }

  /** Bytes of `packed`, one for each character, as lower-case hex digits. */
  hexOf(packed: string, start: number, end: number): void {
    const input = this.#input;
    let at = this.#length;
    for (let i = start; i < end; i++) {
      const byte = packed.charCodeAt(i);
      input[at++] = HEX[byte >> 4]!;
      input[at++] = HEX[byte & 15]!;
    }
    this.#length = at;
  }

  /** The result of before, as lower-case hex digits. */
  hexOfResult(a: number, b: number, c: number, d: number): void {
    this.#hexOfWord(a);
    this.#hexOfWord(b);
    this.#hexOfWord(c);
    this.#hexOfWord(d);
  }

  #hexOfWord(word: number): void {
    const input = this.#input;
    for (let shift = 0; shift < 32; shift += 8) {
      const byte = (word >>> shift) & 0xff;
      input[this.#length++] = HEX[byte >> 4]!;
      input[this.#length++] = HEX[byte & 15]!;
    }
  }

  finish(): void {
    const input = this.#input;
    const length = this.#length;
    const blocks = (length + 8 + BLOCK) >> 6;
    const end = blocks * BLOCK;
    input[length] = 0x80;
    for (let at = length + 1; at < end; at++) input[at] = 0;
    const bits = length * 8;
    input[end - 8] = bits;
    input[end - 7] = bits >> 8;
    input[end - 6] = bits >> 16;
    this.a = 0x67452301;
    this.b = 0xefcdab89 | 0;
    this.c = 0x98badcfe | 0;
    this.d = 0x10325476;
    for (let start = 0; start < end; start += BLOCK) this.#block(start);
  }

  /** RFC 1321 §3.4, written out: in loops over tables it takes three times as long. */
  #block(start: number): void {
    const words = this.#words;
    const input = this.#input;
    for (let i = 0, at = start; i < 16; i++, at += 4) {
      words[i] = input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24);
    }
    let { a, b, c, d } = this;
    a = (a + (d ^ (b & (c ^ d))) + words[0]! - 0x28955b88) | 0;
    a = (((a << 7) | (a >>> 25)) + b) | 0;
    d = (d + (c ^ (a & (b ^ c))) + words[1]! - 0x173848aa) | 0;
    d = (((d << 12) | (d >>> 20)) + a) | 0;
    c = (c + (b ^ (d & (a ^ b))) + words[2]! + 0x242070db) | 0;
    c = (((c << 17) | (c >>> 15)) + d) | 0;
    b = (b + (a ^ (c & (d ^ a))) + words[3]! - 0x3e423112) | 0;
    b = (((b << 22) | (b >>> 10)) + c) | 0;
    a = (a + (d ^ (b & (c ^ d))) + words[4]! - 0xa83f051) | 0;
    a = (((a << 7) | (a >>> 25)) + b) | 0;
    d = (d + (c ^ (a & (b ^ c))) + words[5]! + 0x4787c62a) | 0;
    d = (((d << 12) | (d >>> 20)) + a) | 0;
    c = (c + (b ^ (d & (a ^ b))) + words[6]! - 0x57cfb9ed) | 0;
    c = (((c << 17) | (c >>> 15)) + d) | 0;
    b = (b + (a ^ (c & (d ^ a))) + words[7]! - 0x2b96aff) | 0;
    b = (((b << 22) | (b >>> 10)) + c) | 0;
    a = (a + (d ^ (b & (c ^ d))) + words[8]! + 0x698098d8) | 0;
    a = (((a << 7) | (a >>> 25)) + b) | 0;
    d = (d + (c ^ (a & (b ^ c))) + words[9]! - 0x74bb0851) | 0;
    d = (((d << 12) | (d >>> 20)) + a) | 0;
    c = (c + (b ^ (d & (a ^ b))) + words[10]! - 0xa44f) | 0;
    c = (((c << 17) | (c >>> 15)) + d) | 0;
    b = (b + (a ^ (c & (d ^ a))) + words[11]! - 0x76a32842) | 0;
    b = (((b << 22) | (b >>> 10)) + c) | 0;
    a = (a + (d ^ (b & (c ^ d))) + words[12]! + 0x6b901122) | 0;
    a = (((a << 7) | (a >>> 25)) + b) | 0;
    d = (d + (c ^ (a & (b ^ c))) + words[13]! - 0x2678e6d) | 0;
    d = (((d << 12) | (d >>> 20)) + a) | 0;
    c = (c + (b ^ (d & (a ^ b))) + words[14]! - 0x5986bc72) | 0;
    c = (((c << 17) | (c >>> 15)) + d) | 0;
    b = (b + (a ^ (c & (d ^ a))) + words[15]! + 0x49b40821) | 0;
    b = (((b << 22) | (b >>> 10)) + c) | 0;
    a = (a + (c ^ (d & (b ^ c))) + words[1]! - 0x9e1da9e) | 0;
    a = (((a << 5) | (a >>> 27)) + b) | 0;
    d = (d + (b ^ (c & (a ^ b))) + words[6]! - 0x3fbf4cc0) | 0;
    d = (((d << 9) | (d >>> 23)) + a) | 0;
    c = (c + (a ^ (b & (d ^ a))) + words[11]! + 0x265e5a51) | 0;
    c = (((c << 14) | (c >>> 18)) + d) | 0;
    b = (b + (d ^ (a & (c ^ d))) + words[0]! - 0x16493856) | 0;
    b = (((b << 20) | (b >>> 12)) + c) | 0;
    a = (a + (c ^ (d & (b ^ c))) + words[5]! - 0x29d0efa3) | 0;
    a = (((a << 5) | (a >>> 27)) + b) | 0;
    d = (d + (b ^ (c & (a ^ b))) + words[10]! + 0x2441453) | 0;
    d = (((d << 9) | (d >>> 23)) + a) | 0;
    c = (c + (a ^ (b & (d ^ a))) + words[15]! - 0x275e197f) | 0;
    c = (((c << 14) | (c >>> 18)) + d) | 0;
    b = (b + (d ^ (a & (c ^ d))) + words[4]! - 0x182c0438) | 0;
    b = (((b << 20) | (b >>> 12)) + c) | 0;
    a = (a + (c ^ (d & (b ^ c))) + words[9]! + 0x21e1cde6) | 0;
    a = (((a << 5) | (a >>> 27)) + b) | 0;
    d = (d + (b ^ (c & (a ^ b))) + words[14]! - 0x3cc8f82a) | 0;
    d = (((d << 9) | (d >>> 23)) + a) | 0;
    c = (c + (a ^ (b & (d ^ a))) + words[3]! - 0xb2af279) | 0;
    c = (((c << 14) | (c >>> 18)) + d) | 0;
    b = (b + (d ^ (a & (c ^ d))) + words[8]! + 0x455a14ed) | 0;
    b = (((b << 20) | (b >>> 12)) + c) | 0;
    a = (a + (c ^ (d & (b ^ c))) + words[13]! - 0x561c16fb) | 0;
    a = (((a << 5) | (a >>> 27)) + b) | 0;
    d = (d + (b ^ (c & (a ^ b))) + words[2]! - 0x3105c08) | 0;
    d = (((d << 9) | (d >>> 23)) + a) | 0;
    c = (c + (a ^ (b & (d ^ a))) + words[7]! + 0x676f02d9) | 0;
    c = (((c << 14) | (c >>> 18)) + d) | 0;
    b = (b + (d ^ (a & (c ^ d))) + words[12]! - 0x72d5b376) | 0;
    b = (((b << 20) | (b >>> 12)) + c) | 0;
    a = (a + (b ^ c ^ d) + words[5]! - 0x5c6be) | 0;
    a = (((a << 4) | (a >>> 28)) + b) | 0;
    d = (d + (a ^ b ^ c) + words[8]! - 0x788e097f) | 0;
    d = (((d << 11) | (d >>> 21)) + a) | 0;
    c = (c + (d ^ a ^ b) + words[11]! + 0x6d9d6122) | 0;
    c = (((c << 16) | (c >>> 16)) + d) | 0;
    b = (b + (c ^ d ^ a) + words[14]! - 0x21ac7f4) | 0;
    b = (((b << 23) | (b >>> 9)) + c) | 0;
    a = (a + (b ^ c ^ d) + words[1]! - 0x5b4115bc) | 0;
    a = (((a << 4) | (a >>> 28)) + b) | 0;
    d = (d + (a ^ b ^ c) + words[4]! + 0x4bdecfa9) | 0;
    d = (((d << 11) | (d >>> 21)) + a) | 0;
    c = (c + (d ^ a ^ b) + words[7]! - 0x944b4a0) | 0;
    c = (((c << 16) | (c >>> 16)) + d) | 0;
    b = (b + (c ^ d ^ a) + words[10]! - 0x41404390) | 0;
    b = (((b << 23) | (b >>> 9)) + c) | 0;
    a = (a + (b ^ c ^ d) + words[13]! + 0x289b7ec6) | 0;
    a = (((a << 4) | (a >>> 28)) + b) | 0;
    d = (d + (a ^ b ^ c) + words[0]! - 0x155ed806) | 0;
    d = (((d << 11) | (d >>> 21)) + a) | 0;
    c = (c + (d ^ a ^ b) + words[3]! - 0x2b10cf7b) | 0;
    c = (((c << 16) | (c >>> 16)) + d) | 0;
    b = (b + (c ^ d ^ a) + words[6]! + 0x4881d05) | 0;
    b = (((b << 23) | (b >>> 9)) + c) | 0;
    a = (a + (b ^ c ^ d) + words[9]! - 0x262b2fc7) | 0;
    a = (((a << 4) | (a >>> 28)) + b) | 0;
    d = (d + (a ^ b ^ c) + words[12]! - 0x1924661b) | 0;
    d = (((d << 11) | (d >>> 21)) + a) | 0;
    c = (c + (d ^ a ^ b) + words[15]! + 0x1fa27cf8) | 0;
    c = (((c << 16) | (c >>> 16)) + d) | 0;
    b = (b + (c ^ d ^ a) + words[2]! - 0x3b53a99b) | 0;
    b = (((b << 23) | (b >>> 9)) + c) | 0;
    a = (a + (c ^ (b | ~d)) + words[0]! - 0xbd6ddbc) | 0;
    a = (((a << 6) | (a >>> 26)) + b) | 0;
    d = (d + (b ^ (a | ~c)) + words[7]! + 0x432aff97) | 0;
    d = (((d << 10) | (d >>> 22)) + a) | 0;
    c = (c + (a ^ (d | ~b)) + words[14]! - 0x546bdc59) | 0;
    c = (((c << 15) | (c >>> 17)) + d) | 0;
    b = (b + (d ^ (c | ~a)) + words[5]! - 0x36c5fc7) | 0;
    b = (((b << 21) | (b >>> 11)) + c) | 0;
    a = (a + (c ^ (b | ~d)) + words[12]! + 0x655b59c3) | 0;
    a = (((a << 6) | (a >>> 26)) + b) | 0;
    d = (d + (b ^ (a | ~c)) + words[3]! - 0x70f3336e) | 0;
    d = (((d << 10) | (d >>> 22)) + a) | 0;
    c = (c + (a ^ (d | ~b)) + words[10]! - 0x100b83) | 0;
    c = (((c << 15) | (c >>> 17)) + d) | 0;
    b = (b + (d ^ (c | ~a)) + words[1]! - 0x7a7ba22f) | 0;
    b = (((b << 21) | (b >>> 11)) + c) | 0;
    a = (a + (c ^ (b | ~d)) + words[8]! + 0x6fa87e4f) | 0;
    a = (((a << 6) | (a >>> 26)) + b) | 0;
    d = (d + (b ^ (a | ~c)) + words[15]! - 0x1d31920) | 0;
    d = (((d << 10) | (d >>> 22)) + a) | 0;
    c = (c + (a ^ (d | ~b)) + words[6]! - 0x5cfebcec) | 0;
    c = (((c << 15) | (c >>> 17)) + d) | 0;
    b = (b + (d ^ (c | ~a)) + words[13]! + 0x4e0811a1) | 0;
    b = (((b << 21) | (b >>> 11)) + c) | 0;
    a = (a + (c ^ (b | ~d)) + words[4]! - 0x8ac817e) | 0;
    a = (((a << 6) | (a >>> 26)) + b) | 0;
    d = (d + (b ^ (a | ~c)) + words[11]! - 0x42c50dcb) | 0;
    d = (((d << 10) | (d >>> 22)) + a) | 0;
    c = (c + (a ^ (d | ~b)) + words[2]! + 0x2ad7d2bb) | 0;
    c = (((c << 15) | (c >>> 17)) + d) | 0;
    b = (b + (d ^ (c | ~a)) + words[9]! - 0x14792c6f) | 0;
    b = (((b << 21) | (b >>> 11)) + c) | 0;
    this.a = (this.a + a) | 0;
    this.b = (this.b + b) | 0;
    this.c = (this.c + c) | 0;
    this.d = (this.d + d) | 0;
  }
}
