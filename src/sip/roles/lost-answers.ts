import type { FarmWarning } from './resolve-farm.ts';

const spanMs = 60_000;
/** Requests of either kind, before anything is said. */
const enough = 20;
/** Of those that another member has accepted, so many come again; of the others at most so many. */
const suspicious = 0.3;
const usual = 0.05;
/** Requests that are remembered. Beyond it all are forgotten, and one that comes again then counts as new. */
const mostKnown = 20_000;

interface Tally {
  requests: number;
  repeated: number;
}

const shareOf = ({ requests, repeated }: Tally): number => repeated / Math.max(1, requests);
const none = (): Tally => ({ requests: 0, repeated: 0 });

/**
 * The other sign of a load balancer that binds senders, where no answer tells of changed ports: what one member accepts and
 * another one answers comes again and again, as its sender never sees the answer, while what is answered where it came in does
 * not. When all comes again, something else is wrong: no CPU, a lossy network.
 */
export class LostAnswers {
  readonly #nowMs: () => number;
  readonly #found: (warning: FarmWarning) => void;
  #relayed = none();
  #own = none();
  #sinceMs = -Infinity;
  /** Many are answered without a transaction (401), so that is not where to see what has come before. */
  readonly #known = new Set<number>();
  #isTold = false;

  constructor(nowMs: () => number, found: (warning: FarmWarning) => void) {
    this.#nowMs = nowMs;
    this.#found = found;
  }

  /** A request by UDP that this member answers. `isRelayed`: another one has accepted it. `mark`: the same when it comes again. */
  request(isRelayed: boolean, mark: number): void {
    if (this.#isTold) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#sinceMs > spanMs) {
      this.#sinceMs = nowMs;
      this.#relayed = none();
      this.#own = none();
      this.#known.clear();
    }
    const isRepeated = this.#known.has(mark);
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.add(mark);
    const tally = isRelayed ? this.#relayed : this.#own;
    tally.requests++;
    if (isRepeated) tally.repeated++;
    if (isRelayed && isRepeated) this.#judge();
  }

  #judge(): void {
    const [relayed, own] = [this.#relayed, this.#own];
    if (relayed.requests < enough || own.requests < enough) return;
    if (shareOf(relayed) < suspicious || shareOf(own) > usual) return;
    this.#isTold = true;
    this.#known.clear();
    this.#found({
      code: 'answers-lost',
      text: `the load balancer seems to bind senders: of ${relayed.requests} requests that another member has accepted ${relayed.repeated} came again, of ${own.requests} others ${own.repeated}. Answers of another member than the one that accepted the request are lost: turn off session binding for UDP ("hubfarm lb config" says how)`,
    });
  }
}
