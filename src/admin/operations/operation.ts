import { ErrorCode } from '#softether';
import type { HubRecord } from '#hub';
import { type Fields, type ValueOf } from '../schema/field.ts';
import type { AdminContext } from './context.ts';
import type { OtherMembers, Question } from '../cluster/other-members.ts';
import type { Caller, Role } from './caller.ts';
import { refuse, type Refusal } from './refusal.ts';

/** What an operation gives back: its output, or why not. */
export type Answer<O extends Fields> = ValueOf<O> | Refusal;

/** What a running operation knows of the call besides its input. */
export interface Call {
  readonly caller: Caller;
  /**
   * For the audit log: what was changed, from what, to what. `undefined` = did not exist, or does not any more.
   * Secrets may be in the records: the log keeps only that they changed.
   */
  changed(target: string, before: object | undefined, after: object | undefined): void;
}

/** One call of an operation on a server that has other members to ask. */
export interface ClusterCall<I extends Fields, O extends Fields> {
  readonly operation: Question<I, O>;
  readonly input: ValueOf<I>;
  readonly call: Call;
  readonly others: OtherMembers;
  readonly context: AdminContext;
  /** What this member has to say; to another input where one is given. */
  own(input?: ValueOf<I>): Promise<Answer<O>>;
}

/** Makes one answer of those of all members. Members serve the operation to each other, each for itself alone. */
export type Across<I extends Fields, O extends Fields> = (asked: ClusterCall<I, O>) => Promise<Answer<O>>;

interface Description<I extends Fields, O extends Fields> {
  /** The function's name on the wire. */
  readonly name: string;
  /** For people: `hubfarm <noun> <verb>`. */
  readonly noun: string;
  readonly verb: string;
  /** One sentence or two, for the documentation. */
  readonly about: string;
  readonly input: I;
  readonly output: O;
  /** `change` is written to the audit log. */
  readonly effect: 'read' | 'change';
  /** hubfarm's own operations are not offered over the SoftEther RPC, whose function names are taken. */
  readonly faces?: 'all' | 'json';
  /** Where what it is about may live on any member of the cluster. */
  across?(asked: ClusterCall<I, O>): Promise<Answer<O>>;
}

export interface OperationOf<I extends Fields, O extends Fields> extends Description<I, O> {
  readonly role: Role;
  /** The input field that names the hub, where `role` is `hub`. */
  readonly hubField: string;
  run(context: AdminContext, input: ValueOf<I>, call: Call): Answer<O> | Promise<Answer<O>>;
}

/** One row of the table: everything that the faces know of an operation. */
export type Operation = OperationOf<Fields, Fields>;

type ServerOperation<I extends Fields, O extends Fields> = Description<I, O> & {
  readonly role: 'anyone' | 'server';
  run(context: AdminContext, input: ValueOf<I>, call: Call): Answer<O> | Promise<Answer<O>>;
};

export function operation<I extends Fields, O extends Fields>(definition: ServerOperation<I, O>): Operation {
  return erase({ ...definition, hubField: '' });
}

type HubOperation<I extends Fields, O extends Fields> = Description<I, O> & {
  /** Where the hub's name is not in `HubName`. */
  readonly hubField?: string;
  run(context: AdminContext, input: ValueOf<I>, call: Call, hub: HubRecord): Answer<O> | Promise<Answer<O>>;
};

/** An operation on one existing hub, for the server's administrators and that hub's. */
export function hubOperation<I extends Fields, O extends Fields>(definition: HubOperation<I, O>): Operation {
  const hubField = definition.hubField ?? 'HubName';
  return erase<I, O>({
    ...definition,
    role: 'hub',
    hubField,
    run: (context, input, call) => {
      const name = (input as Readonly<Record<string, unknown>>)[hubField] as string;
      const hub = context.directory.hub(name);
      if (hub === undefined) return refuse(ErrorCode.HUB_NOT_FOUND, `there is no Virtual Hub "${name}"`);
      return definition.run(context, input, call, hub);
    },
  });
}

/** The table holds operations of many types; each is called only with what its own schema has decoded. */
function erase<I extends Fields, O extends Fields>(definition: OperationOf<I, O>): Operation {
  return definition;
}
