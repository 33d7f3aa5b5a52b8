/**
 * So much of one socket is read in one turn of the loop. Left alone, the runtime goes on for 2 MiB while a fast sender
 * keeps up: longer than others should wait, and more than the queues hold that all of it goes to.
 */
const TURN_MAX_BYTES = 256 * 1024;

/** A reader that has read its share waits for the next turn. */
export interface BudgetedReader {
  /** For the budget alone. */
  turn: number;
  turnBytes: number;
  /** Its next turn has come. */
  readOn(): void;
}

/** Shares the turns of the loop out among the sockets of it. */
export class TurnBudget {
  #turn = 0;
  #isArmed = false;
  #waiting: BudgetedReader[] = [];

  /** `reader` has read so many bytes. False: it is to stop until it is told to read on. */
  allowsMore(reader: BudgetedReader, bytes: number): boolean {
    if (!this.#isArmed) {
      this.#isArmed = true;
      setImmediate(this.#nextTurn);
    }
    if (reader.turn === this.#turn) {
      // What was decrypted already comes although the socket has stopped.
      if (reader.turnBytes >= TURN_MAX_BYTES) return false;
      reader.turnBytes += bytes;
    } else {
      reader.turn = this.#turn;
      reader.turnBytes = bytes;
    }
    if (reader.turnBytes < TURN_MAX_BYTES) return true;
    this.#waiting.push(reader);
    return false;
  }

  readonly #nextTurn = (): void => {
    this.#isArmed = false;
    this.#turn++;
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const reader of waiting) reader.readOn();
  };
}
