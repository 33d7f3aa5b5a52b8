import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultPolicy, type UserRecord } from '#hub';
import { frame, mac } from '../../hub/hub-fixture.ts';
import { HUB, passwordUser, Rig } from './rig.ts';
import type { LoginFields } from './test-client.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.start({ hasJournal: true });
});
afterEach(() => rig.close());

/** Logs in, waits until the journal has it, and restarts. Returns the key of the session. */
async function overRestart(fields: LoginFields = {}, how: 'kill' | 'stop' = 'kill', waitMs = 2_500): Promise<Buffer> {
  const { sessionKey } = await rig.connect().session(fields);
  await rig.run(waitMs);
  if (waitMs > 0) await rig.journal?.write();
  rig = await rig.restart(how);
  return sessionKey;
}

const change = (record: Partial<UserRecord>): Promise<unknown> =>
  rig.directory.updateUser(HUB, 'alice', (user) => ({ ...user, ...record }));

describe('after a restart', () => {
  it.each(['kill', 'stop'] as const)('(%s) a client goes on with its session, under its name', async (how) => {
    const began = rig.clock.wallMs() + 21;
    const key = await overRestart({ maxConnection: 4 }, how);
    expect(rig.server.sessionCount).toBe(0);
    const client = rig.connect();
    expect(await client.additional(key)).toBe(0);
    const bob = rig.connect();
    await bob.session({ user: 'bob' });
    client.sendFrames(frame(mac(2), mac(1), 'alive'));
    await rig.run(50);
    expect(bob.takeFrames()).toEqual([frame(mac(2), mac(1), 'alive').toString('hex')]);
    expect(rig.server.sessions()[0]?.info()).toMatchObject({
      name: 'SID-ALICE-1',
      maxTcpConnections: 4,
      startedAtMs: began,
    });
    expect(await rig.connect().additional(key), 'and takes more connections').toBe(0);
    expect(rig.server.counters).toMatchObject({ sessionsResumed: 1, logins: 1 });
  });

  it('half duplex, compression and no encryption go on as they were', async () => {
    const key = await overRestart({ half: true, maxConnection: 2, compress: true });
    expect(await rig.connect().additional(key, true)).toBe(1);
    expect(await rig.connect().additional(key, true)).toBe(2);
    expect(rig.server.sessions()[0]?.info()).toMatchObject({ isHalfConnection: true, isCompressed: true });
  });

  it('names of sessions that may come back are not given away', async () => {
    const key = await overRestart();
    expect((await rig.connect().session()).sessionName).toBe('SID-ALICE-2');
    await rig.connect().additional(key);
    expect(rig.server.sessions().map((session) => session.name)).toEqual(['SID-ALICE-2', 'SID-ALICE-1']);
  });

  it('and a second one, the session goes on still', async () => {
    const key = await overRestart();
    await rig.connect().additional(key);
    await rig.run(2_500);
    await rig.journal?.write();
    rig = await rig.restart('kill');
    expect(await rig.connect().additional(key)).toBe(0);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['whose user is gone', () => rig.directory.deleteUser(HUB, 'alice')],
    ['whose password was changed', () => change({ auth: passwordUser('alice', {}, 'other').auth })],
    ['whose user has expired', () => change({ expiresAtMs: rig.clock.wallMs() - 1 })],
    ['whose user has no access any more', () => change({ policy: { ...defaultPolicy, Access: false } })],
    ['whose hub is offline', () => rig.directory.updateHub(HUB, (hub) => ({ ...hub, isOnline: false }))],
    [
      'whose hub is full',
      () => rig.directory.updateHub(HUB, (hub) => ({ ...hub, maxSessions: 1 })).then(() => rig.connect().session()),
    ],
  ])('a client %s has to log in: 13', async (_what, happens) => {
    const key = await overRestart();
    await happens();
    await rig.settle(
      () => rig.host.instance(HUB)?.record === rig.directory.hub(HUB) || rig.host.instance(HUB) === undefined,
    );
    expect(await rig.connect().additional(key)).toBe(-13);
  });

  it.each(['administrator', 'closedByClient', 'timeout'] as const)(
    'a session that ended before (%s) is over',
    async (why) => {
      const { sessionKey } = await rig.connect().session();
      await rig.journal?.write();
      rig.server.sessions()[0]?.disconnect(why);
      await rig.journal?.write();
      rig = await rig.restart('kill');
      expect(await rig.connect().additional(sessionKey)).toBe(-13);
    },
  );

  it('a session of the last two seconds before a kill is lost, not one before a stop', async () => {
    const killed = await overRestart({}, 'kill', 0);
    expect(await rig.connect().additional(killed)).toBe(-13);
    const stopped = await overRestart({}, 'stop', 0);
    expect(await rig.connect().additional(stopped)).toBe(0);
  });

  it('nobody can come back after a minute and a half, and the store forgets', async () => {
    const key = await overRestart();
    await rig.run(91_000);
    expect(await rig.connect().additional(key)).toBe(-13);
    await rig.journal?.write();
    expect((await rig.backplane.list('run/session/')).entries).toEqual([]);
  });

  it('the store holds no session key', async () => {
    const key = await overRestart();
    const { entries } = await rig.backplane.list('run/session/');
    expect(entries).toHaveLength(1);
    expect(entries[0]?.key).not.toContain(key.toString('hex'));
    expect(Buffer.from(entries[0]!.value).includes(key)).toBe(false);
  });

  it('an entry that cannot be read is dropped, and the others are not', async () => {
    await rig.backplane.put('run/session/m/broken', Buffer.from('no PACK'));
    const key = await overRestart();
    expect(await rig.connect().additional(key)).toBe(0);
    await rig.journal?.write();
    expect((await rig.backplane.list('run/session/m/broken')).entries).toEqual([]);
  });
});

it('a store that takes nothing does not harm the sessions', async () => {
  await rig.backplane.close();
  const client = rig.connect();
  await client.session();
  await rig.run(5_000);
  expect([client.isClosed, rig.server.sessionCount]).toEqual([false, 1]);
  rig = await Rig.start();
});
