import { wordAt } from '../message/byte-ranges.ts';

/**
 * 64 bits of text and numbers, quickly: two lanes of multiplications (as in MurmurHash3), begun from a key so that strangers
 * cannot look for collisions at leisure. It names things; it proves nothing (that is `ShortMac`'s work), and whoever names
 * things by it looks whether the name is taken. Calls go `begin().text(…).number(…).finish()`, one at a time.
 */
export class WideHash {
  readonly #highKey: number;
  readonly #lowKey: number;
  #high = 0;
  #low = 0;

  /** 32 bits each. */
  constructor(highKey: number, lowKey: number) {
    this.#highKey = highKey | 0;
    this.#lowKey = lowKey | 0;
  }

  /** Of the latest `finish`, signed: such numbers are no objects. */
  get high(): number {
    return this.#high;
  }

  get low(): number {
    return this.#low;
  }

  begin(): this {
    this.#high = this.#highKey;
    this.#low = this.#lowKey;
    return this;
  }

  number(value: number): this {
    const high = Math.imul(this.#high ^ Math.imul(value, 0xcc9e_2d51), 0x85eb_ca6b);
    const low = Math.imul(this.#low ^ value, 0x9e37_79b1) + high;
    this.#high = (high << 13) | (high >>> 19);
    this.#low = (low << 17) | (low >>> 15);
    return this;
  }

  /** The length goes in, too, so that ("ab", "c") and ("a", "bc") differ. Characters of Latin-1. */
  text(value: string): this {
    const { length } = value;
    this.number(length);
    let high = this.#high;
    let low = this.#low;
    for (let at = 0; at < length; at += 4) {
      let word = value.charCodeAt(at);
      if (at + 1 < length) word ^= value.charCodeAt(at + 1) << 8;
      if (at + 2 < length) word ^= value.charCodeAt(at + 2) << 16;
      if (at + 3 < length) word ^= value.charCodeAt(at + 3) << 24;
      high = Math.imul(high ^ Math.imul(word, 0xcc9e_2d51), 0x85eb_ca6b);
      low = (Math.imul(low ^ word, 0x9e37_79b1) + high) | 0;
      high = (high << 13) | (high >>> 19);
      low = (low << 17) | (low >>> 15);
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  /** The same as `text` of these bytes as Latin-1. */
  bytes(from: Uint8Array, start: number, end: number): this {
    this.number(end - start);
    for (let at = start; at < end; at += 4) this.number(wordAt(from, at, end));
    return this;
  }

  finish(): this {
    const low = mixed(this.#low ^ this.#high);
    this.#high = mixed((this.#high + low) | 0);
    this.#low = low;
    return this;
  }
}

/** Every bit of the input changes half of those of the output. */
export function mixed(value: number): number {
  let mix = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2_ae35);
  return mix ^ (mix >>> 16);
}
