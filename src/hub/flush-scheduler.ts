import type { Clock } from '#io';
import { flushDue, flushIdle, type HubPort } from './port.ts';

/** For so many turns a port counts as fed by several sources after it was last seen to be. */
const sharedTurns = 16;

/**
 * When output goes out. A port fed by one source is flushed at the end of that source's read callback: its frames came
 * in a batch already, and waiting gains nothing. A port that several sources feed in one turn of the loop is flushed
 * once, at the end of the turn. One scheduler serves all hubs of a loop.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  #turn = 0;
  #isArmed = false;
  #atEndOfRead = new PortList();
  #atEndOfTurn = new PortList();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Output of `port` that came from the port with id `source` is to go out. */
  mark(port: HubPort, source: number): void {
    port.flushState = flushDue;
    if (!this.#isArmed) {
      this.#isArmed = true;
      this.#clock.soon(this.#endOfTurn);
    }
    const turn = this.#turn;
    if (port.flushedTurn === turn && port.flushedBy !== source) port.sharedUntilTurn = turn + sharedTurns;
    if (port.sharedUntilTurn >= turn) {
      this.#atEndOfTurn.push(port);
    } else {
      port.flushedTurn = turn;
      port.flushedBy = source;
      this.#atEndOfRead.push(port);
    }
  }

  endOfRead(): void {
    this.#atEndOfRead.flush();
  }

  readonly #endOfTurn = (): void => {
    this.#isArmed = false;
    this.#turn++;
    this.#atEndOfRead.flush();
    this.#atEndOfTurn.flush();
  };
}

/** A list that keeps its storage when it is emptied. */
class PortList {
  readonly #ports: (HubPort | undefined)[] = [];
  #count = 0;

  push(port: HubPort): void {
    this.#ports[this.#count++] = port;
  }

  /** A flush may push further ports: they are flushed too. */
  flush(): void {
    for (let i = 0; i < this.#count; i++) {
      const port = this.#ports[i]!;
      this.#ports[i] = undefined;
      port.flushState = flushIdle;
      if (port.isAttached) port.session.flush();
    }
    this.#count = 0;
  }
}
