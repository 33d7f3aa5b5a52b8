const TWO_32 = 2 ** 32;
const initialBytes = 8 * 1024;

/**
 * Writes records of which there are hundreds of thousands as texts of one byte a character: a text takes 16 bytes and what
 * is in it, an object 8 for each of its fields, and as much as the record for each text that it refers to. Numbers have
 * their lowest byte first. One packer writes one record at a time: `begin`, what there is, `finish`.
 */
export class TextPacker {
  #bytes = Buffer.allocUnsafeSlow(initialBytes);
  #at = 0;
  #seen = 0;

  begin(): void {
    this.#at = 0;
    this.#seen = 0;
  }

  /** Some character did not fit into a byte: what `finish` returns is wrong. */
  get isWide(): boolean {
    return this.#seen > 0xff;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  two(value: number): void {
    this.#room(2);
    this.#bytes[this.#at++] = value;
    this.#bytes[this.#at++] = value >> 8;
  }

  four(value: number): void {
    this.two(value & 0xffff);
    this.two(value >>> 16);
  }

  /** A safe integer. */
  seven(value: number): void {
    this.four(value % TWO_32);
    const high = Math.floor(value / TWO_32);
    this.two(high);
    this.byte(high >> 16);
  }

  /** At most 65,535 characters, behind how many they are. */
  text(text: string): void {
    this.two(text.length);
    this.plain(text);
  }

  /** The characters alone. */
  plain(text: string): void {
    const { length } = text;
    this.#room(length);
    const bytes = this.#bytes;
    let at = this.#at;
    let seen = this.#seen;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      seen |= code;
      bytes[at++] = code;
    }
    this.#at = at;
    this.#seen = seen;
  }

  /** Characters of another packed text. */
  part(packed: string, start: number, end: number): void {
    this.#room(end - start);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = start; i < end; i++) bytes[at++] = packed.charCodeAt(i);
    this.#at = at;
  }

  bytes(from: Uint8Array, start: number, end: number): void {
    this.#room(end - start);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = start; i < end; i++) bytes[at++] = from[i]!;
    this.#at = at;
  }

  /** Lower-case hex digits, an even number of them: two in a byte. */
  hex(digits: string): void {
    for (let at = 0; at < digits.length; at += 2) {
      this.byte((nibble(digits.charCodeAt(at)) << 4) | nibble(digits.charCodeAt(at + 1)));
    }
  }

  finish(): string {
    return this.#bytes.toString('latin1', 0, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Reads what a `TextPacker` wrote, in the same order. */
export class TextReader {
  readonly #packed: string;
  #at: number;

  constructor(packed: string, at = 0) {
    this.#packed = packed;
    this.#at = at;
  }

  byte(): number {
    return this.#packed.charCodeAt(this.#at++);
  }

  two(): number {
    this.#at += 2;
    return twoAt(this.#packed, this.#at - 2);
  }

  four(): number {
    this.#at += 4;
    return fourAt(this.#packed, this.#at - 4);
  }

  seven(): number {
    const low = this.four();
    return low + (this.two() + this.byte() * 0x1_0000) * TWO_32;
  }

  text(): string {
    return this.plain(this.two());
  }

  plain(length: number): string {
    this.#at += length;
    return length === 0 ? '' : this.#packed.slice(this.#at - length, this.#at);
  }

  /** `bytes` of them, two digits each. */
  hex(bytes: number): string {
    return Buffer.from(this.plain(bytes), 'latin1').toString('hex');
  }
}

export function twoAt(packed: string, at: number): number {
  return packed.charCodeAt(at) | (packed.charCodeAt(at + 1) << 8);
}

/** Unsigned. */
export function fourAt(packed: string, at: number): number {
  return (twoAt(packed, at) | (twoAt(packed, at + 2) << 16)) >>> 0;
}

const nibble = (code: number): number => (code <= 0x39 ? code - 0x30 : code - 0x57);
