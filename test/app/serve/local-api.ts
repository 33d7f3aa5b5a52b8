import { request } from 'node:http';
import { join } from 'node:path';

export interface RpcAnswer {
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** One JSON-RPC call over the local socket of a server. Rejects when the connection is lost before the answer. */
export function callLocal(dataDirectory: string, method: string, params: object = {}): Promise<RpcAnswer> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: '1', method, params });
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: join(dataDirectory, 'admin.sock'), path: '/api/', method: 'POST' }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('error', reject);
      answer.on('close', () => {
        if (answer.complete) resolve(JSON.parse(text) as RpcAnswer);
        else reject(new Error('connection lost in the middle of an answer'));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
