import { wordAt } from '../message/byte-ranges.ts';
import { hex8 } from '../message/hex8.ts';

/** What ends the rounds of HalfSipHash. */
const FINAL = 0xff;
/** What begins those for a second half. */
const MORE = 0xdd;
const V2 = 0x6c796765;
const V3 = 0x74656462;

/**
 * HalfSipHash-2-4 (Aumasson and Bernstein), 32 bits: a keyed hash for what stands in every message (branches, flow tokens)
 * and is checked for every message. It keeps strangers from naming our transactions and flows by guessing; nothing that
 * must hold for longer than a call rests on it. Calls go `begin().text(…).number(…).finish()`, one at a time.
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

  begin(): this {
    this.#v0 = this.#k0;
    this.#v1 = this.#k1;
    this.#v2 = V2 ^ this.#k0;
    this.#v3 = V3 ^ this.#k1;
    this.#words = 0;
    return this;
  }

  number(value: number): this {
    this.#words++;
    this.#rounds(value | 0, 2);
    return this;
  }

  /** The length goes in, too, so that ("ab", "c") and ("a", "bc") differ. */
  text(value: string): this {
    const length = value.length;
    this.number(length);
    // Four bytes of Latin-1 a word; the state is in variables of this function, since this is most of the work.
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3;
    for (let at = 0; at < length; at += 4) {
      let word = value.charCodeAt(at);
      if (at + 1 < length) word ^= value.charCodeAt(at + 1) << 8;
      if (at + 2 < length) word ^= value.charCodeAt(at + 2) << 16;
      if (at + 3 < length) word ^= value.charCodeAt(at + 3) << 24;
      v3 ^= word;
      for (let round = 0; round < 2; round++) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
      this.#words++;
    }
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
    return this;
  }

  /** The same as `text` of these bytes as Latin-1. */
  bytes(from: Uint8Array, start: number, end: number): this {
    this.number(end - start);
    for (let at = start; at < end; at += 4) this.number(wordAt(from, at, end));
    return this;
  }

  /** 32 bits, unsigned. */
  finish(): number {
    this.#rounds((this.#words << 26) | 0, 2);
    this.#v2 ^= FINAL;
    this.#rounds(0, 4);
    return (this.#v1 ^ this.#v3) >>> 0;
  }

  /** After `finish`: 32 bits more over the same, unsigned. */
  finishMore(): number {
    this.#v1 ^= MORE;
    this.#rounds(0, 4);
    return (this.#v1 ^ this.#v3) >>> 0;
  }

  /** The same as eight hex digits. */
  finishHex(): string {
    return hex8(this.finish());
  }

  #rounds(word: number, count: number): void {
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3 ^ word;
    for (let round = 0; round < count; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    this.#v0 = v0 ^ word;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}
