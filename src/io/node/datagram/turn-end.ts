interface Flushable {
  flush(): void;
}

/**
 * The sockets of a loop that have something to send. They are flushed when the datagrams of this wake-up have been dealt
 * with; outside of such a turn (a timer, an answer of the disk) in the check phase of the loop.
 */
export class TurnEnd {
  #waiting: Flushable[] = [];
  #isInTurn = false;
  #isDue = false;

  add(socket: Flushable): void {
    this.#waiting.push(socket);
    if (this.#isInTurn || this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#flush();
    });
  }

  begin(): void {
    this.#isInTurn = true;
  }

  end(): void {
    this.#isInTurn = false;
    this.#flush();
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const socket of waiting) socket.flush();
  }
}
