import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbedded, type Backplane, type Guard } from '#backplane';
import { BridgeDirectory, HubDirectory, type DirectoryChange } from '#hub';
import { createNodeClock } from '#io/node';
import { hubRecord, userRecord } from './hub-fixture.ts';

const realClock = createNodeClock();
let folder: string;
let backplane: Backplane;
let directory: HubDirectory;

const open = async (): Promise<void> => {
  backplane = await openEmbedded({ path: join(folder, 'store.db'), clock: realClock });
  directory = await HubDirectory.open(backplane, realClock);
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-hubs-'));
  await open();
});

afterEach(async () => {
  directory.close();
  await backplane.close();
  rmSync(folder, { recursive: true });
});

const names = (records: readonly { readonly name: string }[]): string[] => records.map(({ name }) => name);

describe('the hub directory', () => {
  it('shows a hub and its users as soon as the change resolves, by names without case', async () => {
    await directory.createHub(hubRecord('Office'));
    await directory.createUser('OFFICE', userRecord('Alice'));
    expect(directory.hub('oFFICE')?.name).toBe('Office');
    expect(directory.user('office', 'ALICE')?.name).toBe('Alice');
    expect(names(directory.users('office'))).toEqual(['Alice']);
    expect(directory.userCount('office')).toBe(1);
  });

  it('keeps everything over a restart', async () => {
    const record = hubRecord('Office', { maxSessions: 7, message: 'hello', isOnline: false });
    const user = userRecord('bob', {
      auth: { kind: 'password', hashedKey: 'ab'.repeat(20), ntHash: '00'.repeat(16) },
      note: 'näh',
    });
    await directory.createHub(record);
    await directory.createUser('Office', user);
    directory.close();
    await backplane.close();
    await open();
    expect(directory.hubs()).toEqual([record]);
    expect(directory.users('Office')).toEqual([user]);
  });

  it('lists hubs and users in the order of their names', async () => {
    for (const name of ['b', 'A', 'c']) await directory.createHub(hubRecord(name));
    for (const name of ['y', 'X', 'z']) await directory.createUser('A', userRecord(name));
    expect([names(directory.hubs()), names(directory.users('A'))]).toEqual([
      ['A', 'b', 'c'],
      ['X', 'y', 'z'],
    ]);
    expect(directory.users('no such hub')).toEqual([]);
  });

  it('refuses what exists already, or does not exist', async () => {
    await directory.createHub(hubRecord('Office'));
    await directory.createUser('Office', userRecord('alice'));
    await expect(directory.createHub(hubRecord('OFFICE'))).rejects.toMatchObject({ code: 'HUB_EXISTS' });
    await expect(directory.createUser('Office', userRecord('ALICE'))).rejects.toMatchObject({ code: 'USER_EXISTS' });
    await expect(directory.createUser('x', userRecord('a'))).rejects.toMatchObject({ code: 'HUB_NOT_FOUND' });
    await expect(directory.deleteHub('x')).rejects.toMatchObject({ code: 'HUB_NOT_FOUND' });
    await expect(directory.deleteUser('Office', 'bob')).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
    await expect(directory.deleteUser('x', 'bob')).rejects.toMatchObject({ code: 'HUB_NOT_FOUND' });
    await expect(directory.updateHub('x', (hub) => hub)).rejects.toMatchObject({ code: 'HUB_NOT_FOUND' });
    await expect(directory.updateUser('Office', 'x', (user) => user)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
  });

  it.each(['', '.a', 'a.', 'a/b', 'a\\b', ' a', 'a ', 'ä', 'a*', 'a@b', 'x'.repeat(256)])(
    'refuses the hub name "%s"',
    async (name) => {
      await expect(directory.createHub(hubRecord(name))).rejects.toMatchObject({ code: 'BAD_NAME' });
    },
  );

  it.each(['Cascade', 'link', 'SecureNAT', 'LocalBridge', 'local BRIDGE', 'L3SW_', 'l3sw_r1'])(
    'refuses the user name "%s", which sessions of the server have',
    async (name) => {
      await directory.createHub(hubRecord('A'));
      await expect(directory.createUser('A', userRecord(name))).rejects.toMatchObject({ code: 'BAD_NAME' });
    },
  );

  it('accepts what SoftEther accepts as names', async () => {
    await directory.createHub(hubRecord('a B-c_(1)#%&.x'));
    await directory.createHub(hubRecord('x'.repeat(255)));
    for (const name of ['*', 'a@b.c', '.x.', 'Cascade 2', 'Bridge', 'L3SW'])
      await directory.createUser('X'.repeat(255), userRecord(name));
    await expect(directory.createUser('X'.repeat(255), userRecord('a/b'))).rejects.toMatchObject({ code: 'BAD_NAME' });
  });

  it('deletes a hub with all its users and statistics in one step, and no other hub', async () => {
    for (const hub of ['A', 'AB']) {
      await directory.createHub(hubRecord(hub));
      await directory.createUser(hub, userRecord('u'));
      await backplane.put(`stat/hub/${hub}`, '{}');
      await backplane.put(`stat/hub/${hub}/user/u`, '{}');
    }
    const changes: DirectoryChange[] = [];
    directory.onChange((change) => changes.push(change));
    await directory.deleteHub('A');
    expect([directory.hub('A'), directory.users('A')]).toEqual([undefined, []]);
    const keys = (await backplane.list('')).entries.map(({ key }) => key);
    expect(keys.filter((key) => key.startsWith('cfg/hub/') || key.startsWith('stat/hub/')).sort()).toEqual([
      'cfg/hub/AB',
      'cfg/hub/AB/user/u',
      'stat/hub/AB',
      'stat/hub/AB/user/u',
    ]);
    expect(changes.map(({ kind, record }) => [kind, record])).toEqual(
      expect.arrayContaining([
        ['hub', undefined],
        ['user', undefined],
      ]),
    );
  });

  it('changes a record on top of what others have changed', async () => {
    const other = await HubDirectory.open(backplane, realClock);
    await directory.createHub(hubRecord('A'));
    await directory.createUser('A', userRecord('u'));
    const changes = Array.from({ length: 6 }, (_, i) =>
      (i % 2 === 0 ? directory : other).updateUser('A', 'u', (user) => ({ ...user, note: `${user.note}${i}` })),
    );
    await Promise.all(changes);
    expect(Array.from(directory.user('A', 'u')!.note).sort().join('')).toBe('012345');
    expect(directory.user('A', 'u')!.updatedAtMs).toBeGreaterThan(0);
    await directory.updateHub('a', (hub) => ({ ...hub, maxSessions: 3 }));
    expect(directory.hub('A')?.maxSessions).toBe(3);
    other.close();
  });

  it('lets only one of two members create a hub or a user of one name', async () => {
    const other = await HubDirectory.open(backplane, realClock);
    const hubs = await Promise.allSettled([directory.createHub(hubRecord('A')), other.createHub(hubRecord('a'))]);
    expect(hubs.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const users = await Promise.allSettled([
      directory.createUser('A', userRecord('u')),
      other.createUser('A', userRecord('U')),
    ]);
    expect(users.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { code: 'USER_EXISTS' } }]);
    other.close();
  });

  it('creates no user in a hub that is deleted meanwhile', async () => {
    const other = await HubDirectory.open(backplane, realClock);
    await directory.createHub(hubRecord('A'));
    const [deleted, created] = await Promise.allSettled([
      directory.deleteHub('A'),
      other.createUser('A', userRecord('u')),
    ]);
    expect(deleted.status).toBe('fulfilled');
    if (created.status === 'rejected') expect(created).toMatchObject({ reason: { code: 'HUB_NOT_FOUND' } });
    expect((await backplane.list('cfg/hub/')).entries).toEqual([]);
    other.close();
  });

  it('refuses to rename by a change', async () => {
    await directory.createHub(hubRecord('A'));
    await expect(directory.updateHub('A', (hub) => ({ ...hub, name: 'B' }))).rejects.toMatchObject({
      code: 'BAD_NAME',
    });
    await directory.updateHub('A', (hub) => ({ ...hub, name: 'a' }));
    expect(directory.hub('A')?.name).toBe('a');
  });

  it('keeps to its caps', async () => {
    const small = await HubDirectory.open(backplane, realClock, { limits: { maxHubs: 2, maxUsersPerHub: 1 } });
    await small.createHub(hubRecord('A'));
    await small.createHub(hubRecord('B'));
    await expect(small.createHub(hubRecord('C'))).rejects.toMatchObject({ code: 'TOO_MANY_HUBS' });
    await small.createUser('A', userRecord('u'));
    await expect(small.createUser('A', userRecord('v'))).rejects.toMatchObject({ code: 'TOO_MANY_USERS' });
    small.close();
  });

  it('ignores a record that it cannot read, says so, and keeps the others', async () => {
    const errors: object[] = [];
    await backplane.put('cfg/hub/BAD', '{"name": 7}');
    await backplane.put('cfg/hub/WORSE', 'not JSON');
    await backplane.put('cfg/hub/GOOD', '{"name": "good", "kind": "standalone"}');
    const logger = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (fields: object) => errors.push(fields),
      child: () => logger,
    };
    const other = await HubDirectory.open(backplane, realClock, { logger });
    expect(other.hubs()).toEqual([hubRecord('good')]);
    expect(errors).toHaveLength(2);
    other.close();
  });

  it('fills in the policy items that an older record does not have', async () => {
    await directory.createHub(hubRecord('A'));
    const value = JSON.stringify({ ...userRecord('u'), policy: { Access: false, MaxMac: 5 } });
    await backplane.put('cfg/hub/A/user/u', value);
    await directory.updateUser('A', 'u', (user) => user);
    expect(directory.user('A', 'u')?.policy).toMatchObject({ Access: false, MaxMac: 5, TimeOut: 20, VLanId: 0 });
  });
});

