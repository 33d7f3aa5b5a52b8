/** Callbacks of writes that are done: called soon, but never before whoever writes has returned. */
export class DoneQueue {
  #waiting: (() => void)[] = [];
  #spare: (() => void)[] = [];
  #isDue = false;
  #isInTurn = false;

  /** A turn has begun, at the end of which they are called. */
  beginTurn(): void {
    this.#isInTurn = true;
  }

  endTurn(): void {
    this.#isInTurn = false;
    this.run();
  }

  add(done: (() => void) | undefined): void {
    if (done === undefined) return;
    this.#waiting.push(done);
    if (this.#isDue || this.#isInTurn) return;
    this.#isDue = true;
    process.nextTick(this.#tick);
  }

  /** Not to be called within somebody's write. */
  run(): void {
    while (this.#waiting.length > 0) {
      const dones = this.#waiting;
      this.#waiting = this.#spare;
      for (const done of dones) call(done);
      dones.length = 0;
      this.#spare = dones;
    }
  }

  readonly #tick = (): void => {
    this.#isDue = false;
    this.run();
  };
}

/** What one throws must not keep the others from being called. */
function call(done: () => void): void {
  try {
    done();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}
