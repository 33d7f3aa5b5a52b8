import { HubfarmError } from '#base';
import { ErrorCode } from '#softether';
import { OtherMembers } from '../cluster/other-members.ts';
import type { AdminContext } from './context.ts';
import { rightsOf, type Caller } from './caller.ts';
import type { AuditChange } from './audit-record.ts';
import type { Call, Operation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { refusedForRole, serverRole, whyRefused } from './server-role.ts';

/** What the modules below throw, as the number that the wire has for it. */
const errorNumbers: ReadonlyMap<string, number> = new Map([
  ['HUB_NOT_FOUND', ErrorCode.HUB_NOT_FOUND],
  ['HUB_ONLINE', ErrorCode.NOT_SUPPORTED],
  ['NOT_CONTROLLER', ErrorCode.NOT_FARM_CONTROLLER],
  ['HUB_EXISTS', ErrorCode.HUB_ALREADY_EXISTS],
  ['TOO_MANY_HUBS', ErrorCode.TOO_MANY_HUBS],
  ['USER_NOT_FOUND', ErrorCode.OBJECT_NOT_FOUND],
  ['USER_EXISTS', ErrorCode.USER_ALREADY_EXISTS],
  ['TOO_MANY_USERS', ErrorCode.TOO_MANY_USER],
  ['BAD_LICENCE', ErrorCode.INVALID_LICENSE_KEY],
  ['LICENCE_EXPIRED', ErrorCode.LICENSE_ERROR],
  ['LICENCE_EXISTS', ErrorCode.OBJECT_EXISTS],
  ['TOO_MANY_LICENCES', ErrorCode.TOO_MANT_ITEMS],
  ['BAD_NAME', ErrorCode.INVALID_PARAMETER],
  ['BAD_DOCUMENT', ErrorCode.INVALID_PARAMETER],
  ['BAD_IDENTITY', ErrorCode.PROTOCOL_ERROR],
  ['BAD_PORT', ErrorCode.INVALID_PARAMETER],
  ['BAD_RECORD', ErrorCode.INVALID_PARAMETER],
  ['BAD_VALUE', ErrorCode.INVALID_PARAMETER],
  ['LISTENER_NOT_FOUND', ErrorCode.LISTENER_NOT_FOUND],
  ['LISTENER_EXISTS', ErrorCode.LISTENER_ALREADY_EXISTS],
  ['BRIDGE_NOT_FOUND', ErrorCode.OBJECT_NOT_FOUND],
  ['BRIDGE_EXISTS', ErrorCode.OBJECT_EXISTS],
  ['TOO_MANY_BRIDGES', ErrorCode.TOO_MANT_ITEMS],
  ['TOO_MANY_LISTENERS', ErrorCode.TOO_MANT_ITEMS],
  ['SIP_DOMAIN_NOT_FOUND', ErrorCode.OBJECT_NOT_FOUND],
  ['SIP_DOMAIN_EXISTS', ErrorCode.OBJECT_EXISTS],
  ['SIP_ACCOUNT_NOT_FOUND', ErrorCode.OBJECT_NOT_FOUND],
  ['SIP_ACCOUNT_EXISTS', ErrorCode.OBJECT_EXISTS],
  ['SIP_ALIAS_TAKEN', ErrorCode.OBJECT_EXISTS],
  ['TOO_MANY_SIP_DOMAINS', ErrorCode.TOO_MANT_ITEMS],
  ['TOO_MANY_SIP_ACCOUNTS', ErrorCode.TOO_MANT_ITEMS],
  // What keeps a server from being in a cluster
  ['WRONG_PASSWORD', ErrorCode.ACCESS_DENIED],
  ['BLOCKED', ErrorCode.ACCESS_DENIED],
  ['NO_PASSWORD', ErrorCode.INVALID_PARAMETER],
  ['CANNOT_CONNECT', ErrorCode.CONNECT_FAILED],
  ['NOT_HUBFARM', ErrorCode.SERVER_IS_NOT_VPN],
  ['VERSION_MISMATCH', ErrorCode.VERSION_INVALID],
  ['CLOCK_SKEW', ErrorCode.BAD_CLOCK],
  ['NAME_TAKEN', ErrorCode.OBJECT_EXISTS],
  ['BAD_REQUEST', ErrorCode.INVALID_PARAMETER],
  ['BAD_PUBLIC_ADDRESS', ErrorCode.INVALID_PARAMETER],
  ['PUBLIC_ADDRESS_UNREACHABLE', ErrorCode.INVALID_PARAMETER],
  ['LICENCE', ErrorCode.NO_VPN_CLUSTER_LICENSE],
  ['NOT_IN_CLUSTER', ErrorCode.NOT_FARM_MEMBER],
  ['BUSY', ErrorCode.SERVER_CANT_ACCEPT],
  ['NOT_READY', ErrorCode.SERVER_CANT_ACCEPT],
]);

export type Outcome =
  { readonly kind: 'done'; readonly output: object } | { readonly kind: 'refused'; readonly refusal: Refusal };

type Scope = 'here' | 'everywhere';

/**
 * The one way to an operation, for every face: rights, then the operation, on all members that it concerns, then the
 * audit log. Never throws.
 */
export function invoke(context: AdminContext, operation: Operation, input: object, caller: Caller): Promise<Outcome> {
  return conduct(context, operation, input, caller, 'everywhere');
}

/** The same for another member, which has asked the rest of them itself: only about what is here. */
export function invokeHere(
  context: AdminContext,
  operation: Operation,
  input: object,
  caller: Caller,
): Promise<Outcome> {
  return conduct(context, operation, input, caller, 'here');
}

async function conduct(
  context: AdminContext,
  operation: Operation,
  input: object,
  caller: Caller,
  scope: Scope,
): Promise<Outcome> {
  const changes: AuditChange[] = [];
  const answer = await run(context, operation, input, caller, changes, scope);
  const refusal = answer instanceof Refusal ? answer : undefined;
  if (operation.effect === 'change') {
    const outcome = refusal === undefined ? 'done' : refusal.error;
    if (refusal !== undefined) changes.push({ target: namedIn(input), before: undefined, after: undefined });
    context.audit.record({ timeMs: context.clock.wallMs(), caller, operation: operation.name, outcome, changes });
  }
  return refusal === undefined ? { kind: 'done', output: answer } : { kind: 'refused', refusal };
}

async function run(
  context: AdminContext,
  operation: Operation,
  input: object,
  caller: Caller,
  changes: AuditChange[],
  scope: Scope,
): Promise<object> {
  if (scope === 'everywhere') {
    const refusal = refusalForRole(context, operation, caller);
    if (refusal !== undefined) return refusal;
  }
  const rights = rightsOf(operation, input, caller);
  if (rights === 'denied') return refuse(ErrorCode.NOT_ENOUGH_RIGHT);
  if (rights === 'noHubNamed')
    return refuse(ErrorCode.INVALID_PARAMETER, `${operation.hubField} must name a Virtual Hub`);
  const changed = (target: string, before: object | undefined, after: object | undefined): void => {
    changes.push({ target, before, after });
  };
  try {
    const call = { caller, changed };
    return await (scope === 'here'
      ? operation.run(context, input as never, call)
      : runEverywhere(context, operation, input, call));
  } catch (error) {
    return refusalFor(context, operation, error);
  }
}

/** Operations that are about one member ask nobody else, and where there is nobody else none does. */
async function runEverywhere(context: AdminContext, operation: Operation, input: object, call: Call): Promise<object> {
  const own = async (asked: object = input) => operation.run(context, asked as never, call);
  const members = context.cluster?.members;
  if (operation.across === undefined || members === undefined || members.others().length === 0) return own();
  const others = new OtherMembers(members, call.caller);
  return operation.across({ operation, input: input as never, call, context, others, own });
}

/** Hubs and users are administered at the controller; a member has no other administrators than the server's. */
function refusalForRole(context: AdminContext, operation: Operation, caller: Caller): Refusal | undefined {
  if (caller.role === 'hub' && serverRole(context) === 'member') return refuse(ErrorCode.NOT_ENOUGH_RIGHT);
  const error = refusedForRole(context, operation.name);
  return error === undefined || caller.role === 'nobody' ? undefined : refuse(error, whyRefused(context));
}

/** The fields that say what an operation is about. */
const naming = ['HubName', 'HubNameLB', 'Name', 'DeviceName', 'Port', 'Key', 'Target', 'Domain', 'Account'];
/** Longer names are no names; the log shall not grow with them. */
const MAX_NAMED_CHARACTERS = 100;

/** For the audit log: what a refused call was about, in the caller's words. */
function namedIn(input: object): string {
  const named = Object.entries(input).filter(([field]) => naming.includes(field));
  return named.map(([field, value]) => `${field} ${String(value).slice(0, MAX_NAMED_CHARACTERS)}`).join(', ');
}

function refusalFor(context: AdminContext, operation: Operation, error: unknown): Refusal {
  if (error instanceof HubfarmError) {
    const number = errorNumbers.get(error.code);
    if (number !== undefined) return refuse(number, error.message);
    context.logger.warn({ operation: operation.name, code: error.code, err: error }, 'administration request failed');
    return refuse(ErrorCode.INTERNAL_ERROR, error.message);
  }
  context.logger.error({ operation: operation.name, err: error }, 'administration request failed unexpectedly');
  return refuse(ErrorCode.INTERNAL_ERROR);
}
