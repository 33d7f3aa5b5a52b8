import type { Clock } from '#io';
import { decodeLeaseState, encodeLeaseId } from './codec/lease.ts';
import { methods } from './methods.ts';
import type { EngineClient } from './rpc/engine-client.ts';
import type { RpcStream } from './rpc/link.ts';

interface Renewal {
  readonly sentMs: number;
  readonly renewed: (sentMs: number) => void;
  readonly gone: () => void;
}

/** One endpoint's stream, and what it owes. */
interface Line {
  stream: RpcStream | undefined;
  readonly waiting: Map<string, Renewal>;
}

/** Lines that are late are listened to as long as there are no more of them: one for each engine. */
const lateLinesMax = 2;

/**
 * Renews all leases over one stream. The engine answers in order, and one lease that it cannot answer for holds up all
 * behind it (a follower waits for a leader that is cut off): then a stream is opened at the next endpoint too. The late one
 * may still be the first to answer.
 */
export class LeaseRenewal {
  readonly #client: Pick<EngineClient, 'stream' | 'leaveCurrent'>;
  readonly #clock: Pick<Clock, 'nowMs'>;
  #line: Line | undefined;
  #late: Line[] = [];
  #isClosed = false;

  constructor(client: Pick<EngineClient, 'stream' | 'leaveCurrent'>, clock: Pick<Clock, 'nowMs'>) {
    this.#client = client;
    this.#clock = clock;
  }

  /** `renewed` gets the moment at which the answered renewal was sent; `gone`: there is no such lease any more. */
  renew(id: string, patienceMs: number, renewed: (sentMs: number) => void, gone: () => void): void {
    if (this.#isClosed) return;
    const before = this.#line?.waiting.get(id);
    if (before !== undefined) {
      if (this.#clock.nowMs() - before.sentMs < patienceMs) return;
      this.#startAnew();
    }
    const line = (this.#line ??= this.#open());
    line.waiting.set(id, { sentMs: this.#clock.nowMs(), renewed, gone });
    line.stream?.send(encodeLeaseId(id));
  }

  forget(id: string): void {
    for (const { waiting } of this.#lines()) waiting.delete(id);
  }

  close(): void {
    this.#isClosed = true;
    for (const line of this.#lines()) this.#drop(line);
    this.#line = undefined;
    this.#late = [];
  }

  #lines(): readonly Line[] {
    return this.#line === undefined ? this.#late : [this.#line, ...this.#late];
  }

  #startAnew(): void {
    if (this.#line !== undefined) this.#late.push(this.#line);
    this.#line = undefined;
    const tooLate = this.#late.splice(0, Math.max(0, this.#late.length - lateLinesMax));
    for (const line of tooLate) this.#drop(line);
    this.#client.leaveCurrent();
  }

  #drop({ stream, waiting }: Line): void {
    waiting.clear();
    stream?.cancel();
  }

  #open(): Line {
    const line: Line = { stream: undefined, waiting: new Map() };
    line.stream = this.#client.stream(methods.leaseKeepAlive, {
      message: (message) => {
        const { id, ttlSeconds } = decodeLeaseState(message);
        const renewal = line.waiting.get(id);
        line.waiting.delete(id);
        // What was late has caught up: the one that is in use is enough.
        if (line.waiting.size === 0 && this.#late.includes(line)) this.#forgetLine(line);
        if (renewal === undefined) return;
        if (ttlSeconds > 0) renewal.renewed(renewal.sentMs);
        else renewal.gone();
      },
      ended: () => {
        line.waiting.clear();
        this.#late = this.#late.filter((late) => late !== line);
        if (this.#line === line) this.#line = undefined;
      },
    });
    return line;
  }

  #forgetLine(line: Line): void {
    this.#late = this.#late.filter((late) => late !== line);
    this.#drop(line);
  }
}
