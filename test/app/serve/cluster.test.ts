import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { FairStopwatch } from '../../io/node/fair-stopwatch.ts';
import { ClusterServer } from './cluster-server.ts';
import { VpnUser } from './vpn-user.ts';

/** Five seconds are the goal, on a machine that does nothing else. */
const awayMaxMs = 20_000;

let folder: string;
let servers: ClusterServer[] = [];
let users: VpnUser[] = [];

const start = async (name: string, members = 1): Promise<ClusterServer> => {
  const server = await ClusterServer.start(folder, name, { members });
  servers.push(server);
  return server;
};

/** Everybody sees everybody. */
async function areTogether(all: readonly ClusterServer[] = servers): Promise<void> {
  const names = all.map(({ name }) => `${name} online`).sort();
  for (const server of all) {
    await vi.waitFor(async () => expect(await server.members()).toEqual(names), { timeout: 60_000, interval: 100 });
  }
}

const logIn = (server: ClusterServer, hub: string): VpnUser => {
  const user = new VpnUser({ host: '127.0.0.1', port: server.port }, hub, 'anna');
  users.push(user);
  return user;
};

/** Where a new session of the hub is; one try. */
async function placeOfOne(server: ClusterServer, hub: string): Promise<number> {
  const user = logIn(server, hub);
  try {
    return await user.connected();
  } catch (error) {
    // It would go on trying.
    await user.stop();
    throw error;
  }
}

const dynamic = 2;

async function createHub(server: ClusterServer, name: string, type = dynamic): Promise<void> {
  const made = await server.call('CreateHub', { HubName_str: name, Online_bool: true, HubType_u32: type });
  expect(made.error).toBeUndefined();
  await server.call('CreateUser', { HubName_str: name, Name_str: 'anna', AuthType_u32: 0 });
}

