import { Agenda } from './agenda.ts';
import { Chance } from './chance.ts';
import { SessionPool } from './session-pool.ts';
import { endMs, faultIn, simulationLimits, tickMs, type SimulationSettings } from './settings.ts';
import { SimulatedMembers } from './simulated-members.ts';
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

export interface SimulationProgress {
  /** 0 to 1. */
  readonly share: number;
  readonly timeMs: number;
  readonly sessions: number;
}

const progressEveryLogins = 5_000;
const progressEveryTicks = 10_000;
/** Below that one session is a large part of a member's share, and the spread says nothing. */
const sessionsPerMemberMin = 100;
const noHub = -1;

/**
 * Runs a workload through the placement function. One generator step is some milliseconds of work, so that the caller
 * can show progress and stop. Memory grows with the sessions that live at one time, not with all there are.
 */
export class ClusterSimulation {
  readonly #settings: SimulationSettings;
  readonly #chance: Chance;
  readonly #members: SimulatedMembers;
  readonly #sessions = new SessionPool();
  readonly #arriving = new Agenda();
  readonly #ending = new Agenda();
  readonly #failing = new Agenda();
  readonly #detecting = new Agenda();
  readonly #repairing = new Agenda();
  readonly #returning = new Agenda();
  /** Where each dynamic hub lives, and how many sessions hold it there. */
  readonly #hubMember: Int32Array;
  readonly #hubBoot: Int32Array;
  readonly #hubSessions: Int32Array;
  readonly #samples: SimulationSample[] = [];
  readonly #endTick: number;
  readonly #counts = { logins: 0, rejections: 0, moves: 0, deadEnds: 0, failures: 0, peak: 0, instances: 0 };
  #tick = 0;
  #worst: Spread = { largestDeviation: 0, largestDifference: 0, meanDeviation: 0 };

  /** @throws RangeError saying which setting is wrong. */
  constructor(settings: SimulationSettings) {
    const fault = faultIn(settings);
    if (fault !== undefined) throw new RangeError(fault);
    this.#settings = settings;
    this.#chance = new Chance(settings.seed);
    this.#members = new SimulatedMembers(settings);
    this.#hubMember = new Int32Array(settings.dynamicHubs).fill(-1);
    this.#hubBoot = new Int32Array(settings.dynamicHubs);
    this.#hubSessions = new Int32Array(settings.dynamicHubs);
    this.#endTick = Math.ceil(endMs(settings) / tickMs);
    for (let at = 0; at < settings.members; at++) this.#scheduleFailure(at);
  }

  *run(): Generator<SimulationProgress, SimulationResult> {
    const { sessions, burst } = this.#settings;
    const sampleTicks = Math.max(1, Math.floor(this.#endTick / this.#settings.samples));
    const counts = this.#counts;
    for (let client = 0; client < burst; client++) this.#login();
    let nextMs = this.#nextArrival(0);
    let shown = 0;
    while (counts.logins < sessions) {
      this.#pass();
      const nowMs = this.#tick * tickMs;
      while (nextMs <= nowMs && counts.logins < sessions) {
        this.#login();
        nextMs = this.#nextArrival(nextMs);
      }
      if (this.#tick % sampleTicks === 0) this.#sample();
      if (counts.logins - shown < progressEveryLogins && this.#tick % progressEveryTicks > 0) continue;
      shown = counts.logins;
      yield { share: counts.logins / sessions, timeMs: nowMs, sessions: this.#sessions.live };
    }
    this.#settle();
    this.#sample();
    return this.#result();
  }

  get #nowMs(): number {
    return this.#tick * tickMs;
  }

  #nextArrival(afterMs: number): number {
    return afterMs + this.#chance.exponential(1_000 / this.#settings.arrivalsPerSecond);
  }

  #ticks(ms: number): number {
    return Math.max(1, Math.round(ms / tickMs));
  }

  #pass(): void {
    const tick = ++this.#tick;
    this.#failing.take(tick, (at) => this.#fail(at));
    this.#detecting.take(tick, (at) => this.#members.exclude(at));
    this.#repairing.take(tick, (at) => this.#repair(at));
    this.#ending.take(tick, (row) => this.#end(row));
    this.#arriving.take(tick, (row) => this.#arrive(row));
    this.#returning.take(tick, (row) => this.#place(row));
    this.#members.pass(tick);
  }

  /** Those who are on their way arrive. */
  #settle(): void {
    for (let ticks = this.#ticks(this.#settings.ticketDelayMs); ticks > 0; ticks--) this.#pass();
  }

  #login(): void {
    const { dynamicShare, dynamicHubs, durations, meanDurationMs } = this.#settings;
    const chance = this.#chance;
    this.#counts.logins++;
    const durationMs = durations === 'fixed' ? meanDurationMs : chance.exponential(meanDurationMs);
    // Popularity falls with the rank: half of the sessions are of the first few per cent of the hubs.
    const isDynamic = dynamicShare > 0 && chance.share() < dynamicShare;
    const hub = isDynamic ? Math.min(dynamicHubs - 1, Math.floor(dynamicHubs ** chance.share()) - 1) : noHub;
    const endTick = Math.min(this.#tick + this.#ticks(durationMs), 2 ** 31 - 1);
    if (this.#sessions.live >= simulationLimits.liveSessionsMax) {
      throw new RangeError(`more than ${simulationLimits.liveSessionsMax} sessions at one time: let them be shorter`);
    }
    this.#place(this.#sessions.add(noMember, hub, endTick));
  }

  /** The controller sends a client to a member. */
  #place(row: number): void {
    const { endTick, hub } = this.#sessions;
    if (endTick[row]! <= this.#tick) {
      this.#sessions.remove(row);
      return;
    }
    const at = this.#memberFor(hub[row]!);
    if (at === undefined) {
      this.#counts.rejections++;
      this.#sessions.remove(row);
      return;
    }
    if (hub[row] !== noHub) this.#hubSessions[hub[row]!]!++;
    if (this.#settings.noShowShare > 0 && this.#chance.share() < this.#settings.noShowShare) {
      this.#leaveHub(row, at);
      this.#sessions.remove(row);
      return;
    }
    this.#sessions.member[row] = onItsWay - at;
    this.#arriving.add(this.#tick + this.#ticks(this.#settings.ticketDelayMs), row);
  }

