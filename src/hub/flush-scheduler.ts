import type { Clock } from '#io';
import { flushAtEndOfRead, flushAtEndOfTurn, flushIdle, type FlushState, type HubPort } from './port.ts';

/** For so many turns a port counts as fed by several sources after it was last seen to be. */
const sharedTurns = 16;

/**
 * When output goes out. A port fed by one source is flushed at the end of that source's read callback: its frames came
 * in a batch already, and waiting gains nothing. A port that several sources feed in one turn of the loop is flushed
 * once, at the end of the turn, or as soon as a large block is full. One scheduler serves all hubs of a loop.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  #atEndOfRead = new PortList();
  #atEndOfTurn = new PortList();
  /** The list whose ports are being flushed is replaced by this one. */
  #spare = new PortList();
  #isFlushing = false;
  #turn = 0;
  #isArmed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Output of `port` that came from the port with id `source` is to go out. */
  mark(port: HubPort, source: number): void {
    if (!this.#isArmed) {
      this.#isArmed = true;
      this.#clock.soon(this.#endOfTurn);
    }
    const turn = this.#turn;
    if (port.flushedTurn === turn && port.flushedBy !== source) port.sharedUntilTurn = turn + sharedTurns;
    if (port.sharedUntilTurn < turn || port.output.hasFullBlock) {
      port.flushState = flushAtEndOfRead;
      port.flushedTurn = turn;
      port.flushedBy = source;
      this.#atEndOfRead.push(port);
      return;
    }
    port.flushState = flushAtEndOfTurn;
    if (port.isInTurnList) return;
    port.isInTurnList = true;
    this.#atEndOfTurn.push(port);
  }

  /**
   * What flushing itself feeds waits for the end of the turn, so that frames cannot go round in circles here. `hasMore`:
   * another read follows, and ports without a full block wait for it, until the end of the turn at most.
   */
  endOfRead(hasMore = false): void {
    if (this.#isFlushing || (hasMore && !this.#atEndOfRead.hasFullBlock())) return;
    const ports = this.#atEndOfRead;
    this.#atEndOfRead = this.#spare;
    this.#flush(ports, flushAtEndOfRead);
  }

  readonly #endOfTurn = (): void => {
    this.#isArmed = false;
    this.#turn++;
    this.endOfRead();
    const ports = this.#atEndOfTurn;
    this.#atEndOfTurn = this.#spare;
    this.#flush(ports, flushAtEndOfTurn);
  };

  #flush(ports: PortList, state: FlushState): void {
    this.#isFlushing = true;
    let failed: HubPort | undefined;
    let failure: unknown;
    for (let i = 0; i < ports.count; i++) {
      const port = ports.take(i);
      if (state === flushAtEndOfTurn) port.isInTurnList = false;
      // A port may have been flushed since for another reason.
      if (port.flushState !== state) continue;
      port.flushState = flushIdle;
      if (!port.isAttached) continue;
      try {
        port.session.flush();
      } catch (error) {
        // The other sessions must get theirs before this ends whoever called.
        failed = port;
        failure = error;
      }
    }
    ports.count = 0;
    this.#spare = ports;
    this.#isFlushing = false;
    if (failed !== undefined) throw new Error(`session ${failed.session.name} failed to flush`, { cause: failure });
  }
}

/** A list that keeps its storage when it is emptied. */
class PortList {
  readonly #ports: (HubPort | undefined)[] = [];
  count = 0;

  push(port: HubPort): void {
    this.#ports[this.count++] = port;
  }

  hasFullBlock(): boolean {
    for (let i = 0; i < this.count; i++) if (this.#ports[i]!.output.hasFullBlock) return true;
    return false;
  }

  take(index: number): HubPort {
    const port = this.#ports[index]!;
    this.#ports[index] = undefined;
    return port;
  }
}
