import { ErrorCode } from '#softether';
import type { Caller } from '../operations/caller.ts';
import type { AdminContext } from '../operations/context.ts';
import { invoke } from '../operations/invoke.ts';
import { operations } from '../operations/table.ts';
import { refuse, type Refusal } from '../operations/refusal.ts';
import { decodeJson, encodeJson } from '../schema/json.ts';

/** An `id` is given back as it came, numbers too (the original answers a number with "0"). */
type RpcId = string | number;

export type RpcResponse = { readonly jsonrpc: '2.0'; readonly id: RpcId } & (
  { readonly result: object } | { readonly error: { readonly code: number; readonly message: string } }
);

const NO_ID = '0';

/** Serves the body of a POST to `/api/`. Always an answer; HTTP stays 200 for errors of the call. */
export async function serveRpc(context: AdminContext, body: string, caller: Caller): Promise<RpcResponse> {
  const request = parseObject(body);
  if (request === undefined) {
    return failure(NO_ID, refuse(ErrorCode.INVALID_PARAMETER, 'the request is not a JSON object'));
  }
  const id = idOf(request.id);
  if (typeof request.method !== 'string') {
    return failure(id, refuse(ErrorCode.INVALID_PARAMETER, 'the request has no "method"'));
  }
  return callMethod(context, request.method, request.params ?? {}, id, caller);
}

/** Serves one call, however it came. */
export async function callMethod(
  context: AdminContext,
  method: string,
  params: unknown,
  id: RpcId,
  caller: Caller,
): Promise<RpcResponse> {
  const operation = operations.get(method);
  if (operation === undefined) return failure(id, refuse(ErrorCode.NOT_SUPPORTED, `there is no method "${method}"`));
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    return failure(id, refuse(ErrorCode.INVALID_PARAMETER, '"params" must be an object'));
  }
  const outcome = await invoke(context, operation, decodeJson(operation.input, params), caller);
  if (outcome.kind === 'refused') return failure(id, outcome.refusal);
  return { jsonrpc: '2.0', id, result: encodeJson(operation.output, outcome.output as never) };
}

function failure(id: RpcId, { error, message }: Refusal): RpcResponse {
  return { jsonrpc: '2.0', id, error: { code: error, message: `Error code ${error}: ${message}` } };
}

function idOf(id: unknown): RpcId {
  return typeof id === 'string' || typeof id === 'number' ? id : NO_ID;
}

function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
