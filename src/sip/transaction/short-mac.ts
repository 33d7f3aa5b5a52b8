/**
 * HalfSipHash-2-4 (Aumasson and Bernstein), 32 bits: a keyed hash for what stands in every message (branches, flow tokens)
 * and is checked for every message. It keeps strangers from naming our transactions and flows by guessing; nothing that
 * must hold for longer than a call rests on it.
 */
export class ShortMac {
  readonly #k0: number;
  readonly #k1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;
  #words = 0;

  /** `key`: 8 bytes or more; the first 8 count. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    this.#k0 = view.getInt32(0, true);
    this.#k1 = view.getInt32(4, true);
  }

  /** Starts anew. Calls go `begin().text(…).number(…).finish()`; one at a time. */
  begin(): this {
    this.#v0 = this.#k0;
    this.#v1 = this.#k1;
    this.#v2 = 0x6c796765 ^ this.#k0;
    this.#v3 = 0x74656462 ^ this.#k1;
    this.#words = 0;
    return this;
  }

  number(value: number): this {
    this.#word(value | 0);
    return this;
  }

  /** The length goes in, too, so that ("ab", "c") and ("a", "bc") differ. */
  text(value: string): this {
    const length = value.length;
    this.#word(length);
    let at = 0;
    for (; at + 1 < length; at += 2) this.#word(value.charCodeAt(at) | (value.charCodeAt(at + 1) << 16));
    if (at < length) this.#word(value.charCodeAt(at));
    return this;
  }

  /** 32 bits, unsigned. */
  finish(): number {
    this.#word((this.#words << 24) | 0);
    this.#v2 ^= 0xff;
    for (let round = 0; round < 4; round++) this.#round();
    return (this.#v1 ^ this.#v3) >>> 0;
  }

  /** The same as eight hex digits. */
  finishHex(): string {
    return hex8(this.finish());
  }

  #word(word: number): void {
    this.#words++;
    this.#v3 ^= word;
    this.#round();
    this.#round();
    this.#v0 ^= word;
  }

  #round(): void {
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3;
    v0 = (v0 + v1) | 0;
    v1 = (v1 << 5) | (v1 >>> 27);
    v1 ^= v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = (v3 << 8) | (v3 >>> 24);
    v3 ^= v2;
    v0 = (v0 + v3) | 0;
    v3 = (v3 << 7) | (v3 >>> 25);
    v3 ^= v0;
    v2 = (v2 + v1) | 0;
    v1 = (v1 << 13) | (v1 >>> 19);
    v1 ^= v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}

const HEX = Array.from({ length: 65536 }, (_, value) => value.toString(16).padStart(4, '0'));

/** Eight hex digits of 32 bits. */
export function hex8(value: number): string {
  return HEX[(value >>> 16) & 0xffff]! + HEX[value & 0xffff]!;
}