describe('in a cluster', () => {
  it('lets only the controller change hubs and users, and none that was deposed', async () => {
    const lease = await backplane.lease(60_000);
    const first = await backplane.elect('controller', 'a/0', lease);
    const known: { guard?: Guard } = {};
    const led = await HubDirectory.open(backplane, realClock, { leadership: () => known.guard });
    await expect(led.createHub(hubRecord('OFFICE'))).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
    known.guard = first.guard;
    await led.createHub(hubRecord('OFFICE'));
    await first.resign();
    const offline = led.updateHub('OFFICE', (hub) => ({ ...hub, isOnline: false }));
    await expect(offline).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
    expect(led.hub('OFFICE')).toMatchObject({ isOnline: true });
    led.close();
  });
});

describe('bridges that each server of a cluster has', () => {
  it('are declared at the controller only, apart from those of the servers themselves', async () => {
    const lease = await backplane.lease(60_000);
    const leadership = await backplane.elect('controller', 'a/0', lease);
    const known: { guard?: Guard } = {};
    const own = await BridgeDirectory.open(backplane);
    const all = await BridgeDirectory.open(backplane, { scope: 'cluster', leadership: () => known.guard });
    const bridge = { hubName: 'OFFICE', deviceName: 'eth1', tapMode: false };
    await expect(all.create(bridge)).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
    known.guard = leadership.guard;
    await all.create(bridge);
    await own.create(bridge);
    expect([all.bridges().length, own.bridges().length]).toEqual([1, 1]);
    await all.delete('OFFICE', 'eth1');
    expect([all.bridges().length, own.bridges().length]).toEqual([0, 1]);
    own.close();
    all.close();
  });
});
