import type { AgentRequest } from '../core/account-agent.ts';
import type { ResponseOptions } from '../message/build.ts';
import { reply } from '../transaction/reply.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';

/** An answer to a request that the agent has taken. */
export interface AgentAnswer extends ResponseOptions {
  readonly status: number;
}

/** Answers in the transaction; does nothing where there was no room for one (a 503 has been sent then). */
export function answer(
  request: Pick<AgentRequest, 'message' | 'hop' | 'toTag'>,
  transaction: ServerTransaction | undefined,
  { status, ...options }: AgentAnswer,
): void {
  const { message, hop } = request;
  transaction?.respond(reply(message, hop, status, { toTag: request.toTag(), ...options }), status);
}
