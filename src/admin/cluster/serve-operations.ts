import { HubfarmError } from '#base';
import { memberName, type Bus, type MemberBoot } from '#cluster';
import type { Random } from '#io';
import type { Caller } from '../operations/caller.ts';
import type { AdminContext } from '../operations/context.ts';
import { invokeHere } from '../operations/invoke.ts';
import type { Operation } from '../operations/operation.ts';
import { operations } from '../operations/table.ts';
import { decodeJson, encodeJson } from '../schema/json.ts';
import { AnswerPieces, type Piece } from './answer-pieces.ts';
import type { MemberAnswer } from './other-members.ts';
import { REST_SERVICE, serviceOf } from './services.ts';

export interface ServedMember {
  readonly context: AdminContext;
  readonly bus: Pick<Bus, 'serve'>;
  readonly random: Random;
}

/**
 * Answers the controller, and the other threads of this server, about what is here: the same operations as those of
 * the faces, without asking anybody else in turn. Returns the function that ends it.
 */
export function serveOperations({ context, bus, random }: ServedMember): () => void {
  const pieces = new AnswerPieces(context.clock, random);
  const served = [...operations.values()].filter((operation) => operation.across !== undefined);
  const stops = served.map((operation) =>
    bus.serve(serviceOf(operation.name), async (body, from): Promise<Piece> => {
      checkMayAsk(context, from);
      return pieces.first(JSON.stringify(await answer(context, operation, body, from)));
    }),
  );
  stops.push(
    bus.serve(REST_SERVICE, (body, from): Piece => {
      checkMayAsk(context, from);
      const { rest } = (body ?? {}) as { readonly rest?: unknown };
      const piece = typeof rest === 'string' ? pieces.next(rest) : undefined;
      if (piece === undefined) throw new HubfarmError('NO_REST', 'the rest of that answer is not here any more');
      return piece;
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}

function checkMayAsk(context: AdminContext, from: MemberBoot): void {
  if (context.cluster?.members?.mayAsk(from) === true) return;
  throw new HubfarmError('NOT_CONTROLLER', `${memberName(from.member)} is not the controller of this member`);
}

async function answer(
  context: AdminContext,
  operation: Operation,
  body: unknown,
  from: MemberBoot,
): Promise<MemberAnswer> {
  const { input, caller } = (body ?? {}) as { readonly input?: unknown; readonly caller?: unknown };
  const outcome = await invokeHere(context, operation, decodeJson(operation.input, input), callerOf(caller, from));
  if (outcome.kind === 'refused') {
    return { kind: 'refused', error: outcome.refusal.error, message: outcome.refusal.message };
  }
  return { kind: 'done', output: encodeJson(operation.output, outcome.output as never) };
}

const faces = ['softether-rpc', 'json-rpc', 'socket', 'cluster'] as const;

/** What cannot be read gives no rights. */
function callerOf(value: unknown, from: MemberBoot): Caller {
  const given = (value ?? {}) as Readonly<Record<string, unknown>>;
  const address = typeof given['remoteAddress'] === 'string' ? given['remoteAddress'] : memberName(from.member);
  const who = { remoteAddress: address, face: faces.find((face) => face === given['face']) ?? 'cluster' } as const;
  if (given['role'] === 'server') return { ...who, role: 'server' };
  if (given['role'] === 'hub' && typeof given['hubName'] === 'string') {
    return { ...who, role: 'hub', hubName: given['hubName'] };
  }
  return { ...who, role: 'nobody' };
}
