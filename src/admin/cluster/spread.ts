import { memberName, parseMemberId, type MemberId } from '#cluster';
import { ErrorCode } from '#softether';
import type { Across, Call } from '../operations/operation.ts';
import { Refusal } from '../operations/refusal.ts';
import type { Fields, ValueOf } from '../schema/field.ts';

/** What one member has, where all have been asked. */
export interface MemberOutput<O> {
  readonly member: MemberId;
  /** As people see the member. */
  readonly name: string;
  /** This member itself. */
  readonly isSelf: boolean;
  /** A thread of this server, or this member itself. */
  readonly isOfThisServer: boolean;
  readonly output: O;
}

export interface Joining<I> {
  readonly input: I;
  readonly call: Call;
  /** This member knows what all members have counted. */
  readonly isController: boolean;
}

/** All members are asked; `join` makes one answer of theirs, the own one first. */
export function joined<I extends Fields, O extends Fields>(
  join: (outputs: readonly MemberOutput<ValueOf<O>>[], about: Joining<ValueOf<I>>) => ValueOf<O>,
): Across<I, O> {
  return async (asked) => {
    const { operation, input, call, others } = asked;
    const [mine, theirs] = await Promise.all([asked.own(), others.ask(operation, input)]);
    if (mine instanceof Refusal) return mine;
    const outputs = theirs.flatMap(({ answer, member, name, isOfThisServer }) =>
      answer instanceof Refusal ? [] : [{ member, name, isSelf: false, isOfThisServer, output: answer }],
    );
    const member = others.self;
    const self = { member, name: memberName(member), isSelf: true, isOfThisServer: true, output: mine };
    return join([self, ...outputs], { input, call, isController: others.isController });
  };
}

/** What it is about lives on one member: on this one, or else on the one of the others that knows it. */
export function whereItLives<I extends Fields, O extends Fields>(
  target: (input: ValueOf<I>) => string = () => '',
): Across<I, O> {
  return async (asked) => {
    const { operation, input, call, others } = asked;
    const mine = await asked.own();
    if (!(mine instanceof Refusal) || mine.error !== ErrorCode.OBJECT_NOT_FOUND) return mine;
    const parts = await others.ask(operation, input);
    const done = parts.find(({ answer }) => !(answer instanceof Refusal));
    if (done !== undefined) {
      if (operation.effect === 'change') call.changed(`${target(input)} on member ${done.name}`, {}, undefined);
      return done.answer;
    }
    // It is there, but what was asked for is not possible: that is the answer.
    return parts.find(({ answer }) => (answer as Refusal).error !== ErrorCode.OBJECT_NOT_FOUND)?.answer ?? mine;
  };
}

/** What several members of one server have: they share its files and interfaces. */
export interface ServerOutputs<O> {
  /** As people see the server; empty: this one. */
  readonly name: string;
  readonly outputs: readonly O[];
}

/** This server first. */
export function byServer<O>(outputs: readonly MemberOutput<O>[]): readonly ServerOutputs<O>[] {
  const servers = new Map<string, { readonly name: string; readonly outputs: O[] }>();
  for (const { member, isOfThisServer, output } of outputs) {
    const server = parseMemberId(member)?.server ?? member;
    const known = servers.get(server);
    if (known === undefined) servers.set(server, { name: isOfThisServer ? '' : server, outputs: [output] });
    else known.outputs.push(output);
  }
  return [...servers.values()];
}

/** Sum of one figure over members. */
export function sumOf<O>(outputs: readonly MemberOutput<O>[], figure: (output: O) => number): number {
  return outputs.reduce((sum, { output }) => sum + figure(output), 0);
}

/** The latest of one time over members. */
export function latestOf<O>(outputs: readonly MemberOutput<O>[], time: (output: O) => number): number {
  return outputs.reduce((latest, { output }) => Math.max(latest, time(output)), 0);
}
