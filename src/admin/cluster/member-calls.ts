import { reasonOf, type Logger } from '#base';
import {
  memberName,
  parseMemberId,
  type Bus,
  type Controllership,
  type MemberBoot,
  type MemberId,
  type MemberView,
  type Membership,
} from '#cluster';
import type { Clock } from '#io';
import { ANSWER_MAX_AGE_MS, ANSWER_TIMEOUT_MS, MAX_KEPT_ANSWERS, ORDER_TIMEOUT_MS } from './limits.ts';
import { REST_SERVICE } from './services.ts';

export interface MemberCallsOptions {
  readonly bus: Pick<Bus, 'call'>;
  readonly membership: Pick<Membership, 'self' | 'members' | 'find'>;
  readonly controllership: Pick<Controllership, 'controller' | 'isController'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a member said, or why there is nothing. */
export type Reply =
  { readonly kind: 'answer'; readonly value: unknown } | { readonly kind: 'none'; readonly cause: string };

interface Kept {
  readonly untilMs: number;
  readonly reply: Promise<Reply>;
}

/**
 * Asks the other members on behalf of administrators. The controller asks all members; any other server only its own
 * threads. Who does not answer in time is left out, which the log says once until it answers again.
 */
export class MemberCalls {
  readonly #options: MemberCallsOptions;
  readonly #kept = new Map<string, Kept>();
  /** Members that did not answer the last time, and why. */
  readonly #silent = new Map<MemberId, string>();

  constructor(options: MemberCallsOptions) {
    this.#options = options;
  }

  get self(): MemberId {
    return this.#options.membership.self.id;
  }

  get isController(): boolean {
    return this.#options.controllership.isController();
  }

  get membership(): MemberCallsOptions['membership'] {
    return this.#options.membership;
  }

  get controllership(): MemberCallsOptions['controllership'] {
    return this.#options.controllership;
  }

  /** The others that are asked, in the order of their names. */
  others(): readonly MemberView[] {
    const all = this.isController;
    return this.#options.membership
      .members()
      .filter(({ info }) => info.id !== this.self && (all || this.isOfThisServer(info.id)))
      .sort((a, b) => compareMembers(a.info.id, b.info.id));
  }

  isOfThisServer(member: MemberId): boolean {
    return parseMemberId(member)?.server === parseMemberId(this.self)?.server;
  }

  /** Whether `from` may ask this member: the controller may, and other threads of this server. */
  mayAsk(from: MemberBoot): boolean {
    if (this.isOfThisServer(from.member)) return true;
    const controller = this.#options.controllership.controller();
    return controller?.member === from.member && controller.boot === from.boot;
  }

  /** Why a member did not answer the last time; undefined = it did, or was not asked. */
  whySilent(member: MemberId): string | undefined {
    return this.#silent.get(member);
  }

  /** Never rejects. `isFresh`: an answer that somebody got a moment ago does not do. */
  ask(view: MemberView, service: string, body: unknown, { isFresh = false } = {}): Promise<Reply> {
    if (isFresh) return this.#ask(view, service, body, ORDER_TIMEOUT_MS);
    const now = this.#options.clock.nowMs();
    const key = `${view.info.id} ${view.info.boot} ${service} ${JSON.stringify(body)}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.untilMs > now) return kept.reply;
    if (this.#kept.size >= MAX_KEPT_ANSWERS) this.#kept.clear();
    const reply = this.#ask(view, service, body, ANSWER_TIMEOUT_MS);
    this.#kept.set(key, { untilMs: now + ANSWER_MAX_AGE_MS, reply });
    return reply;
  }

  /** Something was changed: what members said before does not hold any more. */
  forgetAnswers(): void {
    this.#kept.clear();
  }

  async #ask({ info, state, cause }: MemberView, service: string, body: unknown, withinMs: number): Promise<Reply> {
    if (state === 'suspect') return this.#noAnswer(info.id, cause === '' ? 'the cluster does not hear it' : cause);
    try {
      const value = await this.#call({ member: info.id, boot: info.boot }, service, body, withinMs);
      if (this.#silent.delete(info.id)) {
        this.#options.logger.info({ member: info.id }, `${memberName(info.id)} answers again`);
      }
      return { kind: 'answer', value };
    } catch (error) {
      return this.#noAnswer(info.id, reasonOf(error));
    }
  }

  async #call(to: MemberBoot, service: string, body: unknown, withinMs: number): Promise<unknown> {
    const { bus, clock } = this.#options;
    const deadline = clock.nowMs() + withinMs;
    const options = () => ({ timeoutMs: Math.max(deadline - clock.nowMs(), 1) });
    let piece = pieceOf(await bus.call(to, service, body, options()));
    let text = piece.text;
    while (piece.rest !== undefined) {
      piece = pieceOf(await bus.call(to, REST_SERVICE, { rest: piece.rest }, options()));
      text += piece.text;
    }
    return JSON.parse(text) as unknown;
  }

  #noAnswer(member: MemberId, cause: string): Reply {
    if (!this.#silent.has(member)) {
      const name = memberName(member);
      this.#options.logger.warn({ member, cause }, `${name} does not answer: it is left out of lists until it does`);
    }
    for (const known of this.#silent.keys()) {
      if (this.#options.membership.find(known) === undefined) this.#silent.delete(known);
    }
    this.#silent.set(member, cause);
    return { kind: 'none', cause };
  }
}

function pieceOf(value: unknown): { readonly text: string; readonly rest: string | undefined } {
  const { text, rest } = (value ?? {}) as { readonly text?: unknown; readonly rest?: unknown };
  if (typeof text !== 'string') throw new Error('the answer is not one that this version understands');
  return { text, rest: typeof rest === 'string' ? rest : undefined };
}

/** By name, then by number: `a/2` before `a/10`. */
export function compareMembers(a: MemberId, b: MemberId): number {
  const [left, right] = [parseMemberId(a), parseMemberId(b)];
  if (left === undefined || right === undefined || left.server !== right.server) return a < b ? -1 : a > b ? 1 : 0;
  return left.index - right.index;
}
