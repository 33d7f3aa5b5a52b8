import type { Clock, Timer } from '#io';
import type { LoadCounts, LoadReport } from '../membership.ts';
import { pointsOf } from '../placement/points.ts';

/** What has changed is told at the latest after so long, whatever it is… */
const reportEveryMs = 2_000;
/** …and what has not, after so long: a report is a write at the engine, and every member reads it. */
const reportUnchangedEveryMs = 10_000;
/** A session that has begun or ended shows in the points of the cluster within a second. */
const reportChangeWithinMs = 500;
/** Much has changed: so much sooner; and never more often than this. */
const reportSoonMs = 50;
/** So many sessions more or less are much… */
const muchSessions = 20;
/** …or this share of them. */
const muchShare = 0.1;

export interface LoadReporterOptions {
  readonly clock: Clock;
  readonly weight: () => number;
  readonly capacity: () => number;
  /** Writes the report that `report()` gives now. False: it did not get through. */
  readonly write: () => Promise<boolean>;
}

/** These are told soon when they change by one. */
const countsOfNote = ['sessions', 'ticketsTaken', 'mediaCalls'] as const;

const idle: LoadCounts = {
  sessions: 0,
  connections: 0,
  hubInstances: 0,
  clientLicences: 0,
  bridgeLicences: 0,
  ticketsTaken: 0,
};

/** When this member tells what it counts: soon when much has changed, else in a while; never two writes at a time. */
export class LoadReporter {
  readonly #options: LoadReporterOptions;
  #counts = idle;
  #unreachable: { readonly ports: readonly number[]; readonly cause: string } = { ports: [], cause: '' };
  #sequence = 0;
  /** What the last report counted. */
  #told = idle;
  #dueMs = Infinity;
  #timer: Timer | undefined;
  #isWriting = false;
  #isStopped = false;

  constructor(options: LoadReporterOptions) {
    this.#options = options;
  }

  count(counts: LoadCounts): void {
    const before = this.#counts;
    this.#counts = counts;
    const told = this.#told;
    const change = Math.abs(counts.sessions - told.sessions);
    if (change >= Math.max(1, Math.min(muchSessions, told.sessions * muchShare))) this.#due(reportSoonMs);
    else if (countsOfNote.some((name) => counts[name] !== before[name])) {
      this.#due(reportChangeWithinMs);
    } else this.#due(isSame(counts, told) ? reportUnchangedEveryMs : reportEveryMs);
  }

  /** Which public ports nobody could reach, and why. */
  unreachable(ports: readonly number[], cause: string): void {
    if (ports.join() === this.#unreachable.ports.join() && cause === this.#unreachable.cause) return;
    this.#unreachable = { ports, cause };
    this.#due(reportSoonMs);
  }

  /** Others must hear of this member now, whatever it counts. */
  hurry(): void {
    this.#due(reportSoonMs);
  }

  /** The report as it is now; each one has its number. */
  report(): LoadReport {
    const { ports, cause } = this.#unreachable;
    const points = pointsOf(this.#counts.sessions, this.#options.weight(), this.#options.capacity());
    this.#told = this.#counts;
    const report = { ...this.#counts, sequence: ++this.#sequence, points, unreachablePorts: ports };
    return cause === '' ? report : { ...report, unreachableCause: cause };
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #due(withinMs: number): void {
    const dueMs = this.#options.clock.nowMs() + withinMs;
    if (dueMs >= this.#dueMs || this.#isStopped) return;
    this.#dueMs = dueMs;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(withinMs, () => void this.#send());
  }

  async #send(): Promise<void> {
    this.#dueMs = Infinity;
    if (this.#isWriting) {
      this.#due(reportSoonMs);
      return;
    }
    this.#isWriting = true;
    const isTold = await this.#options.write();
    this.#isWriting = false;
    if (!isTold) this.#due(reportEveryMs);
  }
}

function isSame(a: LoadCounts, b: LoadCounts): boolean {
  for (const name in a) if (a[name as keyof LoadCounts] !== b[name as keyof LoadCounts]) return false;
  return true;
}
