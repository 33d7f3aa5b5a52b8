/**
 * Things to do at a tick, as numbers: lists that share one growing memory, so that millions of them cost neither objects
 * nor sorting. What is due at one tick comes in the reverse order of its entry.
 */
export class Agenda {
  readonly #heads = new Map<number, number>();
  #next = new Int32Array(1_024);
  #what = new Int32Array(1_024);
  #used = 0;
  #free = -1;

  /** Entries that wait. */
  size = 0;

  add(tick: number, what: number): void {
    let entry = this.#free;
    if (entry >= 0) this.#free = this.#next[entry]!;
    else {
      if (this.#used === this.#what.length) this.#grow();
      entry = this.#used++;
    }
    this.#what[entry] = what;
    this.#next[entry] = this.#heads.get(tick) ?? -1;
    this.#heads.set(tick, entry);
    this.size++;
  }

  /** Takes out what is due at this tick. */
  take(tick: number, done: (what: number) => void): void {
    let entry = this.#heads.get(tick);
    if (entry === undefined) return;
    this.#heads.delete(tick);
    while (entry >= 0) {
      const next: number = this.#next[entry]!;
      const what = this.#what[entry]!;
      this.#next[entry] = this.#free;
      this.#free = entry;
      this.size--;
      done(what);
      entry = next;
    }
  }

  #grow(): void {
    this.#next = doubled(this.#next);
    this.#what = doubled(this.#what);
  }
}

export function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
