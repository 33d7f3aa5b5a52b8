import { forgetOldest, type Logger } from '#base';
import { maxReportRows, type CountedOwner, type StatisticsReport } from './statistics-report.ts';
import {
  addStatistics,
  isNothing,
  noStatistics,
  statisticsKeyOf,
  type Statistics,
  type StatisticsKeeper,
  type StatisticsOwner,
} from './statistics.ts';

/** Hubs and users whose counts a member remembers for its own administrator; beyond it the longest unchanged go. */
const maxRemembered = 200_000;
/** Hubs and users whose counts wait for a controller; beyond it further ones are not counted, which is logged. */
const maxWaiting = 200_000;

export interface MemberStatisticsOptions {
  /** Resolves when the report is durable; after a rejection the very same report is sent again. */
  readonly send: (report: StatisticsReport) => Promise<void>;
  readonly logger: Logger;
}

/**
 * What a member of a cluster counts. The sums are the controller's: it gets the differences, in numbered reports, one
 * after the other. `of` tells what this member alone has counted since its start.
 */
export class MemberStatistics implements StatisticsKeeper {
  readonly #options: MemberStatisticsOptions;
  readonly #here = new Map<string, Statistics>();
  readonly #waiting = new Map<string, CountedOwner>();
  /** Sent, and not known to have arrived. */
  #report: StatisticsReport | undefined;
  #sequence = 0;
  #sending: Promise<boolean> = Promise.resolve(true);
  #uncounted = 0;
  #isBehind = false;

  constructor(options: MemberStatisticsOptions) {
    this.#options = options;
  }

  of(owner: StatisticsOwner): Statistics {
    return this.#here.get(statisticsKeyOf(owner)) ?? noStatistics;
  }

  add(owner: StatisticsOwner, delta: Statistics): void {
    if (isNothing(delta)) return;
    const key = statisticsKeyOf(owner);
    const here = addStatistics(this.#here.get(key) ?? noStatistics, delta);
    this.#here.delete(key);
    this.#here.set(key, here);
    if (this.#here.size > maxRemembered) forgetOldest(this.#here);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined && this.#waiting.size >= maxWaiting) {
      if (this.#uncounted++ === 0) this.#options.logger.error({ maxWaiting }, 'statistics are not counted any more');
      return;
    }
    this.#waiting.set(key, { owner, delta: addStatistics(waiting?.delta ?? noStatistics, delta) });
  }

  forget(owner: StatisticsOwner): void {
    const key = statisticsKeyOf(owner);
    this.#here.delete(key);
    this.#waiting.delete(key);
  }

  flush(): Promise<boolean> {
    this.#sending = this.#sending.then(() => this.#sendAll());
    return this.#sending;
  }

  close(): void {
    this.#waiting.clear();
  }

  async #sendAll(): Promise<boolean> {
    const { send, logger } = this.#options;
    while ((this.#report ??= this.#nextReport()) !== undefined) {
      try {
        await send(this.#report);
      } catch (error) {
        if (!this.#isBehind) logger.warn({ err: error }, 'the controller does not take statistics; they are kept here');
        this.#isBehind = true;
        return false;
      }
      this.#report = undefined;
      if (this.#isBehind) logger.info({}, 'the controller takes statistics again');
      this.#isBehind = false;
    }
    return true;
  }

  #nextReport(): StatisticsReport | undefined {
    const rows: CountedOwner[] = [];
    for (const [key, row] of this.#waiting) {
      if (rows.length === maxReportRows) break;
      rows.push(row);
      this.#waiting.delete(key);
    }
    return rows.length === 0 ? undefined : { sequence: ++this.#sequence, rows };
  }
}
