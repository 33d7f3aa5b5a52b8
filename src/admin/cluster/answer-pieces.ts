import type { Clock, Random } from '#io';
import { MAX_RESTS, PIECE_CHARACTERS, REST_MAX_AGE_MS } from './limits.ts';

/** What travels of an answer at once: its text, and under which name the rest of it can be had. */
export interface Piece {
  readonly text: string;
  readonly rest?: string;
}

interface Waiting {
  readonly text: string;
  readonly sinceMs: number;
}

/** Cuts long answers into pieces and keeps what has not been fetched yet, for a short while. */
export class AnswerPieces {
  readonly #clock: Clock;
  readonly #random: Random;
  /** In the order of their time. */
  readonly #rests = new Map<string, Waiting>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  first(text: string): Piece {
    this.#forgetOld();
    return this.#cut(text);
  }

  /** undefined: nobody knows that name (any more). */
  next(rest: string): Piece | undefined {
    this.#forgetOld();
    const waiting = this.#rests.get(rest);
    if (waiting === undefined) return undefined;
    this.#rests.delete(rest);
    return this.#cut(waiting.text);
  }

  #cut(text: string): Piece {
    if (text.length <= PIECE_CHARACTERS) return { text };
    const rest = this.#random.bytes(12).toString('hex');
    this.#rests.set(rest, { text: text.slice(PIECE_CHARACTERS), sinceMs: this.#clock.nowMs() });
    return { text: text.slice(0, PIECE_CHARACTERS), rest };
  }

  #forgetOld(): void {
    const oldest = this.#clock.nowMs() - REST_MAX_AGE_MS;
    for (const [name, { sinceMs }] of this.#rests) {
      if (sinceMs >= oldest && this.#rests.size < MAX_RESTS) break;
      this.#rests.delete(name);
    }
  }
}
