/** Ports for media, both inclusive: `10000-19999`. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export const defaultPortRange: PortRange = Object.freeze({ first: 10_000, last: 19_999 });

/** Below are ports that only a privileged process binds, and 0. */
const LOWEST_PORT = 1024;

export interface PortFigures {
  readonly range: PortRange;
  /** Pairs: RTP and RTCP. */
  readonly total: number;
  readonly taken: number;
  /** Refused since there was none left. */
  readonly refused: number;
}

/** `10000-19999` → the range; a text with what is wrong otherwise. */
export function parsePortRange(text: string): PortRange | string {
  const found = /^(\d{1,5})\s*-\s*(\d{1,5})$/.exec(text.trim());
  const first = Number(found?.[1] ?? 0);
  const last = Number(found?.[2] ?? 0);
  if (found === null || first < LOWEST_PORT || last > 65_535) {
    return `${text} is no range of ports: write ${LOWEST_PORT}-65535 or a part of it, 10000-19999`;
  }
  return pairsOf({ first, last }) === 0 ? `${text} has no even port with the odd one that follows` : { first, last };
}

export const portRangeText = ({ first, last }: PortRange): string => `${first}-${last}`;

/** RFC 3550 §11: an even port for RTP, the next one for RTCP. */
export function pairsOf({ first, last }: PortRange): number {
  return Math.max(0, Math.floor((last + 1 - evenFrom(first)) / 2));
}

/** The part of a member that shares its range with others on one machine: `index` of `count`, without overlap. */
export function shareOf(range: PortRange, index: number, count: number): PortRange {
  const pairs = pairsOf(range);
  const from = Math.floor((pairs * index) / count);
  const to = Math.floor((pairs * (index + 1)) / count);
  const first = evenFrom(range.first);
  return { first: first + 2 * from, last: first + 2 * to - 1 };
}

const evenFrom = (port: number): number => port + (port % 2);

/**
 * Pairs of ports. The one that has been free for the longest is taken first, so that late packets of a call that has ended
 * do not reach the next one.
 */
export class PortPool {
  readonly range: PortRange;
  /** Of the free ones, the RTP port; a ring. */
  readonly #free: Uint16Array;
  /** By pair: 1 while it is taken. */
  readonly #taken: Uint8Array;
  readonly #firstPort: number;
  #head = 0;
  #count: number;
  #refused = 0;

  constructor(range: PortRange) {
    this.range = range;
    this.#count = pairsOf(range);
    this.#firstPort = evenFrom(range.first);
    this.#taken = new Uint8Array(this.#count);
    this.#free = Uint16Array.from({ length: this.#count }, (_, index) => this.#firstPort + 2 * index);
  }

  get figures(): PortFigures {
    const total = this.#free.length;
    return { range: this.range, total, taken: total - this.#count, refused: this.#refused };
  }

  get free(): number {
    return this.#count;
  }

  /** The RTP port of a pair, even; undefined: all are taken. */
  take(): number | undefined {
    if (this.#count === 0) {
      this.#refused++;
      return undefined;
    }
    const port = this.#free[this.#head]!;
    this.#head = (this.#head + 1) % this.#free.length;
    this.#count--;
    this.#taken[this.#pairOf(port)] = 1;
    return port;
  }

  /** That very pair, out of its turn. False: it is not of this pool, or taken. */
  claim(port: number): boolean {
    const pair = this.#pairOf(port);
    if (this.#taken[pair] !== 0 || port % 2 !== 0) return false;
    const length = this.#free.length;
    let at = this.#head;
    while (this.#free[at] !== port) at = (at + 1) % length;
    this.#free[at] = this.#free[this.#head]!;
    this.#head = (this.#head + 1) % length;
    this.#count--;
    this.#taken[pair] = 1;
    return true;
  }

  /** What `take` gave, or `claim` got; harmless when repeated. */
  give(port: number): void {
    const pair = this.#pairOf(port);
    if (this.#taken[pair] !== 1) return;
    this.#taken[pair] = 0;
    this.#free[(this.#head + this.#count) % this.#free.length] = port;
    this.#count++;
  }

  /** Either port of a pair that is taken. */
  isTaken(port: number): boolean {
    return this.#taken[this.#pairOf(port)] === 1;
  }

  #pairOf(port: number): number {
    return (port - this.#firstPort) >> 1;
  }
}
