import { HubfarmError } from '#base';
import type { Traffic } from './session-info.ts';
import type { Statistics, StatisticsOwner } from './statistics.ts';
import { noTraffic } from './traffic.ts';

/** Rows of one report; the rest goes with the next. */
export const maxReportRows = 2_000;

export interface CountedOwner {
  readonly owner: StatisticsOwner;
  readonly delta: Statistics;
}

/** What a member has counted since its last report. The same report may come more than once: it counts once. */
export interface StatisticsReport {
  /** 1, 2, 3, … of one boot of a member. */
  readonly sequence: number;
  readonly rows: readonly CountedOwner[];
}

const trafficNames = Object.keys(noTraffic) as (keyof Traffic)[];

/**
 * JSON: `{sequence, rows: [[hub, user, [8 counters], loginCount, lastLoginAtMs, lastCommunicationAtMs], …]}`; user '' =
 * the hub itself; counters in the order of `Traffic`.
 */
export function encodeReport({ sequence, rows }: StatisticsReport): unknown {
  return {
    sequence,
    rows: rows.map(({ owner, delta }) => [
      owner.hubName,
      owner.userName ?? '',
      trafficNames.map((name) => delta.traffic[name]),
      delta.loginCount,
      delta.lastLoginAtMs,
      delta.lastCommunicationAtMs,
    ]),
  };
}

/** @throws HubfarmError BAD_REPORT */
export function decodeReport(value: unknown): StatisticsReport {
  const { sequence, rows } = (value ?? {}) as { readonly sequence?: unknown; readonly rows?: unknown };
  if (!isCount(sequence) || !Array.isArray(rows) || rows.length > maxReportRows) throw bad('its head');
  return { sequence, rows: rows.map((row: unknown, at) => decodeRow(row) ?? refuseRow(at)) };
}

function decodeRow(row: unknown): CountedOwner | undefined {
  if (!Array.isArray(row)) return undefined;
  const [hubName, userName, counters, loginCount, lastLoginAtMs, lastCommunicationAtMs] = row as readonly unknown[];
  if (typeof hubName !== 'string' || typeof userName !== 'string' || !Array.isArray(counters)) return undefined;
  if (!isCount(loginCount) || !isCount(lastLoginAtMs) || !isCount(lastCommunicationAtMs)) return undefined;
  const counts: readonly unknown[] = counters;
  if (counts.length !== trafficNames.length || !counts.every(isCount)) return undefined;
  const traffic = { ...noTraffic };
  trafficNames.forEach((name, at) => (traffic[name] = counts[at] as number));
  const owner = userName === '' ? { hubName } : { hubName, userName };
  return { owner, delta: { traffic, loginCount, lastLoginAtMs, lastCommunicationAtMs } };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

const bad = (what: string): HubfarmError => new HubfarmError('BAD_REPORT', `a report of statistics: ${what} is wrong`);

function refuseRow(at: number): never {
  throw bad(`row ${at + 1}`);
}
