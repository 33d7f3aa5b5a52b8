import { hubKeyOf, hubStatKey, userKeyOf, userStatKey } from './names.ts';
import { Fields } from './record-codec.ts';
import type { Traffic } from './session-info.ts';
import { isNoTraffic, noTraffic, sumTraffic } from './traffic.ts';

/** What is kept of a hub or of a user over restarts. Times in unix milliseconds, 0 = never. */
export interface Statistics {
  readonly traffic: Readonly<Traffic>;
  readonly loginCount: number;
  readonly lastLoginAtMs: number;
  readonly lastCommunicationAtMs: number;
}

export const noStatistics: Statistics = Object.freeze({
  traffic: noTraffic,
  loginCount: 0,
  lastLoginAtMs: 0,
  lastCommunicationAtMs: 0,
});

export function addStatistics(a: Statistics, b: Statistics): Statistics {
  return {
    traffic: sumTraffic(a.traffic, b.traffic),
    loginCount: a.loginCount + b.loginCount,
    lastLoginAtMs: Math.max(a.lastLoginAtMs, b.lastLoginAtMs),
    lastCommunicationAtMs: Math.max(a.lastCommunicationAtMs, b.lastCommunicationAtMs),
  };
}

export function isNothing(delta: Statistics): boolean {
  return delta.loginCount === 0 && delta.lastLoginAtMs === 0 && isNoTraffic(delta.traffic);
}

/** Whose: a hub, or one of its users. */
export interface StatisticsOwner {
  readonly hubName: string;
  readonly userName?: string;
}

/** Where what a member counts goes. */
export interface StatisticsKeeper {
  /** What has come together so far. */
  of(owner: StatisticsOwner): Statistics;
  add(owner: StatisticsOwner, delta: Statistics): void;
  /** The owner was deleted. */
  forget(owner: StatisticsOwner): void;
  /** True: everything that was added before is durable. What is not stays for the next time; never rejects. */
  flush(): Promise<boolean>;
  close(): void;
}

export function statisticsKeyOf({ hubName, userName }: StatisticsOwner): string {
  return userName === undefined ? hubStatKey(hubKeyOf(hubName)) : userStatKey(hubName, userKeyOf(userName));
}

/** a − b. */
export function subtractStatistics(a: Statistics, b: Statistics): Statistics {
  const traffic = { ...a.traffic };
  for (const name of Object.keys(traffic) as (keyof Traffic)[]) traffic[name] -= b.traffic[name];
  return { ...a, traffic, loginCount: a.loginCount - b.loginCount };
}

export function decodeStatistics(key: string, value: Uint8Array): Statistics {
  const fields = new Fields(key, value);
  const counts = fields.object('traffic');
  const traffic = { ...noTraffic };
  if (counts !== undefined) {
    for (const name of Object.keys(traffic) as (keyof Traffic)[]) traffic[name] = counts.number(name, 0);
  }
  return {
    traffic,
    loginCount: fields.number('loginCount', 0),
    lastLoginAtMs: fields.number('lastLoginAtMs', 0),
    lastCommunicationAtMs: fields.number('lastCommunicationAtMs', 0),
  };
}
