import { Agenda } from './agenda.ts';
import { Chance } from './chance.ts';
import { SessionPool } from './session-pool.ts';
import { endMs, faultIn, simulationLimits, tickMs, type SimulationSettings } from './settings.ts';
import { noHub, SimulatedHubs } from './simulated-hubs.ts';
import { SimulatedMembers } from './simulated-members.ts';
import { SimulationTally, type SimulationResult } from './tally.ts';

export interface SimulationProgress {
  /** 0 to 1. */
  readonly share: number;
  readonly timeMs: number;
  readonly sessions: number;
}

const progressEveryLogins = 5_000;
const progressEveryTicks = 10_000;

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
  readonly #hubs: SimulatedHubs;
  readonly #tally: SimulationTally;
  readonly #endTick: number;
  #tick = 0;

  /** @throws RangeError saying which setting is wrong. */
  constructor(settings: SimulationSettings) {
    const fault = faultIn(settings);
    if (fault !== undefined) throw new RangeError(fault);
    this.#settings = settings;
    this.#chance = new Chance(settings.seed);
    this.#members = new SimulatedMembers(settings);
    this.#hubs = new SimulatedHubs(settings.dynamicHubs, this.#members);
    this.#tally = new SimulationTally(this.#members);
    this.#endTick = Math.ceil(endMs(settings) / tickMs);
    for (let at = 0; at < settings.members; at++) this.#scheduleFailure(at);
  }

  *run(): Generator<SimulationProgress, SimulationResult> {
    const { sessions, burst } = this.#settings;
    const sampleTicks = Math.max(1, Math.floor(this.#endTick / this.#settings.samples));
    const tally = this.#tally;
    for (let client = 0; client < burst; client++) this.#login();
    let nextMs = this.#nextArrival(0);
    let shown = 0;
    while (tally.logins < sessions) {
      this.#pass();
      const nowMs = this.#tick * tickMs;
      while (nextMs <= nowMs && tally.logins < sessions) {
        this.#login();
        nextMs = this.#nextArrival(nextMs);
      }
      if (this.#tick % sampleTicks === 0) tally.sample(nowMs, this.#sessions.live);
      if (tally.logins - shown < progressEveryLogins && this.#tick % progressEveryTicks > 0) continue;
      shown = tally.logins;
      yield { share: tally.logins / sessions, timeMs: nowMs, sessions: this.#sessions.live };
    }
    this.#settle();
    tally.sample(this.#nowMs, this.#sessions.live);
    return tally.result(this.#hubs.instances);
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
    this.#tally.logins++;
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
    const at = this.#hubs.memberFor(hub[row]!, this.#nowMs);
    if (at === undefined) {
      this.#tally.rejections++;
      this.#sessions.remove(row);
      return;
    }
    this.#hubs.enter(hub[row]!);
    if (this.#settings.noShowShare > 0 && this.#chance.share() < this.#settings.noShowShare) {
      this.#hubs.leave(this.#sessions.hub[row]!, at);
      this.#sessions.remove(row);
      return;
    }
    this.#sessions.member[row] = onItsWay - at;
    this.#arriving.add(this.#tick + this.#ticks(this.#settings.ticketDelayMs), row);
  }

  #arrive(row: number): void {
    const at = onItsWay - this.#sessions.member[row]!;
    if (!this.#members.isUp(at)) {
      this.#tally.deadEnds++;
      this.#hubs.leave(this.#sessions.hub[row]!, at);
      this.#sessions.member[row] = noMember;
      this.#comeBack(row);
      return;
    }
    this.#sessions.member[row] = at;
    this.#members.begin(at, this.#tick);
    this.#tally.live(this.#sessions.live);
    const endTick = this.#sessions.endTick[row]!;
    if (endTick <= this.#endTick) this.#ending.add(Math.max(endTick, this.#tick + 1), row);
  }

  #end(row: number): void {
    const at = this.#sessions.member[row]!;
    // Its member has died meanwhile: it is on its way elsewhere, and ends there.
    if (at < 0 || this.#sessions.endTick[row]! > this.#tick) return;
    this.#hubs.leave(this.#sessions.hub[row]!, at);
    this.#members.end(at, this.#tick);
    this.#sessions.remove(row);
  }

  #scheduleFailure(at: number): void {
    const { meanTimeBetweenFailuresMs } = this.#settings;
    if (meanTimeBetweenFailuresMs === 0) return;
    const tick = this.#tick + this.#ticks(this.#chance.exponential(meanTimeBetweenFailuresMs));
    if (tick <= this.#endTick) this.#failing.add(tick, at);
  }

  #fail(at: number): void {
    const { detectionMs, repairMs } = this.#settings;
    this.#tally.failures++;
    this.#members.fail(at);
    this.#detecting.add(this.#tick + this.#ticks(detectionMs), at);
    this.#repairing.add(this.#tick + this.#ticks(Math.max(repairMs, detectionMs + tickMs)), at);
    for (const row of this.#sessions.of(at)) {
      this.#hubs.leave(this.#sessions.hub[row]!, at);
      this.#tally.moves++;
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
}

/** A session that has no member at the moment; on its way to member n it is n less than `onItsWay`. */
const noMember = -2;
const onItsWay = -3;
