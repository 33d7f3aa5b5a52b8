/** How many frames may overtake one. */
export const REPLAY_WINDOW = 4096;
const WORD_BITS = 32;
const WORDS = REPLAY_WINDOW / WORD_BITS;

/** Which frames of one sender have come: each counts once, those that are far behind the newest not at all. */
export class ReplayWindow {
  readonly #seen = new Int32Array(WORDS);
  #newest = 0;

  /** `sequence` ≥ 1. False: it came before, or may have. */
  accept(sequence: number): boolean {
    if (sequence <= this.#newest - REPLAY_WINDOW || sequence < 1) return false;
    if (sequence > this.#newest) this.#advance(sequence);
    const word = Math.floor(sequence / WORD_BITS) % WORDS;
    const bit = 1 << (sequence % WORD_BITS);
    if ((this.#seen[word]! & bit) !== 0) return false;
    this.#seen[word]! |= bit;
    return true;
  }

  #advance(sequence: number): void {
    if (sequence - this.#newest >= REPLAY_WINDOW) this.#seen.fill(0);
    else {
      for (let next = this.#newest + 1; next <= sequence; next++) {
        this.#seen[Math.floor(next / WORD_BITS) % WORDS]! &= ~(1 << (next % WORD_BITS));
      }
    }
    this.#newest = sequence;
  }
}
