/** conntrack has 16 bits for a zone; 0 is everybody's. */
const ZONES = 0xffff;

/** Conntrack zones in use; one that was given back comes last again, when what conntrack knew of it is forgotten. */
export class Zones {
  readonly #taken = new Set<number>();
  #next: number;

  /** @param first where to begin: members of one host begin at different places. */
  constructor(first: number) {
    this.#next = first % ZONES;
  }

  /** undefined: all are taken. */
  take(): number | undefined {
    if (this.#taken.size >= ZONES) return undefined;
    do this.#next = (this.#next % ZONES) + 1;
    while (this.#taken.has(this.#next));
    this.#taken.add(this.#next);
    return this.#next;
  }

  giveBack(zone: number): void {
    this.#taken.delete(zone);
  }
}
