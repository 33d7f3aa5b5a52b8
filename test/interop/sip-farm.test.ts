import { beforeAll, describe, expect, test } from 'vitest';
import { until } from './command.ts';
import { FarmCalls, type Ways } from './farm-calls.ts';
import { FarmServers } from './farm-servers.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { testTelephones } from './sip-farm-telephones.ts';
import { provideAccounts } from './sip-server.ts';
import { sipUsers, type SippRun } from './sipp.ts';

const domain = 'farm.test';
const calls = 30;
/** Of each kind of call, in a farm that is steered. */
const steeredCalls = 9;
const people = ['anna', 'ben', 'carl', 'dora'].map((name) => ({ name, domain, password: `word-of-${name}` }));
const users = sipUsers(14 * calls + 36 * steeredCalls, domain);
const allWent = { successful: calls, failed: 0 };

if (requirePeers(['ip', 'nft', 'sipp', 'sipsak', 'baresip', 'linphonec', 'chromium'])) {
  const network = useNetwork();
  let farm: FarmServers;
  let callers: Host;
  let callees: Host;
  let phones: FarmCalls;

  beforeAll(async () => {
    const settings = ['sip.trusted=["10.77.0.0/24"]', 'sip.tls=["5061"]', 'sip.wss=["5063"]'];
    farm = new FarmServers((name) => network().host(name), settings);
    callers = network().host('callers');
    callees = network().host('callees');
    await farm.start();
    await provideAccounts(farm.first, domain, [...people, ...users]);
    phones = new FarmCalls(farm, { callers, callees }, users);
  });

  const callAll = (ways: Ways, caller: string, callee: string, more: Partial<SippRun> = {}) =>
    phones.call(calls, ways, caller, callee, more);

  describe('three servers behind a balancer that hands each datagram to the next one', () => {
    test('are one farm', async () => {
      for (const server of farm.servers) {
        const rows = await farm.rows(server);
        expect(rows.map(({ member }) => member).sort()).toEqual(['farm1', 'farm2', 'farm3']);
        for (const row of rows) {
          expect(row).toMatchObject({ isInFarm: true, isReady: true, isReachable: true, problem: '' });
          expect(row.boundAddresses).toEqual([farm.address]);
        }
      }
    });

    const ways: readonly Ways[] = [
      { caller: 'udp', callee: 'udp' },
      { caller: 'tcp', callee: 'tcp' },
      { caller: 'udp', callee: 'tcp' },
      { caller: 'tcp', callee: 'udp' },
    ];
    test.each(ways)('calls are set up, held up and ended, caller by $caller, callee by $callee', async (way) => {
      const figures = await callAll(way, 'caller', 'callee');
      expect(figures).toMatchObject({ caller: allWent, callee: allWent });
    });

    test.each(ways)('calls are cancelled while they ring, caller by $caller, callee by $callee', async (way) => {
      const figures = await callAll(way, 'cancelling-caller', 'cancelled-callee');
      expect(figures).toMatchObject({ caller: allWent, callee: allWent });
    });

    test('calls are held and taken back', async () => {
      const figures = await callAll(ways[0]!, 'holding-caller', 'held-callee');
      expect(figures).toMatchObject({ caller: allWent, callee: allWent });
    });

    test('calls are transferred', async () => {
      const keys = { target: users[1]!.name };
      const figures = await callAll(ways[0]!, 'transferring-caller', 'transferred-callee', { keys });
      expect(figures).toMatchObject({ caller: allWent, callee: allWent });
    });

    const kinds = [
      ...['INVITE', '183', 'PRACK', '180', 'CANCEL', '487', 'ACK', 'UPDATE', 'INFO', 'MESSAGE', 'OPTIONS', 'REFER'],
      ...['202', 'NOTIFY', 'BYE', '200', 'REGISTER', 'SUBSCRIBE', 'PUBLISH'],
    ];
    test.each([0, 1, 2])('every kind of message may reach any of them: turn %i', async (turn) => {
      const steered = new Map(kinds.map((kind, at) => [kind, (at + turn) % 3]));
      const own = farm.servers[turn]!.host.address;
      await farm.balance(farm.servers, steered);
      try {
        await Promise.all([
          phones.everyMessage(steeredCalls, { caller: 'udp', callee: 'udp' }, `${farm.address}:5060`),
          phones.everyMessage(steeredCalls, { caller: 'tcp', callee: 'tcp' }, `${own}:5060`),
          phones.everyMessage(steeredCalls, { caller: 'tls', callee: 'tcp' }, `${own}:5061`),
        ]);
        const counts = await farm.steered();
        for (const kind of kinds) expect(counts.get(kind), kind).toBeGreaterThanOrEqual(steeredCalls);
      } finally {
        await farm.balance(farm.servers);
      }
    });

    test('nothing is sent again: each message meets the member that works on it', async () => {
      const { caller } = await callAll(ways[0]!, 'caller', 'callee');
      expect(caller.retransmissions).toBe(0);
      const counts = await Promise.all(farm.servers.map((server) => farm.figures(server)));
      for (const [index, figures] of counts.entries()) {
        const figure = (name: string): number => figures.get(`farm${index + 1} farm.${name}`) ?? 0;
        expect(figure('relayedOut')).toBeGreaterThan(0);
        expect(figure('relayedIn')).toBeGreaterThan(0);
        expect(figure('badFrames') + figure('staleFrames')).toBe(0);
      }
    });
  });

  testTelephones(network, () => farm, people);

  describe('a balancer that asks with OPTIONS', () => {
    const ask = async (host: string): Promise<string> => {
      const { stdout } = await callers.run('sipsak', ['-vv', '-s', `sip:${host}:5060`]);
      return /SIP\/2\.0 (\d{3})/.exec(stdout)?.[1] ?? 'nothing';
    };

    test('is answered by the very server, and by any for the address of all', async () => {
      for (const address of [...farm.servers.map(({ host }) => host.address), farm.address]) {
        expect(await ask(address)).toBe('200');
      }
    });

    test('is told 503 by one that is drained, which the others leave out at once; and 200 when it is taken back', async () => {
      const [, , third] = farm.servers;
      await farm.first.hubfarm('cluster', 'drain', 'farm3');
      await until('farm3 out of the farm', 5_000, async () => (await ask(third!.host.address)) === '503');
      await farm.allIn(2);
      expect(await ask(farm.first.host.address)).toBe('200');
      const figures = await callAll({ caller: 'udp', callee: 'udp' }, 'caller', 'callee');
      expect(figures).toMatchObject({ caller: allWent, callee: allWent });
      await farm.first.hubfarm('cluster', 'drain', 'farm3', '--undo');
      await until('farm3 back in the farm', 5_000, async () => (await ask(third!.host.address)) === '200');
      await farm.allIn(3);
    });

    test('is told 503 where the address of all is missing, until it is there again', async () => {
      const { host } = farm.servers[2]!;
      await host.mustRun('ip', ['addr', 'del', `${farm.address}/32`, 'dev', 'lo']);
      await farm.servers[2]!.hubfarm('farm', 'refresh');
      expect(await ask(host.address)).toBe('503');
      await farm.allIn(2);
      const [row] = (await farm.rows(farm.first)).filter(({ member }) => member === 'farm3');
      expect(row?.problem).toContain(`ip addr add ${farm.address}/32 dev lo`);
      await host.mustRun('ip', ['addr', 'add', `${farm.address}/32`, 'dev', 'lo']);
      await until('farm3 back in the farm, by itself', 10_000, async () => (await ask(host.address)) === '200');
      await farm.allIn(3);
    });
  });

  test('a backend that reaches nobody outside sends out through the others, and gets the answers back', async () => {
    const [backend, second, third] = farm.servers;
    await farm.balance([second!, third!]);
    await farm.first.hubfarm('farm', 'set', '--member', 'farm1', '--farm', 'relay');
    await farm.allIn(2, 20_000, [second!, third!]);
    const { host } = backend!;
    const toCallees = `ip daddr ${callees.address} drop`;
    await host.mustRun('nft', [`table inet cut { chain out { type filter hook output priority 0; ${toCallees}; }; }`]);
    try {
      const target = `${host.address}:5060`;
      const figures = await callAll({ caller: 'udp', callee: 'udp' }, 'caller', 'callee', { target });
      expect(figures).toMatchObject({ caller: allWent, callee: allWent });
      expect(figures.caller.retransmissions).toBe(0);
    } finally {
      await host.mustRun('nft', ['delete table inet cut']);
      await farm.first.hubfarm('farm', 'set', '--member', 'farm1', '--unset', 'farm');
      await farm.allIn(3);
      await farm.balance(farm.servers);
    }
  });
}
