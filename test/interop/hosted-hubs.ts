import { execPath } from 'node:process';
import type { Host } from './namespaces.ts';

/** Runs on the server's host: makes hubs PREFIX1, PREFIX2 … with one anonymous user each, some at a time. */
const program = `
const [prefix, user, count, atATime, password] = process.argv.slice(1);
let next = 1;
async function call(method, params) {
  const response = await fetch('https://127.0.0.1/api/', {
    method: 'POST',
    headers: { 'X-VPNADMIN-PASSWORD': password },
    body: JSON.stringify({ jsonrpc: '2.0', id: '1', method, params }),
  });
  const { error } = await response.json();
  if (error !== undefined) throw new Error(method + ' ' + JSON.stringify(params) + ': ' + error.message);
}
async function work() {
  while (next <= Number(count)) {
    const HubName_str = prefix + next++;
    await call('CreateHub', { HubName_str, HubType_u32: 2, Online_bool: true });
    await call('CreateUser', { HubName_str, Name_str: user, AuthType_u32: 0 });
  }
}
await Promise.all(Array.from({ length: Number(atATime) }, work));
`;

export interface HubsWish {
  readonly prefix: string;
  readonly user: string;
  readonly count: number;
  readonly password: string;
}

/** Makes dynamic hubs at the controller, over its JSON-RPC. Resolves with the seconds that it took. */
export async function createDynamicHubs(host: Host, { prefix, user, count, password }: HubsWish): Promise<number> {
  const startedMs = performance.now();
  const words = [prefix, user, `${count}`, '16', password];
  await host.mustRun(execPath, ['--input-type=module', '-e', program, ...words], {
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' },
    timeoutMs: 600_000,
  });
  return (performance.now() - startedMs) / 1000;
}
