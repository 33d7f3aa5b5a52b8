/** A cluster and its users, as the simulation models them. Times are milliseconds. */
export interface SimulationSettings {
  readonly members: number;
  /** Given to the members in turn. */
  readonly weights: readonly number[];
  /** Sessions that one member may hold (C5's M). */
  readonly capacity: number;
  /** Log-ins of new sessions, all in all. */
  readonly sessions: number;
  /** Log-ins per second on average, at random times. */
  readonly arrivalsPerSecond: number;
  /** So many of the sessions come all at once, at the beginning. */
  readonly burst: number;
  readonly meanDurationMs: number;
  /** `exponential`: most are short; `fixed`: all alike. */
  readonly durations: 'exponential' | 'fixed';
  /** Between two reports of a member. */
  readonly reportEveryMs: number;
  /** From a report, or a failure, to the controller that knows of it. */
  readonly reportDelayMs: number;
  /** From the redirect to the session at the member. */
  readonly ticketDelayMs: number;
  /** Share of redirected clients that never come to the member. */
  readonly noShowShare: number;
  /** Of one member; 0 = they do not fail. */
  readonly meanTimeBetweenFailuresMs: number;
  readonly repairMs: number;
  /** From a member's death to its exclusion from placement. */
  readonly detectionMs: number;
  /** A client whose member has died, or does not answer, logs in again within twice this. */
  readonly reconnectMs: number;
  /** Share of sessions that are of dynamic hubs. */
  readonly dynamicShare: number;
  /** Dynamic hubs; their popularity falls with their rank. */
  readonly dynamicHubs: number;
  readonly seed: number;
  /** Rows of the result. */
  readonly samples: number;
}

export const defaultSimulation: SimulationSettings = Object.freeze({
  members: 10,
  weights: [100],
  capacity: 100_000,
  sessions: 100_000,
  arrivalsPerSecond: 100,
  burst: 0,
  meanDurationMs: 600_000,
  durations: 'exponential',
  reportEveryMs: 2_000,
  reportDelayMs: 100,
  ticketDelayMs: 300,
  noShowShare: 0,
  meanTimeBetweenFailuresMs: 0,
  repairMs: 60_000,
  detectionMs: 1_000,
  reconnectMs: 3_000,
  dynamicShare: 0,
  dynamicHubs: 1_000,
  seed: 1,
  samples: 500,
});

export const simulationLimits = {
  membersMax: 10_000,
  sessionsMax: 100_000_000,
  /** Simulated time, in ticks: nearly a year. */
  ticksMax: 300_000_000,
  /** Sessions at one time: 24 bytes each. */
  liveSessionsMax: 40_000_000,
  dynamicHubsMax: 1_000_000,
  samplesMax: 10_000,
} as const;

/** What is wrong with the settings, for people; undefined = nothing. */
export function faultIn(settings: SimulationSettings): string | undefined {
  const { members, weights, capacity, sessions, arrivalsPerSecond, burst, dynamicHubs, samples } = settings;
  const { membersMax, sessionsMax, dynamicHubsMax, samplesMax, ticksMax } = simulationLimits;
  if (!isWhole(members, 1, membersMax)) return `members: 1 to ${membersMax}, not ${members}`;
  if (!isWhole(sessions, 1, sessionsMax)) return `sessions: 1 to ${sessionsMax}, not ${sessions}`;
  if (!isWhole(dynamicHubs, 1, dynamicHubsMax)) return `dynamic hubs: 1 to ${dynamicHubsMax}, not ${dynamicHubs}`;
  if (!isWhole(samples, 1, samplesMax)) return `samples: 1 to ${samplesMax}, not ${samples}`;
  if (!isWhole(capacity, 1, 10_000_000)) return `capacity: 1 to 10000000, not ${capacity}`;
  if (!isWhole(burst, 0, sessions)) return `burst: at most the ${sessions} sessions, not ${burst}`;
  if (weights.length === 0 || !weights.every((weight) => isWhole(weight, 1, 1_000_000))) {
    return 'weights: whole numbers from 1 on, such as 100,200,100';
  }
  if (!(arrivalsPerSecond > 0)) return `arrivals per second: more than 0, not ${arrivalsPerSecond}`;
  for (const share of [settings.noShowShare, settings.dynamicShare]) {
    if (!(share >= 0 && share <= 1)) return `a share is 0 to 1 (0 % to 100 %), not ${share}`;
  }
  if (!(settings.meanDurationMs > 0)) return 'the duration of sessions: more than 0';
  if (!(settings.reportEveryMs >= tickMs)) return `reports: at least ${tickMs} ms apart`;
  if (endMs(settings) / tickMs > ticksMax) {
    return 'that takes more than a year: fewer sessions, or more arrivals per second';
  }
  return undefined;
}

/** The simulation's grain of time. */
export const tickMs = 100;

/** The time of the last log-in, about. */
export const endMs = ({ sessions, burst, arrivalsPerSecond }: SimulationSettings): number =>
  ((sessions - burst) / arrivalsPerSecond) * 1_000 + tickMs;

const isWhole = (value: number, min: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= min && value <= max;
