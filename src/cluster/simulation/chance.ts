/** Random numbers that a seed repeats exactly (xorshift128, Marsaglia 2003). Not secret. */
export class Chance {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring histories.
    this.#a = Math.imul(seed | 0, 0x9e3779b1) ^ 0x243f6a88;
    this.#b = Math.imul(this.#a, 0x85ebca6b) ^ 0x85a308d3;
    this.#c = Math.imul(this.#b, 0xc2b2ae35) ^ 0x13198a2e;
    this.#d = Math.imul(this.#c, 0x27d4eb2f) ^ 0x03707344;
    for (let turn = 0; turn < 20; turn++) this.share();
  }

  /** In [0, 1). */
  share(): number {
    const t = this.#d ^ (this.#d << 11);
    this.#d = this.#c;
    this.#c = this.#b;
    this.#b = this.#a;
    this.#a = this.#a ^ (this.#a >>> 19) ^ (t ^ (t >>> 8));
    return (this.#a >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.share() * count);
  }

  /** Times between events that happen at random. */
  exponential(mean: number): number {
    return -Math.log(1 - this.share()) * mean;
  }
}
