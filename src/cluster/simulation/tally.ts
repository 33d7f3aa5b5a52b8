import type { SimulatedMembers } from './simulated-members.ts';
import { spreadOf, type Spread } from './spread.ts';

/** The cluster at one moment. */
export interface SimulationSample extends Spread {
  readonly timeMs: number;
  readonly sessions: number;
  readonly membersUp: number;
  /** Since the beginning. */
  readonly logins: number;
  readonly rejections: number;
  readonly moves: number;
}

export interface SimulationResult {
  readonly samples: readonly SimulationSample[];
  /** New sessions that wanted in. */
  readonly logins: number;
  /** No member took them. */
  readonly rejections: number;
  /** Sessions that went on elsewhere, because their member died. */
  readonly moves: number;
  /** Clients that were sent to a member that was dead already, and tried again. */
  readonly deadEnds: number;
  readonly failures: number;
  readonly peakSessions: number;
  /** At the sample where it was worst, among those with at least 100 sessions for each member on average. */
  readonly worstSpread: Spread;
  readonly lastSpread: Spread;
  readonly dynamicInstances: number;
  readonly reports: number;
}

/** Below that one session is a large part of a member's share, and the spread says nothing. */
const sessionsPerMemberMin = 100;

/** What is counted while a simulation runs. */
export class SimulationTally {
  readonly #members: SimulatedMembers;
  readonly #samples: SimulationSample[] = [];
  #worst: Spread = { largestDeviation: 0, largestDifference: 0, meanDeviation: 0 };
  #peak = 0;
  logins = 0;
  rejections = 0;
  moves = 0;
  deadEnds = 0;
  failures = 0;

  constructor(members: SimulatedMembers) {
    this.#members = members;
  }

  /** So many sessions are there now. */
  live(sessions: number): void {
    this.#peak = Math.max(this.#peak, sessions);
  }

  sample(timeMs: number, sessions: number): void {
    const members = this.#members;
    const spread = spreadOf(members.sessions, members.weights, (at) => members.isUp(at));
    const { logins, rejections, moves } = this;
    const membersUp = members.upCount;
    this.#samples.push({ ...spread, timeMs, sessions, membersUp, logins, rejections, moves });
    const isTelling = sessions >= sessionsPerMemberMin * membersUp;
    if (isTelling && spread.largestDeviation > this.#worst.largestDeviation) this.#worst = spread;
  }

  /** After at least one sample. */
  result(dynamicInstances: number): SimulationResult {
    const { logins, rejections, moves, deadEnds, failures } = this;
    return {
      samples: this.#samples,
      logins,
      rejections,
      moves,
      deadEnds,
      failures,
      peakSessions: this.#peak,
      worstSpread: this.#worst,
      lastSpread: this.#samples.at(-1)!,
      dynamicInstances,
      reports: this.#members.reports,
    };
  }
}
