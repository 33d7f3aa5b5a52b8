import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pack } from '#softether';
import { Rig, type RigOptions } from './rig.ts';
import type { TestClient } from './test-client.ts';

let rig: Rig;
const start = async (options?: RigOptions): Promise<void> => {
  rig = await Rig.start(options);
};
beforeEach(() => start());
afterEach(() => rig.close());

/** Error of a log-in, and how long its answer took. */
function login(address: string, user = 'alice', password = 'wrong'): Promise<[number | undefined, number]> {
  return ask(address, (client) => client.loginPack({ user, password }));
}

async function ask(address: string, pack: (client: TestClient) => Pack): Promise<[number | undefined, number]> {
  const client = await rig.connect(address).hello();
  const from = rig.clock.nowMs();
  client.sendPack(pack(client));
  let answer = await client.answerPack(10);
  while (answer === undefined && !client.isClosed) answer = await client.answerPack(10);
  client.stream.close();
  await rig.run(10);
  return [answer?.int('error'), Math.round((rig.clock.nowMs() - from) / 100) / 10];
}

describe('log-in failures', () => {
  it('are answered later and later, then not looked at any more: 109', async () => {
    const answers: [number | undefined, number][] = [];
    for (let i = 0; i < 12; i++) answers.push(await login('198.51.100.1'));
    expect(answers.slice(0, 10).map(([error]) => error)).toEqual(new Array(10).fill(9));
    expect(answers.slice(0, 6).map(([, seconds]) => seconds)).toEqual([0, 0, 0.5, 1, 2, 4]);
    expect(answers.slice(10).map(([error]) => error)).toEqual([109, 109]);
    expect((await login('198.51.100.1', 'alice', 'pw'))[0]).toBe(109);
    expect(rig.server.bans()).toMatchObject([{ kind: 'userAtAddress', address: '198.51.100.1', user: 'office/alice' }]);
  });

  it('of one user do not ban his neighbours, nor the user elsewhere', async () => {
    for (let i = 0; i < 12; i++) await login('198.51.100.1');
    expect((await login('198.51.100.1', 'bob', 'pw'))[0]).toBe(0);
    expect((await login('198.51.100.2', 'alice', 'pw'))[0]).toBe(0);
  });

  it('a ban ends by itself, and the next one is longer', async () => {
    const banned = async (): Promise<number> => {
      for (let i = 0; i < 12; i++) await login('198.51.100.1');
      const [ban] = rig.server.bans();
      expect(ban?.sinceMs).toBeLessThanOrEqual(rig.clock.wallMs());
      return ban === undefined ? 0 : ban.untilMs - ban.sinceMs;
    };
    expect(await banned()).toBe(300_000);
    await rig.run(300_000);
    expect(rig.server.bans()).toEqual([]);
    expect(await banned()).toBe(600_000);
    await rig.run(600_000);
    expect((await login('198.51.100.1', 'alice', 'pw'))[0]).toBe(0);
    expect(await banned(), 'a log-in makes good').toBe(300_000);
  });

  it('a ban can be lifted, by address or by user', async () => {
    for (let i = 0; i < 12; i++) await login('198.51.100.1');
    expect(rig.server.liftBan('203.0.113.1')).toBe(false);
    expect(rig.server.liftBan('198.51.100.1')).toBe(true);
    expect((await login('198.51.100.1', 'alice', 'pw'))[0]).toBe(0);
    for (let i = 0; i < 12; i++) await login('198.51.100.1');
    expect(rig.server.liftBan('Alice')).toBe(true);
    expect(rig.server.bans()).toEqual([]);
  });

  it('a hundred guesses at once are worth no more than ten', async () => {
    const clients = Array.from({ length: 100 }, () => rig.connect('198.51.100.1'));
    for (const client of clients) await client.hello();
    for (const client of clients) client.sendPack(client.loginPack({ password: 'wrong' }));
    await rig.run(20_000);
    const errors = await Promise.all(clients.map(async (client) => (await client.answerPack(0))?.int('error')));
    expect(errors.filter((error) => error === 9)).toHaveLength(10);
    expect(errors.filter((error) => error === 109)).toHaveLength(90);
  });

  it('of the administrator are counted the same way', async () => {
    const answers: (number | undefined)[] = [];
    for (let i = 0; i < 11; i++) {
      const proof = new Pack().setStr('method', 'admin').setData('secure_password', Buffer.alloc(20, i));
      answers.push((await ask('198.51.100.1', () => proof))[0]);
    }
    expect(answers).toEqual([...new Array<number>(10).fill(12), 109]);
    expect(rig.server.bans()).toMatchObject([{ user: '(server)/administrator' }]);
  });

  it('a waiting answer does not outlive its client, which keeps its place until then', async () => {
    for (let i = 0; i < 6; i++) await login('198.51.100.1');
    const client = await rig.connect('198.51.100.1').hello();
    client.sendPack(client.loginPack({ password: 'wrong' }));
    await rig.run(50);
    client.pair.cut();
    await rig.run(50);
    expect(rig.server.unauthenticatedCount).toBe(1);
    await rig.run(10_000);
    expect(rig.server.unauthenticatedCount).toBe(0);
  });
});

describe('connections without a log-in', () => {
  it('are limited in all and by source, more so under load; who leaves makes room', async () => {
    await rig.close();
    const maxima = {
      maxUnauthenticated: 20,
      maxUnauthenticatedPerAddress: 8,
      maxUnauthenticatedPerAddressUnderLoad: 3,
      maxWaitingPerAddress: 0,
    };
    await start({ limits: maxima });
    const admitted = (address: string): number => {
      let count = 0;
      while (rig.tryConnect(address) !== undefined) count++;
      return count;
    };
    expect(admitted('198.51.100.1')).toBe(8);
    expect(admitted('198.51.100.2'), 'the tenth begins the load').toBe(3);
    expect(admitted('198.51.100.3')).toBe(3);
    expect(admitted('198.51.100.4')).toBe(3);
    expect(admitted('198.51.100.5')).toBe(3);
    expect(admitted('198.51.100.6'), 'full').toBe(0);
    expect(rig.server.counters.connectionsRefused).toBe(6);
    await rig.run(16_000);
    expect(rig.server.unauthenticatedCount).toBe(0);
    expect(admitted('198.51.100.6')).toBe(8);
  });

  it('of one IPv6 network count as one source', async () => {
    await rig.close();
    await start({ limits: { maxUnauthenticatedPerAddress: 2, maxWaitingPerAddress: 0 } });
    expect(rig.tryConnect('2001:db8::1')).toBeDefined();
    expect(rig.tryConnect('2001:db8::2')).toBeDefined();
    expect(rig.tryConnect('2001:db8::3')).toBeUndefined();
    expect(rig.tryConnect('2001:db8:0:1::3')).toBeDefined();
  });

  it('that were abandoned before TLS was up give their place back', () => {
    expect(rig.server.admits({ address: '198.51.100.1', port: 1 })).toBe(true);
    rig.server.abandoned({ address: '198.51.100.1', port: 1 });
    expect(rig.server.unauthenticatedCount).toBe(0);
  });

  it('that have become sessions do not count', async () => {
    await rig.close();
    await start({ limits: { maxUnauthenticated: 2 } });
    for (let i = 0; i < 5; i++) await rig.connect().session();
    expect([rig.server.sessionCount, rig.server.unauthenticatedCount]).toEqual([5, 0]);
  });
});
