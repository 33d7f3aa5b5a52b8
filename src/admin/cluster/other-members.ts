import { memberName, type MemberId } from '#cluster';
import type { Caller } from '../operations/caller.ts';
import { Refusal } from '../operations/refusal.ts';
import type { Fields, ValueOf } from '../schema/field.ts';
import { decodeJson, encodeJson } from '../schema/json.ts';
import type { MemberCalls, Reply } from './member-calls.ts';
import { serviceOf } from './services.ts';

/** An operation, as far as who asks for it and who is asked must agree. */
export interface Question<I extends Fields, O extends Fields> {
  readonly name: string;
  readonly effect: 'read' | 'change';
  readonly input: I;
  readonly output: O;
}

/** What one member answered. */
export interface Part<O> {
  readonly member: MemberId;
  /** As people see it. */
  readonly name: string;
  /** It is a thread of this very server. */
  readonly isOfThisServer: boolean;
  readonly answer: O | Refusal;
}

/** What travels: the answer of a member to another. */
export type MemberAnswer =
  | { readonly kind: 'done'; readonly output: object }
  | { readonly kind: 'refused'; readonly error: number; readonly message: string };

/** The other members, as an operation asks them for one administrator. Those that do not answer are left out. */
export class OtherMembers {
  readonly #calls: MemberCalls;
  readonly #caller: Caller;

  constructor(calls: MemberCalls, caller: Caller) {
    this.#calls = calls;
    this.#caller = caller;
  }

  get self(): MemberId {
    return this.#calls.self;
  }

  get isController(): boolean {
    return this.#calls.isController;
  }

  /** All at once. */
  async ask<I extends Fields, O extends Fields>(
    question: Question<I, O>,
    input: ValueOf<I>,
    options: { readonly isFresh?: boolean } = {},
  ): Promise<readonly Part<ValueOf<O>>[]> {
    const views = this.#calls.others();
    const replies = await Promise.all(
      views.map((view) =>
        this.#calls.ask(view, serviceOf(question.name), this.#body(question, input), {
          isFresh: question.effect === 'change' || options.isFresh === true,
        }),
      ),
    );
    if (question.effect === 'change') this.#calls.forgetAnswers();
    return views.flatMap(({ info }, at) => this.#part(question, info.id, replies[at]!));
  }

  /** undefined: there is no such member, or it does not answer. */
  async askOne<I extends Fields, O extends Fields>(
    member: MemberId,
    question: Question<I, O>,
    input: ValueOf<I>,
  ): Promise<ValueOf<O> | Refusal | undefined> {
    const view = this.#calls.others().find(({ info }) => info.id === member);
    if (view === undefined) return undefined;
    const isFresh = question.effect === 'change';
    const reply = await this.#calls.ask(view, serviceOf(question.name), this.#body(question, input), { isFresh });
    if (isFresh) this.#calls.forgetAnswers();
    return this.#part(question, member, reply)[0]?.answer;
  }

  /** Those whose name people gave, in any case of letters; undefined: there is none. */
  named(name: string): MemberId | undefined {
    const wanted = name.toLowerCase();
    return this.#calls.others().find(({ info }) => memberName(info.id).toLowerCase() === wanted)?.info.id;
  }

  /** Only what changes something is told who asked, for the audit log: other answers serve several. */
  #body<I extends Fields, O extends Fields>(question: Question<I, O>, input: ValueOf<I>): object {
    const caller = this.#caller;
    const who = { role: caller.role, ...(caller.role === 'hub' ? { hubName: caller.hubName } : {}) };
    const from = question.effect === 'change' ? { remoteAddress: caller.remoteAddress, face: caller.face } : {};
    return { input: encodeJson(question.input, input), caller: { ...who, ...from } };
  }

  #part<O extends Fields>(question: { readonly output: O }, member: MemberId, reply: Reply): Part<ValueOf<O>>[] {
    const said = reply.kind === 'none' ? undefined : answerIn(reply.value);
    if (said === undefined) return [];
    const answer = said instanceof Refusal ? said : decodeJson(question.output, said);
    return [{ member, name: memberName(member), isOfThisServer: this.#calls.isOfThisServer(member), answer }];
  }
}

/** A refusal, or the output as JSON; undefined: nothing that this version understands. */
function answerIn(value: unknown): object | undefined {
  const { kind, output, error, message } = (value ?? {}) as { readonly [N in string]?: unknown };
  if (kind === 'refused') return new Refusal(Number(error), String(message));
  return kind === 'done' && typeof output === 'object' && output !== null ? output : undefined;
}
