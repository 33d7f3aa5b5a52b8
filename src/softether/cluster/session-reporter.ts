import { silentLogger, type Logger } from '#base';
import { Gone, Refused, type Bus, type MemberBoot } from '#cluster';
import type { Clock, Timer } from '#io';
import type { ClusterSessionLimits } from './limits.ts';
import { rowKey, type SessionRow } from './place-order.ts';

/** The controller's service that takes what members report. */
export const REPORT_SERVICE = 'softether/report-sessions';

/** What a member tells. A list comes in parts, the first of which begins it anew. */
export type SessionReport =
  | {
      readonly kind: 'list';
      readonly epoch: number;
      readonly isFirst: boolean;
      readonly isLast: boolean;
      readonly rows: readonly SessionRow[];
    }
  | {
      readonly kind: 'change';
      readonly epoch: number;
      readonly begun: readonly SessionRow[];
      readonly ended: readonly { readonly hubName: string; readonly name: string }[];
    };

/** What the controller answers. `unknown`: it has no list to change; it wants a whole one. */
export type ReportAnswer = { readonly answer: 'taken' | 'unknown' };

export interface SessionReporterOptions {
  readonly bus: Pick<Bus, 'self' | 'call'>;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly limits: Pick<ClusterSessionLimits, 'reportDelayMs' | 'rowsPerReport' | 'reportTimeoutMs' | 'reportRetryMs'>;
  /** Where this member is the controller itself. */
  readonly deliverHere: (report: SessionReport) => ReportAnswer;
}

type Ended = { readonly hubName: string; readonly name: string };

/**
 * Tells the controller of this member's sessions, tickets included: a whole list when a controller asks for it, then each
 * change in order, gathered for some milliseconds. What a message that came to nothing may have changed is told again
 * with a whole list.
 *
 * `fence` is the highest epoch of a controller that has asked: what an earlier one still wants comes too late.
 */
export class SessionReporter {
  readonly #options: Required<SessionReporterOptions>;
  readonly #rows = new Map<string, SessionRow>();
  #changes = new Map<string, SessionRow | Ended>();
  #fence = 0;
  #to: MemberBoot | undefined;
  /** The list is to be sent, from its beginning. */
  #owesList = false;
  #isSending = false;
  #isStopped = false;
  #timer: Timer | undefined;

  constructor(options: SessionReporterOptions) {
    this.#options = { logger: silentLogger, ...options };
  }

  get fence(): number {
    return this.#fence;
  }

  /** False: an earlier controller, which has been deposed. */
  admitsEpoch(epoch: number): boolean {
    if (epoch < this.#fence) return false;
    this.#fence = epoch;
    return true;
  }

  /** A session is there, or expected; again where something of it has changed. */
  begun(row: SessionRow): void {
    const key = rowKey(row.hubName, row.name);
    this.#rows.set(key, row);
    this.#changed(key, row);
  }

  ended(hubName: string, name: string): void {
    const key = rowKey(hubName, name);
    if (this.#rows.delete(key)) this.#changed(key, { hubName, name });
  }

  has(hubName: string, name: string): boolean {
    return this.#rows.has(rowKey(hubName, name));
  }

  /** A controller has begun, or has lost count: it wants the whole list. */
  asked(controller: MemberBoot, epoch: number): void {
    if (!this.admitsEpoch(epoch)) return;
    this.#to = controller;
    this.#owesList = true;
    this.#soon(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #changed(key: string, change: SessionRow | Ended): void {
    if (this.#to === undefined) return;
    // last of all: in the order of the last changes
    this.#changes.delete(key);
    this.#changes.set(key, change);
    this.#soon(this.#isHere() ? 0 : this.#options.limits.reportDelayMs);
  }

  #isHere(): boolean {
    return this.#to?.member === this.#options.bus.self.member;
  }

  #soon(delayMs: number): void {
    if (this.#isSending || this.#isStopped || this.#timer !== undefined) return;
    if (this.#isHere() && delayMs === 0) {
      void this.#send();
      return;
    }
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    const to = this.#to;
    let isDone = true;
    try {
      while (to !== undefined && to === this.#to && !this.#isStopped && (this.#owesList || this.#changes.size > 0)) {
        const sent = this.#owesList ? this.#sendList(to) : this.#sendChange(to);
        isDone = typeof sent === 'boolean' ? sent : await sent;
        if (!isDone) break;
      }
    } catch (error) {
      isDone = false;
      // It has ended, or is the controller no more: the next one will ask.
      if (error instanceof Gone || error instanceof Refused) this.#to = undefined;
      this.#options.logger.debug({ err: error, controller: to?.member }, 'sessions could not be reported, again soon');
    }
    this.#isSending = false;
    if (this.#to === undefined) {
      this.#changes.clear();
      return;
    }
    if (!isDone) this.#owesList = true;
    if (this.#owesList || this.#changes.size > 0) this.#soon(isDone ? 0 : this.#options.limits.reportRetryMs);
  }

  /** False: it has to be sent again. */
  async #sendList(to: MemberBoot): Promise<boolean> {
    this.#owesList = false;
    this.#changes.clear();
    const rows = [...this.#rows.values()];
    const { rowsPerReport } = this.#options.limits;
    for (let at = 0; at === 0 || at < rows.length; at += rowsPerReport) {
      const isLast = at + rowsPerReport >= rows.length;
      const part = rows.slice(at, at + rowsPerReport);
      const report = { kind: 'list', epoch: this.#fence, isFirst: at === 0, isLast, rows: part } as const;
      const answer = this.#deliver(to, report);
      if (answer instanceof Promise) await answer;
      if (this.#isAskedAgain()) break;
    }
    return true;
  }

  #isAskedAgain(): boolean {
    return this.#owesList;
  }

  #sendChange(to: MemberBoot): boolean | Promise<boolean> {
    const { rowsPerReport } = this.#options.limits;
    const begun: SessionRow[] = [];
    const ended: Ended[] = [];
    for (const [key, change] of this.#changes) {
      if (begun.length + ended.length >= rowsPerReport) break;
      this.#changes.delete(key);
      if ('userName' in change) begun.push(change);
      else ended.push(change);
    }
    const answer = this.#deliver(to, { kind: 'change', epoch: this.#fence, begun, ended });
    return answer instanceof Promise ? answer.then(isTaken) : isTaken(answer);
  }

  #deliver(to: MemberBoot, report: SessionReport): ReportAnswer | Promise<unknown> {
    const { bus, deliverHere, limits } = this.#options;
    if (to.member === bus.self.member) return deliverHere(report);
    return bus.call(to, REPORT_SERVICE, report, { timeoutMs: limits.reportTimeoutMs });
  }
}

function isTaken(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'answer' in answer && answer.answer === 'taken';
}
