import { HubfarmError } from '#base';
import type { Bus, Controllership, MemberBoot, MemberId, Membership, MemberView } from '#cluster';
import type { Clock, Timer } from '#io';
import type { ClusterSessionLimits } from './limits.ts';
import type { SessionRow } from './place-order.ts';
import { SessionLedger } from './session-ledger.ts';
import { sessionReportOf } from './session-report.ts';
import { REPORT_SERVICE, type ReportAnswer, type SessionReport } from './session-reporter.ts';

/** Members' service by which a controller asks for the list of their sessions: `{ epoch }` */
export const ASK_SERVICE = 'softether/ask-sessions';

export interface LedgerKeeperOptions {
  readonly bus: Pick<Bus, 'self' | 'serve' | 'send'>;
  readonly membership: Pick<Membership, 'members' | 'onChange'>;
  readonly controllership: Pick<Controllership, 'isController' | 'epoch' | 'onChange'>;
  readonly clock: Clock;
  readonly limits: ClusterSessionLimits;
  /** This member's own sessions are asked for like those of others. */
  readonly askHere: (epoch: number) => void;
}

interface PartOfList {
  readonly boot: string;
  readonly rows: SessionRow[];
  /** How many had come when it was last looked at. */
  seen: number;
}

const EXPIRE_EVERY_MS = 1_000;

/**
 * The controller's ledger of all sessions, kept as long as this member is the controller. It asks each member for its list
 * until it has come, and takes the changes from then on. Members that have left the cluster are forgotten.
 */
export class LedgerKeeper {
  readonly ledger = new SessionLedger();
  readonly #options: LedgerKeeperOptions;
  readonly #ends: (() => void)[];
  /** Lists of which parts have come. */
  readonly #parts = new Map<MemberId, PartOfList>();
  #epoch: number | undefined;
  #sinceMs = 0;
  #asking: Timer | undefined;
  #expiring: Timer | undefined;

  constructor(options: LedgerKeeperOptions) {
    this.#options = options;
    const { bus, membership, controllership, limits } = options;
    this.#ends = [
      bus.serve(REPORT_SERVICE, (body, from) => this.receive(sessionReportOf(body, limits), from)),
      controllership.onChange(() => this.follow()),
      membership.onChange(() => this.#followMembers()),
    ];
    this.follow();
  }

  /** Every member that is in the cluster has given its list, or had its time to. */
  isComplete(): boolean {
    if (!this.follow()) return false;
    const { clock, limits } = this.#options;
    const nowMs = clock.nowMs();
    return this.#unknown().every(({ state, unheardSinceMs = this.#sinceMs }) => {
      if (state === 'online') return nowMs - this.#sinceMs >= limits.ledgerPatienceMaxMs;
      // One that is silent, as the controller before may be, has had its time already.
      return nowMs - unheardSinceMs >= limits.ledgerPatienceMs;
    });
  }

  /** Begins and ends with this member's leadership. False: it is not the controller. */
  follow(): boolean {
    const { controllership } = this.#options;
    const epoch = controllership.isController() ? controllership.epoch() : undefined;
    if (epoch !== this.#epoch) {
      this.#end();
      if (epoch !== undefined) this.#begin(epoch);
    }
    return epoch !== undefined;
  }

  receive(report: SessionReport, from: MemberBoot): ReportAnswer {
    if (!this.follow() || report.epoch !== this.#epoch) {
      throw new HubfarmError('NOT_CONTROLLER', 'this member is not the controller that asked for it');
    }
    if (report.kind === 'list') {
      this.#takePart(report, from);
      return { answer: 'taken' };
    }
    if (!this.ledger.knows(from)) return { answer: 'unknown' };
    for (const row of report.begun) this.ledger.begun(from, row);
    for (const { hubName, name } of report.ended) this.ledger.ended(from, hubName, name);
    return { answer: 'taken' };
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#end();
  }

  #begin(epoch: number): void {
    const { clock } = this.#options;
    this.#epoch = epoch;
    this.#sinceMs = clock.nowMs();
    this.#expiring = clock.every(EXPIRE_EVERY_MS, () => this.ledger.expire(clock.nowMs()));
    this.#ask();
  }

  #end(): void {
    this.#epoch = undefined;
    this.ledger.clear();
    this.#parts.clear();
    this.#asking?.cancel();
    this.#asking = undefined;
    this.#expiring?.cancel();
  }

  #followMembers(): void {
    if (!this.follow()) return;
    const boots = new Map(this.#options.membership.members().map(({ info }) => [info.id, info.boot]));
    for (const member of this.ledger.members()) {
      const boot = boots.get(member);
      if (boot === undefined || !this.ledger.knows({ member, boot })) this.ledger.forget(member);
    }
    if (this.#asking === undefined) this.#ask();
  }

  #unknown(): (MemberBoot & Pick<MemberView, 'state' | 'unheardSinceMs'>)[] {
    return this.#options.membership
      .members()
      .map(({ info, ...view }) => ({ ...view, member: info.id, boot: info.boot }))
      .filter((member) => !this.ledger.knows(member));
  }

  /** Again and again until all have answered: a request may be lost with its link. */
  #ask(): void {
    const { bus, clock, limits, askHere } = this.#options;
    this.#asking = undefined;
    if (!this.follow()) return;
    const epoch = this.#epoch!;
    const unknown = this.#unknown();
    for (const member of unknown) {
      if (member.member === bus.self.member) askHere(epoch);
      else if (!this.#parts.has(member.member)) bus.send(member, ASK_SERVICE, { epoch });
    }
    if (unknown.length === 0) return;
    this.#asking = clock.after(limits.reportRetryMs, () => {
      // a list that stopped half-way is asked for anew
      for (const [member, part] of this.#parts) {
        if (part.rows.length === part.seen) this.#parts.delete(member);
        part.seen = part.rows.length;
      }
      this.#ask();
    });
  }

  #takePart({ isFirst, isLast, rows }: Extract<SessionReport, { kind: 'list' }>, from: MemberBoot): void {
    const { member, boot } = from;
    if (isFirst) this.#parts.set(member, { boot, rows: [], seen: -1 });
    const parts = this.#parts.get(member);
    if (parts?.boot !== boot) return;
    if (parts.rows.length + rows.length > this.#options.limits.maxSessionsPerMember) {
      throw new HubfarmError('TOO_MANY', `${member} reports more than ${parts.rows.length} sessions`);
    }
    for (const row of rows) parts.rows.push(row);
    if (!isLast) return;
    this.#parts.delete(member);
    this.ledger.replace(from, parts.rows);
  }
}
