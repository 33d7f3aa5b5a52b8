import { memberIdOf, type MemberId } from '../member-id.ts';
import type { Exclusion } from '../placement/exclusion.ts';
import { ticketLifeMs } from '../placement/cluster-placement.ts';
import { PlacementBook } from '../placement/placement-book.ts';
import { Agenda } from './agenda.ts';
import { tickMs, type SimulationSettings } from './settings.ts';

/** The members, what they report, and what the controller's placement makes of it: the very same as in the product. */
export class SimulatedMembers {
  readonly sessions: Int32Array;
  readonly weights: Int32Array;
  readonly #settings: SimulationSettings;
  readonly #book = new PlacementBook(ticketLifeMs);
  readonly #ids: MemberId[] = [];
  readonly #at = new Map<MemberId, number>();
  readonly #isUp: Uint8Array;
  readonly #boots: Int32Array;
  readonly #taken: Int32Array;
  readonly #sequence: Int32Array;
  readonly #owesReport: Uint8Array;
  readonly #toReport = new Agenda();
  /** Reports on their way: tick → member, sessions, tickets taken, number, boot; five numbers each. */
  readonly #underWay = new Map<number, number[]>();
  readonly #reportTicks: number;
  readonly #delayTicks: number;
  reports = 0;

  constructor(settings: SimulationSettings) {
    const { members, weights } = settings;
    this.#settings = settings;
    this.sessions = new Int32Array(members);
    this.weights = Int32Array.from({ length: members }, (_, at) => weights[at % weights.length]!);
    this.#isUp = new Uint8Array(members).fill(1);
    this.#boots = new Int32Array(members);
    this.#taken = new Int32Array(members);
    this.#sequence = new Int32Array(members);
    this.#owesReport = new Uint8Array(members);
    this.#reportTicks = Math.max(1, Math.round(settings.reportEveryMs / tickMs));
    this.#delayTicks = Math.max(1, Math.round(settings.reportDelayMs / tickMs));
    for (let at = 0; at < members; at++) {
      const id = memberIdOf(`m${at}`, 0);
      this.#ids.push(id);
      this.#at.set(id, at);
      this.#tell(at, undefined);
    }
  }

  isUp(at: number): boolean {
    return this.#isUp[at] === 1;
  }

  get upCount(): number {
    return this.#isUp.reduce((sum, isUp) => sum + isUp, 0);
  }

  boot(at: number): number {
    return this.#boots[at]!;
  }

  /** The controller places a session; undefined = nobody takes one. */
  choose(nowMs: number): number | undefined {
    const id = this.#book.choose(nowMs);
    if (id === undefined) return undefined;
    this.#book.place(id, nowMs);
    return this.#at.get(id);
  }

  /** A further session of what lives there. False: the controller knows that it cannot. */
  placeOn(at: number, nowMs: number): boolean {
    const id = this.#ids[at]!;
    if (this.#book.row(id, nowMs)?.exclusion !== undefined) return false;
    this.#book.place(id, nowMs);
    return true;
  }

  begin(at: number, tick: number): void {
    this.sessions[at]!++;
    this.#taken[at]!++;
    this.#changed(at, tick);
  }

  end(at: number, tick: number): void {
    this.sessions[at]!--;
    this.#changed(at, tick);
  }

  fail(at: number): void {
    this.#isUp[at] = 0;
    this.sessions[at] = 0;
  }

  /** The controller has found out. */
  exclude(at: number): void {
    if (!this.isUp(at)) this.#tell(at, 'suspect');
  }

  repair(at: number): void {
    this.#isUp[at] = 1;
    this.#boots[at]!++;
    this.#taken[at] = 0;
    this.#sequence[at] = 0;
    this.#tell(at, undefined);
  }

  /** Reports that are due go out, and those that were under way arrive. */
  pass(tick: number): void {
    this.#toReport.take(tick, (at) => this.#report(at, tick));
    const arrived = this.#underWay.get(tick);
    if (arrived === undefined) return;
    this.#underWay.delete(tick);
    for (let from = 0; from < arrived.length; from += 5) {
      const [at, sessions, ticketsTaken, sequence, boot] = arrived.slice(from, from + 5) as [
        number,
        number,
        number,
        number,
        number,
      ];
      if (this.isUp(at) && boot === this.#boots[at]) this.#tell(at, undefined, { sequence, sessions, ticketsTaken });
    }
  }

  #changed(at: number, tick: number): void {
    if (this.#owesReport[at] === 1) return;
    this.#owesReport[at] = 1;
    // Each member has its own beat.
    const beat = at % this.#reportTicks;
    this.#toReport.add(tick + this.#reportTicks - ((tick - beat) % this.#reportTicks), at);
  }

  #report(at: number, tick: number): void {
    this.#owesReport[at] = 0;
    if (!this.isUp(at)) return;
    this.reports++;
    const arrivesAt = tick + this.#delayTicks;
    let arriving = this.#underWay.get(arrivesAt);
    if (arriving === undefined) this.#underWay.set(arrivesAt, (arriving = []));
    arriving.push(at, this.sessions[at]!, this.#taken[at]!, ++this.#sequence[at]!, this.#boots[at]!);
  }

  #tell(
    at: number,
    exclusion: Exclusion | undefined,
    load = { sequence: 0, sessions: this.sessions[at]!, ticketsTaken: this.#taken[at]! },
  ): void {
    this.#book.update({
      id: this.#ids[at]!,
      boot: String(this.#boots[at]),
      weight: this.weights[at]!,
      capacity: this.#settings.capacity,
      exclusion,
      load,
    });
  }
}
