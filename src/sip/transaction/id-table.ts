const EMPTY = -1;
const FIRST_CAPACITY = 1024;

/**
 * Which place of a table an identifier of 64 bits stands for: open addressing over three arrays of integers, so that neither
 * a look-up nor an entry makes an object or hashes a string. Identifiers are hashes themselves: their bits are as good as any.
 */
export class IdTable {
  #highs = new Int32Array(FIRST_CAPACITY);
  #lows = new Int32Array(FIRST_CAPACITY);
  #places = new Int32Array(FIRST_CAPACITY).fill(EMPTY);
  #mask = FIRST_CAPACITY - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** -1: unknown. Only the lower 32 bits of both halves count. */
  get(high: number, low: number): number {
    return this.#places[this.#find(high | 0, low | 0)]!;
  }

  /** `place` ≥ 0. Replaces what was there. */
  set(high: number, low: number, place: number): void {
    if (this.#size * 2 >= this.#mask) this.#grow();
    const at = this.#find(high | 0, low | 0);
    if (this.#places[at] === EMPTY) this.#size++;
    this.#highs[at] = high;
    this.#lows[at] = low;
    this.#places[at] = place;
  }

  delete(high: number, low: number): void {
    let hole = this.#find(high | 0, low | 0);
    if (this.#places[hole] === EMPTY) return;
    this.#size--;
    // Those behind it that would not be found across the hole move into it.
    for (let at = (hole + 1) & this.#mask; this.#places[at] !== EMPTY; at = (at + 1) & this.#mask) {
      const home = this.#lows[at]! & this.#mask;
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#highs[hole] = this.#highs[at]!;
      this.#lows[hole] = this.#lows[at]!;
      this.#places[hole] = this.#places[at]!;
      hole = at;
    }
    this.#places[hole] = EMPTY;
  }

  /** Where it is, or the free entry where it would be. Never more than half of the entries are taken. */
  #find(high: number, low: number): number {
    let at = low & this.#mask;
    while (this.#places[at] !== EMPTY && (this.#lows[at] !== low || this.#highs[at] !== high))
      at = (at + 1) & this.#mask;
    return at;
  }

  #grow(): void {
    const highs = this.#highs;
    const lows = this.#lows;
    const places = this.#places;
    const capacity = places.length * 2;
    this.#highs = new Int32Array(capacity);
    this.#lows = new Int32Array(capacity);
    this.#places = new Int32Array(capacity).fill(EMPTY);
    this.#mask = capacity - 1;
    for (let at = 0; at < places.length; at++) {
      if (places[at] === EMPTY) continue;
      const to = this.#find(highs[at]!, lows[at]!);
      this.#highs[to] = highs[at]!;
      this.#lows[to] = lows[at]!;
      this.#places[to] = places[at]!;
    }
  }
}