/** `/readyz` over the local socket. */
const readyz = (server: ClusterServer): Promise<string> =>
  new Promise((resolve, reject) => {
    request({ socketPath: join(server.dataDirectory, 'admin.sock'), path: '/readyz' }, (answer) => {
      let body = `${answer.statusCode ?? 0} `;
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });

const begin = (): void => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-cluster-'));
  servers = [];
};

const end = async (): Promise<void> => {
  await Promise.all(servers.map((server) => server.process.signal('SIGTERM')));
  rmSync(folder, { recursive: true, force: true });
};

afterEach(async ({ task }) => {
  await Promise.all(users.map((user) => user.stop()));
  users = [];
  if (task.result?.state !== 'fail') return;
  for (const { name, process } of servers) console.log(`${name}\n${process.stdout}${process.stderr}`);
});

describe('three servers in a cluster', () => {
  let one: ClusterServer;
  let two: ClusterServer;
  let three: ClusterServer;

  beforeAll(async () => {
    begin();
    one = await start('one');
    await one.makeCluster();
    two = await start('two');
    await two.join(one);
    three = await start('three');
    await three.join(one);
    await areTogether();
    for (const hub of ['A', 'B', 'ROAM', 'STAY']) await createHub(one, hub);
  });
  afterAll(end);

  test('share the sessions; the controller takes none when it is to control only', async () => {
    const places = [await logIn(one, 'A').connected(), await logIn(one, 'B').connected()];
    expect(places.sort()).toEqual([two.port, three.port].sort());
  });

  test('each become a voter of the engine, and are ready', async () => {
    for (const server of servers) {
      await vi.waitFor(() => expect(server.process.stdout).toContain('"message":"engine: running"'), {
        timeout: 60_000,
        interval: 100,
      });
      expect(await readyz(server)).toMatch(/^200 [^]*engine: ok/);
    }
    const listed = { timeout: 60_000, interval: 100 };
    await vi.waitFor(async () => expect(await one.engineRoles()).toEqual(['voter', 'voter', 'voter']), listed);
  });

  test('lose one by kill -9: its user is with another within seconds, by himself', async () => {
    const anna = logIn(one, 'ROAM');
    const first = await anna.connected();
    const killed = first === two.port ? two : three;
    const survivor = killed === two ? three : two;
    const away = new FairStopwatch();
    await killed.process.signal('SIGKILL');
    await vi.waitFor(() => expect([anna.sessions, anna.place]).toEqual([2, survivor.port]), {
      timeout: 60_000,
      interval: 20,
    });
    expect(away.ms).toBeLessThan(awayMaxMs);
    await killed.restart();
    await areTogether();
  });

  test('lose the controller by kill -9: no session ends, and log-ins go on when it is back', async () => {
    const anna = logIn(one, 'STAY');
    const place = await anna.connected();
    await one.process.signal('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect([anna.sessions, anna.place]).toEqual([1, place]);
    await one.restart();
    await areTogether();
    await vi.waitFor(async () => expect(await placeOfOne(one, 'STAY')).toBe(place), {
      timeout: 60_000,
      interval: 500,
    });
    expect(anna.sessions).toBe(1);
  });

  test('have another controller within seconds when one was promoted', async () => {
    await one.task('HubfarmPromoteClusterServer', { ServerName_str: 'two' });
    await vi.waitFor(
      () => expect(two.process.stdout).toContain('"mode":"member","message":"the server is up in its new part"'),
      {
        timeout: 60_000,
        interval: 100,
      },
    );
    await areTogether();
    await one.process.signal('SIGKILL');
    const away = new FairStopwatch();
    await vi.waitFor(async () => expect([two.port, three.port]).toContain(await placeOfOne(two, 'A')), {
      timeout: 60_000,
      interval: 100,
    });
    expect(away.ms).toBeLessThan(awayMaxMs);
    await one.restart();
    await areTogether();
  });
});

describe('two servers in a cluster, of which one has the only vote of the engine,', () => {
  let one: ClusterServer;
  let two: ClusterServer;

  beforeAll(async () => {
    begin();
    one = await start('one', 2);
    await one.makeCluster();
    two = await start('two');
    await two.join(one);
    await vi.waitFor(async () => expect(await two.members()).toEqual(['one online', 'one/1 online', 'two online']), {
      timeout: 60_000,
      interval: 100,
    });
  });
  afterAll(end);

  test('keep their hubs and their other settings over a change of part', async () => {
    const { result } = await one.call('EnumHub');
    expect(JSON.stringify(result)).toContain('"HubName_str":"DEFAULT"');
  });

  test('start without each other, answer their administrator, and find together again', async () => {
    await one.process.signal('SIGKILL');
    await two.process.signal('SIGKILL');
    await two.restart();
    expect(await readyz(two)).toMatch(/^503 [^]*engine: the engine of the cluster does not answer/);
    expect((await two.call('GetFarmConnectionStatus')).result).toMatchObject({ Online_bool: false });
    expect(await two.process.signal('SIGTERM')).toMatchObject({ code: 0 });
    await two.restart();
    await one.restart();
    await vi.waitFor(async () => expect(await two.members()).toEqual(['one online', 'one/1 online', 'two online']), {
      timeout: 60_000,
      interval: 100,
    });
    await vi.waitFor(
      async () => {
        const { result } = await two.call('HubfarmGetClusterStatus');
        expect(result, JSON.stringify(result)).toMatchObject({ Online_bool: true });
      },
      { timeout: 60_000, interval: 100 },
    );
  });

  test('part again: who leaves stands alone, with the hubs that it had before', async () => {
    expect((await two.call('SetFarmSetting', { ServerType_u32: 0 })).error).toBeUndefined();
    await vi.waitFor(
      () => expect(two.process.stdout).toContain('"message":"this server is a server that stands alone now"'),
      {
        timeout: 60_000,
        interval: 100,
      },
    );
    expect((await two.call('GetFarmSetting')).result).toMatchObject({ ServerType_u32: 0 });
    expect(JSON.stringify((await two.call('EnumHub')).result)).toContain('"HubName_str":"DEFAULT"');
    await vi.waitFor(async () => expect(await one.members()).toEqual(['one online', 'one/1 online']), {
      timeout: 60_000,
      interval: 100,
    });
  });
});

describe('a server that cannot be in a cluster', () => {
  beforeAll(begin);
  afterAll(end);

  test('stands alone again, with its hubs, and says why: another program has the port of its bus', async () => {
    const server = await start('one');
    const taken = createServer().listen(server.busPort, '127.0.0.1');
    await once(taken, 'listening');
    await createHub(server, 'MINE', 0);
    await expect(server.task('HubfarmInitCluster', { Weight_u32: 100 })).rejects.toThrow(
      new RegExp(`failed.*${server.busPort}.*another program.*stands alone again`),
    );
    expect((await server.call('GetFarmSetting')).result).toMatchObject({ ServerType_u32: 0 });
    expect(JSON.stringify((await server.call('EnumHub')).result)).toContain('"HubName_str":"MINE"');
    taken.close();
    // And nothing of the attempt is in the way of the next.
    await server.task('HubfarmInitCluster', { Weight_u32: 100 });
    expect(JSON.stringify((await server.call('EnumHub')).result)).toContain('"HubName_str":"MINE"');
  });
});
