/** Nonces of this boot that are followed at once; older ones count as used up. A power of two. */
const ownNonces = 1 << 20;
const chunkNonces = 1 << 14;
const chunks = ownNonces / chunkNonces;
/**
 * Nonces of other members and boots that are followed at least, and twice as many at most: two generations, of
 * which the older one is forgotten as a whole.
 */
const foreignNonces = 1 << 16;
/** How far behind the largest count a late request may be. */
const windowBits = 16;
const maxCount = 0xffff;

/**
 * Which counts (`nc`) of a nonce have been used: each is good once (RFC 7616 §3.4, `nc`). A slot is the largest count
 * in the upper 16 bits, and which of it and the 15 before it were used in the lower ones. Own nonces have a slot by
 * their counter, made when the first of their neighbours is used: 4 bytes for each, 4 MiB at most.
 */
export class NonceWindow {
  readonly #own: (Uint32Array | undefined)[] = new Array<Uint32Array | undefined>(chunks).fill(undefined);
  /** Which run of `chunkNonces` each chunk is for. */
  readonly #run = new Int32Array(chunks).fill(-1);
  #foreign = new Map<string, number>();
  #foreignBefore = new Map<string, number>();

  /** True = `count` was not used before, and now is. `next`: the counter of the next nonce of this boot. */
  useOwn(sequence: number, next: number, count: number): boolean {
    if (next - sequence > ownNonces - chunkNonces || sequence >= next) return false;
    const run = Math.floor(sequence / chunkNonces);
    const at = run % chunks;
    let chunk = this.#own[at];
    if (chunk === undefined) this.#own[at] = chunk = new Uint32Array(chunkNonces);
    else if (this.#run[at] !== run) chunk.fill(0);
    this.#run[at] = run;
    const slot = sequence % chunkNonces;
    const used = afterUse(chunk[slot]!, count);
    if (used === undefined) return false;
    chunk[slot] = used;
    return true;
  }

  /** What `useOwn` would return; uses nothing. */
  isUnused(sequence: number, next: number, count: number): boolean {
    if (next - sequence > ownNonces - chunkNonces || sequence >= next) return false;
    return afterUse(this.#slot(sequence), count) !== undefined;
  }

  /** A count of it was used. */
  hasOwn(sequence: number): boolean {
    return this.#slot(sequence) !== 0;
  }

  /** 0: no count of it was used. */
  #slot(sequence: number): number {
    const run = Math.floor(sequence / chunkNonces);
    const at = run % chunks;
    return this.#run[at] === run ? (this.#own[at]?.[sequence % chunkNonces] ?? 0) : 0;
  }

  /** What `useForeign` would return; uses nothing. */
  isForeignUnused(nonce: string, count: number): boolean {
    return afterUse(this.#foreign.get(nonce) ?? this.#foreignBefore.get(nonce) ?? 0, count) !== undefined;
  }

  hasForeign(nonce: string): boolean {
    return this.#foreign.has(nonce) || this.#foreignBefore.has(nonce);
  }

  /** As `useOwn`, for a nonce of another member or of this one before it was started again. */
  useForeign(nonce: string, count: number): boolean {
    const before = this.#foreign.get(nonce) ?? this.#foreignBefore.get(nonce);
    const used = afterUse(before ?? 0, count);
    if (used === undefined) return false;
    this.#foreign.set(nonce, used);
    if (this.#foreign.size >= foreignNonces) {
      this.#foreignBefore = this.#foreign;
      this.#foreign = new Map();
    }
    return true;
  }
}

/** The slot after `count` was used; undefined = it was used before, is too late or too large. */
function afterUse(slot: number, count: number): number | undefined {
  if (count < 1 || count > maxCount) return undefined;
  const largest = slot >>> windowBits;
  const bits = slot & maxCount;
  if (count > largest) {
    const shift = count - largest;
    const moved = shift >= windowBits ? 0 : (bits << shift) & maxCount;
    return ((count << windowBits) | moved | 1) >>> 0;
  }
  const behind = largest - count;
  if (behind >= windowBits) return undefined;
  const bit = 1 << behind;
  return (bits & bit) === 0 ? (slot | bit) >>> 0 : undefined;
}
