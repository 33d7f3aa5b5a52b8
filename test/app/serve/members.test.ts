import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FairStopwatch } from '../../io/node/fair-stopwatch.ts';
import { freePorts } from '../../io/node/free-ports.ts';
import { callLocal } from './local-api.ts';
import { ServeProcess } from './serve-process.ts';
import { VpnUser } from './vpn-user.ts';

let folder: string;
let running: ServeProcess[] = [];
let users: VpnUser[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-members-'));
});

afterEach(async () => {
  await Promise.all(users.map((user) => user.stop()));
  users = [];
  await Promise.all(running.map((server) => server.signal('SIGKILL')));
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

async function serve(members: number, more: readonly string[] = []): Promise<{ server: ServeProcess; port: number }> {
  const port = await freePorts(members + 1);
  const args = ['--listen', `127.0.0.1:${port}`, '--members', `${members}`, '--set', 'server.name=farm', ...more];
  const server = new ServeProcess(join(folder, 'data'), args);
  running.push(server);
  await server.isUp();
  return { server, port };
}

/** `GET path` on a listener: status and body. */
function get(port: number, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    httpsRequest({ host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      answer.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

describe('hubfarm serve --members 3', () => {
  test('listens once for each member, on ports in a row, and stops within 5 s', async () => {
    const { server, port } = await serve(3);
    expect(server.stderr).toContain(`hubfarm listens on ports ${port}, ${port + 1}, ${port + 2}`);
    for (const n of [0, 1, 2]) expect(await get(port + n, '/healthz')).toEqual({ status: 200, body: 'ok\n' });
    const stopping = new FairStopwatch();
    expect(await server.signal('SIGTERM')).toMatchObject({ code: 0 });
    expect(stopping.ms).toBeLessThan(5_000);
  });

  test('writes one log, in which each record of a member names it', async () => {
    const { server, port } = await serve(3);
    const records = server.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { message: string; self?: string; port?: number });
    const listening = records.filter(({ message }) => message === 'listening');
    expect(listening.map(({ self, port: at }) => `${self} ${at}`).sort()).toEqual(
      [`farm ${port}`, `farm/1 ${port + 1}`, `farm/2 ${port + 2}`].sort(),
    );
  });

  test('shows the figures of all members on one page', async () => {
    const { port } = await serve(3);
    await get(port + 2, '/healthz');
    const { body } = await get(port, '/metrics');
    for (const member of ['farm', 'farm/1', 'farm/2']) {
      expect(body).toContain(`hubfarm_softether_http_connections_total{member="${member}"} `);
      expect(body).toContain(`hubfarm_heap_bytes{member="${member}",kind="objects"} `);
    }
    expect(body).toContain('hubfarm_cluster_members{member="farm/2",state="online"} 3');
    expect(body.match(/^process_resident_memory_bytes /gm)).toHaveLength(1);
  });

  test('opens a listener that an administrator makes on every member', async () => {
    const { server } = await serve(2);
    const extra = await freePorts(2);
    await callLocal(server.dataDirectory, 'CreateListener', { Port_u32: extra, Enable_bool: true });
    await vi.waitFor(() => get(extra + 1, '/healthz'), { timeout: 60_000, interval: 100 });
    expect((await get(extra, '/healthz')).status).toBe(200);
    await callLocal(server.dataDirectory, 'DeleteListener', { Port_u32: extra });
    await vi.waitFor(() => expect(get(extra + 1, '/healthz')).rejects.toThrow(), { timeout: 60_000, interval: 100 });
  });

  test('goes on without a member whose ports are taken, says so, and starts it when they are free', async () => {
    const first = await freePorts(2);
    const taken = createServer().listen(first + 1, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const args = ['--listen', `127.0.0.1:${first}`, '--members', '2', '--set', 'server.name=farm'];
    const server = new ServeProcess(join(folder, 'data'), args);
    running.push(server);
    await server.isUp();
    const { status, body } = await get(first, '/readyz');
    expect(status).toBe(200);
    expect(body).toMatch(new RegExp(`members: farm/1: no listener could be opened.*${first + 1}`));
    await new Promise((resolve) => taken.close(resolve));
    await vi.waitFor(() => get(first + 1, '/healthz'), { timeout: 60_000, interval: 200 });
    expect((await get(first, '/readyz')).body).toContain('members: ok');
  });
});

describe('VPN sessions of hubfarm serve --members 3', () => {
  const createHub = async (server: ServeProcess, name: string): Promise<void> => {
    await callLocal(server.dataDirectory, 'CreateHub', { HubName_str: name, Online_bool: true });
    await callLocal(server.dataDirectory, 'CreateUser', { HubName_str: name, Name_str: 'anna', AuthType_u32: 0 });
  };
  const logIn = (port: number, hub: string): VpnUser => {
    const user = new VpnUser({ host: '127.0.0.1', port }, hub, 'anna');
    users.push(user);
    return user;
  };

  test('of one hub live on one member, which the controller chose, and hear each other', async () => {
    const { server, port } = await serve(3);
    await createHub(server, 'MEET');
    const [one, two] = [logIn(port, 'MEET'), logIn(port, 'MEET')];
    expect(await one.connected()).toBe(await two.connected());
    one.send('are you there');
    await vi.waitFor(() => expect(two.hasHeard('are you there')).toBe(true), { timeout: 30_000 });
  });

  test('of several hubs are spread over the members', async () => {
    const { server, port } = await serve(3);
    const hubs = Array.from({ length: 6 }, (_, n) => `HUB${n}`);
    for (const hub of hubs) await createHub(server, hub);
    const places: number[] = [];
    for (const hub of hubs) places.push(await logIn(port, hub).connected());
    expect(places.toSorted()).toEqual([port, port, port + 1, port + 1, port + 2, port + 2]);
  });

  test('are in the list that any administrator sees, wherever they live', async () => {
    const { server, port } = await serve(3);
    const hubs = ['A', 'B', 'C'];
    for (const hub of hubs) await createHub(server, hub);
    for (const hub of hubs) await logIn(port, hub).connected();
    for (const hub of hubs) {
      const { result } = await callLocal(server.dataDirectory, 'EnumSession', { HubName_str: hub });
      expect(result?.['SessionList']).toMatchObject([{ Username_str: 'anna' }]);
    }
  });
});
