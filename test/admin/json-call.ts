import type { AdminContext } from '#admin';
import { callMethod, type RpcResponse } from '../../src/admin/http/json-rpc.ts';
import type { Caller } from '../../src/admin/operations/caller.ts';

const server: Caller = { role: 'server', remoteAddress: '192.0.2.1', face: 'json-rpc' };

/** Calls a method as the JSON-RPC face does after it has found out who asks. What comes back has been JSON text. */
export async function callJson(
  context: AdminContext,
  method: string,
  params: object,
  caller: Caller = server,
): Promise<RpcResponse> {
  return JSON.parse(JSON.stringify(await callMethod(context, method, params, '1', caller))) as RpcResponse;
}