  #memberFor(hub: number): number | undefined {
    const nowMs = this.#nowMs;
    if (hub === noHub) return this.#members.choose(nowMs);
    const at = this.#hubMember[hub]!;
    const isThere = at >= 0 && this.#hubSessions[hub]! > 0 && this.#hubBoot[hub] === this.#members.boot(at);
    if (isThere) {
      if (this.#members.placeOn(at, nowMs)) return at;
      if (this.#members.isUp(at)) return undefined;
    }
    const chosen = this.#members.choose(nowMs);
    if (chosen === undefined) return undefined;
    this.#counts.instances++;
    this.#hubMember[hub] = chosen;
    this.#hubBoot[hub] = this.#members.boot(chosen);
    this.#hubSessions[hub] = 0;
    return chosen;
  }

  #arrive(row: number): void {
    const at = onItsWay - this.#sessions.member[row]!;
    if (!this.#members.isUp(at)) {
      this.#counts.deadEnds++;
      this.#leaveHub(row, at);
      this.#sessions.member[row] = noMember;
      this.#comeBack(row);
      return;
    }
    this.#sessions.member[row] = at;
    this.#members.begin(at, this.#tick);
    this.#counts.peak = Math.max(this.#counts.peak, this.#sessions.live);
    const endTick = this.#sessions.endTick[row]!;
    if (endTick <= this.#endTick) this.#ending.add(Math.max(endTick, this.#tick + 1), row);
  }

  #end(row: number): void {
    const at = this.#sessions.member[row]!;
    // Its member has died meanwhile: it is on its way elsewhere, and ends there.
    if (at < 0 || this.#sessions.endTick[row]! > this.#tick) return;
    this.#leaveHub(row, at);
    this.#members.end(at, this.#tick);
    this.#sessions.remove(row);
  }

  /** One session less holds its hub on member `at`, unless the hub has been placed elsewhere since. */
  #leaveHub(row: number, at: number): void {
    const hub = this.#sessions.hub[row]!;
    if (hub !== noHub && this.#hubMember[hub] === at) this.#hubSessions[hub]!--;
  }

  // -- failures

  #scheduleFailure(at: number): void {
    const { meanTimeBetweenFailuresMs } = this.#settings;
    if (meanTimeBetweenFailuresMs === 0) return;
    const tick = this.#tick + this.#ticks(this.#chance.exponential(meanTimeBetweenFailuresMs));
    if (tick <= this.#endTick) this.#failing.add(tick, at);
  }

  #fail(at: number): void {
    const { detectionMs, repairMs } = this.#settings;
    this.#counts.failures++;
    this.#members.fail(at);
    this.#detecting.add(this.#tick + this.#ticks(detectionMs), at);
    this.#repairing.add(this.#tick + this.#ticks(Math.max(repairMs, detectionMs + tickMs)), at);
    for (const row of this.#sessions.of(at)) {
      this.#leaveHub(row, at);
      this.#counts.moves++;
      this.#sessions.member[row] = noMember;
      this.#comeBack(row);
    }
  }

  #repair(at: number): void {
    this.#members.repair(at);
    this.#scheduleFailure(at);
  }

  #comeBack(row: number): void {
    const delayMs = this.#settings.detectionMs + this.#chance.share() * 2 * this.#settings.reconnectMs;
    this.#returning.add(this.#tick + this.#ticks(delayMs), row);
  }

  // -- results

  #sample(): void {
    const members = this.#members;
    const spread = spreadOf(members.sessions, members.weights, (at) => members.isUp(at));
    const sessions = this.#sessions.live;
    const { logins, rejections, moves } = this.#counts;
    const membersUp = members.upCount;
    this.#samples.push({ ...spread, timeMs: this.#nowMs, sessions, membersUp, logins, rejections, moves });
    const isTelling = sessions >= sessionsPerMemberMin * membersUp;
    if (isTelling && spread.largestDeviation > this.#worst.largestDeviation) this.#worst = spread;
  }

  #result(): SimulationResult {
    const { logins, rejections, moves, deadEnds, failures, peak, instances } = this.#counts;
    return {
      samples: this.#samples,
      logins,
      rejections,
      moves,
      deadEnds,
      failures,
      peakSessions: peak,
      worstSpread: this.#worst,
      lastSpread: this.#samples.at(-1)!,
      dynamicInstances: instances,
      reports: this.#members.reports,
    };
  }
}

/** A session that has no member at the moment; on its way to member n it is n less than `onItsWay`. */
const noMember = -2;
const onItsWay = -3;
