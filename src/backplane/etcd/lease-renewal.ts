import type { Clock } from '#io';
import { decodeLeaseState, encodeLeaseId } from './codec/lease.ts';
import { methods } from './methods.ts';
import type { EngineClient, EngineWay } from './rpc/engine-client.ts';
import type { RpcStream } from './rpc/link.ts';

interface Renewal {
  readonly sentMs: number;
  readonly renewed: (sentMs: number) => void;
  readonly gone: () => void;
}

/** One stream, and what it owes. */
interface Line {
  /** Of the endpoint. */
  readonly name: string;
  stream: RpcStream | undefined;
  readonly waiting: Map<string, Renewal>;
}

/** An engine that owes an answer on so many streams is asked on another one instead of the oldest. */
const linesPerEndpointMax = 3;

/**
 * Renews all leases over one stream. The engine answers in order, and one lease that it cannot answer for holds up all
 * behind it: a follower passes renewals on to its leader, and waits seven seconds for one that has been cut off, on the
 * stream that asked, also when there is another leader by then. So whoever is late is asked again on a new stream, and all
 * other engines too; the late ones may still be the first to answer. The stream that has answered last is the one in use.
 */
export class LeaseRenewal {
  readonly #client: Pick<EngineClient, 'ways'>;
  readonly #clock: Pick<Clock, 'nowMs'>;
  /** The one in use first. */
  #lines: Line[] = [];
  #isClosed = false;

  constructor(client: Pick<EngineClient, 'ways'>, clock: Pick<Clock, 'nowMs'>) {
    this.#client = client;
    this.#clock = clock;
  }

  /** `renewed` gets the moment at which the answered renewal was sent; `gone`: there is no such lease any more. */
  renew(id: string, patienceMs: number, renewed: (sentMs: number) => void, gone: () => void): void {
    if (this.#isClosed) return;
    const renewal = { sentMs: this.#clock.nowMs(), renewed, gone };
    const waitsSince = (line: Line): number => line.waiting.get(id)?.sentMs ?? Infinity;
    const oldestMs = Math.min(...this.#lines.map(waitsSince));
    const isLate = renewal.sentMs - oldestMs >= patienceMs;
    if (oldestMs < Infinity && !isLate) return;
    if (isLate) for (const way of this.#client.ways()) this.#send(id, this.#open(way), renewal);
    else this.#send(id, this.#lines[0] ?? this.#open(this.#client.ways()[0]!), renewal);
  }

  forget(id: string): void {
    for (const { waiting } of this.#lines) waiting.delete(id);
  }

  close(): void {
    this.#isClosed = true;
    for (const line of [...this.#lines]) this.#drop(line);
  }

  #send(id: string, line: Line, renewal: Renewal): void {
    line.waiting.set(id, renewal);
    line.stream?.send(encodeLeaseId(id));
  }

  #open(way: EngineWay): Line {
    const line: Line = { name: way.name, stream: undefined, waiting: new Map() };
    const [oldest, ...others] = this.#lines.filter(({ name }) => name === way.name);
    if (oldest !== undefined && others.length + 1 >= linesPerEndpointMax) this.#drop(oldest);
    this.#lines.push(line);
    line.stream = way.stream(methods.leaseKeepAlive, {
      message: (message) => this.#answered(line, message),
      ended: () => this.#drop(line),
    });
    return line;
  }

  #answered(line: Line, message: Buffer): void {
    const { id, ttlSeconds } = decodeLeaseState(message);
    const renewal = line.waiting.get(id);
    line.waiting.delete(id);
    if (renewal === undefined) return;
    this.#use(line, id, renewal.sentMs);
    if (ttlSeconds > 0) renewal.renewed(renewal.sentMs);
    else renewal.gone();
  }

  /** What others owe for this lease is no longer waited for, if it was asked no later. */
  #use(line: Line, id: string, sentMs: number): void {
    if (this.#lines.length === 1) return;
    for (const other of this.#lines.filter((each) => each !== line)) {
      const owed = other.waiting.get(id);
      if (owed !== undefined && owed.sentMs <= sentMs) other.waiting.delete(id);
      if (other.waiting.size === 0) this.#drop(other);
    }
    this.#lines = [line, ...this.#lines.filter((each) => each !== line)];
  }

  #drop(line: Line): void {
    this.#lines = this.#lines.filter((each) => each !== line);
    line.waiting.clear();
    line.stream?.cancel();
  }
}
