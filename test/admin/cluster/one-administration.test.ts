import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Caller } from '../../../src/admin/operations/caller.ts';
import { FakeCluster } from '../fake-cluster.ts';
import type { FakeSession } from '../fake-session.ts';
import { callJson } from '../json-call.ts';

let cluster: FakeCluster;
let here: FakeSession;
let there: FakeSession;

beforeEach(async () => {
  cluster = await FakeCluster.open('a', 'b', 'c');
  here = cluster.member('a/0').fixture.attach('DEFAULT', 'SID-ANNA-1', 'anna');
  there = cluster.member('b/0').fixture.attach('DEFAULT', 'SID-BERT-2', 'bert');
});

afterEach(() => cluster.close());

interface Row {
  readonly [name: string]: unknown;
}

const server: Caller = { role: 'server', remoteAddress: '192.0.2.1', face: 'json-rpc' };

async function ask(method: string, params: object = {}, caller = server, member: 'a/0' | 'b/0' = 'a/0'): Promise<Row> {
  const answer = await callJson(cluster.member(member).context, method, params, caller);
  return 'result' in answer ? (answer.result as Row) : { error: answer.error.code };
}

const hub = { HubName_str: 'DEFAULT' };

describe('at the controller', () => {
  test('the list of sessions has those of all members, each with the name of its member', async () => {
    const { SessionList } = await ask('EnumSession', hub);
    expect(SessionList).toMatchObject([
      { Name_str: 'SID-ANNA-1', RemoteSession_bool: false, RemoteHostname_str: 'a' },
      { Name_str: 'SID-BERT-2', RemoteSession_bool: true, RemoteHostname_str: 'b' },
    ]);
  });

  test('a session is shown wherever it lives', async () => {
    const local = await ask('GetSessionStatus', { ...hub, Name_str: 'SID-ANNA-1' });
    const remote = await ask('GetSessionStatus', { ...hub, Name_str: 'SID-BERT-2' });
    expect(Object.keys(remote)).toEqual(Object.keys(local));
    expect(remote).toMatchObject({ Username_str: 'bert', SessionKey_bin: Buffer.alloc(20, 7).toString('base64') });
    expect(await ask('GetSessionStatus', { ...hub, Name_str: 'SID-NOBODY-3' })).toEqual({ error: 29 });
  });

  test('a session is ended wherever it lives, and the audit logs of both members say so', async () => {
    expect(await ask('DeleteSession', { ...hub, Name_str: 'sid-bert-2' })).not.toHaveProperty('error');
    expect([here.disconnectedFor, there.disconnectedFor]).toEqual([undefined, 'administrator']);
    expect((await ask('EnumSession', hub))['SessionList']).toHaveLength(1);
    expect(cluster.member('a/0').fixture.auditLines.at(-1)).toContain('on member b');
    expect(cluster.member('b/0').fixture.auditLines.at(-1)).toMatch(/"from":"192\.0\.2\.1".*"userName":"bert"/);
  });

  test('a built-in session of another member is refused with the number that says why', async () => {
    cluster.member('c/0').fixture.attach('DEFAULT', 'SID-LOCALBRIDGE-9', 'Local Bridge', 'localBridge');
    expect(await ask('DeleteSession', { ...hub, Name_str: 'SID-LOCALBRIDGE-9' })).toEqual({ error: 82 });
  });

  test('the counts of hubs are those of all members', async () => {
    there.sendFrame();
    const status = await ask('GetHubStatus', hub);
    expect(status).toMatchObject({ NumSessions_u32: 2, NumSessionsClient_u32: 2, NumMacTables_u32: 1, HubType_u32: 2 });
    const { HubList } = await ask('EnumHub');
    expect(HubList).toMatchObject([
      { HubName_str: 'DEFAULT', NumSessions_u32: 2, NumMacTables_u32: 1, NumUsers_u32: 2, HubType_u32: 2 },
      { HubName_str: 'OTHER', NumSessions_u32: 0 },
    ]);
    expect(await ask('GetServerStatus')).toMatchObject({
      ServerType_u32: 1,
      NumHubTotal_u32: 2,
      NumHubDynamic_u32: 2,
      NumSessionsTotal_u32: 2,
      NumSessionsLocal_u32: 1,
      NumSessionsRemote_u32: 1,
      NumMacTables_u32: 1,
      AssignedClientLicenses_u32: 1,
      AssignedClientLicensesTotal_u32: 2,
    });
  });

  test('a hub administrator gets the own hub only, from all members', async () => {
    const caller: Caller = { role: 'hub', hubName: 'OTHER', remoteAddress: '192.0.2.1', face: 'json-rpc' };
    expect(await ask('EnumSession', hub, caller)).toEqual({ error: 52 });
    expect(await ask('GetServerStatus', {}, caller)).toMatchObject({ NumHubTotal_u32: 1, NumSessionsTotal_u32: 0 });
    expect((await ask('EnumHub', {}, caller))['HubList']).toHaveLength(1);
  });

  test('entries of address tables have keys that are unique over members and name the same entry again', async () => {
    here.sendFrame();
    there.sendFrame();
    for (const [list, rows, remove] of [
      ['EnumMacTable', 'MacTable', 'DeleteMacTable'],
      ['EnumIpTable', 'IpTable', 'DeleteIpTable'],
    ] as const) {
      const table = (await ask(list, hub))[rows] as Row[];
      expect(table).toMatchObject([
        { SessionName_str: 'SID-ANNA-1', RemoteItem_bool: false, RemoteHostname_str: 'a' },
        { SessionName_str: 'SID-BERT-2', RemoteItem_bool: true, RemoteHostname_str: 'b' },
      ]);
      const keys = table.map(({ Key_u32 }) => Key_u32);
      expect(new Set(keys).size).toBe(2);
      expect(await ask(remove, { ...hub, Key_u32: 1 })).toEqual({ error: 29 });
      expect(await ask(remove, { ...hub, Key_u32: keys[1] })).not.toHaveProperty('error');
      expect((await ask(list, hub))[rows]).toMatchObject([{ Key_u32: keys[0], SessionName_str: 'SID-ANNA-1' }]);
      expect(await ask(remove, { ...hub, Key_u32: keys[0] })).not.toHaveProperty('error');
      expect((await ask(list, hub))[rows]).toEqual([]);
    }
  });

  test('connections of other members carry its name, and can be shown and closed by it', async () => {
    const { ConnectionList } = await ask('EnumConnection');
    const names = (ConnectionList as Row[]).map(({ Name_str }) => Name_str);
    expect(names).toEqual(['CID-2', 'CID-2@b', 'CID-2@c']);
    expect(await ask('GetConnectionInfo', { Name_str: 'cid-2@B' })).toMatchObject({ Name_str: 'CID-2' });
    expect(await ask('DisconnectConnection', { Name_str: 'CID-2@c' })).not.toHaveProperty('error');
    expect(cluster.member('c/0').fixture.auditLines.at(-1)).toContain('DisconnectConnection');
    expect(await ask('DisconnectConnection', { Name_str: 'CID-2@nobody' })).toEqual({ error: 29 });
    expect(await ask('DisconnectConnection', { Name_str: 'CID-9@b' })).toEqual({ error: 29 });
  });

  test('a member that does not answer is left out, and marked until it does', async () => {
    cluster.silent.add('b/0');
    expect((await ask('EnumSession', hub))['SessionList']).toHaveLength(1);
    const { MemberList } = await ask('HubfarmEnumMember');
    expect(MemberList).toMatchObject([
      { Name_str: 'a', Controller_bool: true, Missing_bool: false },
      { Name_str: 'b', Missing_bool: true, Cause_str: 'b/0 is gone' },
      { Name_str: 'c', Missing_bool: false, State_str: 'online' },
    ]);
    cluster.silent.clear();
    cluster.member('a/0').calls.forgetAnswers();
    expect((await ask('EnumSession', hub))['SessionList']).toHaveLength(2);
    expect((await ask('HubfarmEnumMember'))['MemberList']).toMatchObject([{}, { Missing_bool: false }, {}]);
  });

  test('a suspect member is not even asked', async () => {
    const member = cluster.member('b/0');
    member.view = { ...member.view, state: 'suspect', cause: 'silent for 3 s' };
    await ask('EnumSession', hub);
    expect(cluster.calls).toEqual(['c/0 admin/enum-session']);
  });

  test('members are asked once a second at most, however often administrators ask', async () => {
    for (let i = 0; i < 5; i++) await ask('EnumSession', hub);
    expect(cluster.calls).toHaveLength(2);
    cluster.member('a/0').fixture.clock.advance(1_001);
    await ask('EnumSession', hub);
    expect(cluster.calls).toHaveLength(4);
  });

  test('long lists of other members come whole', async () => {
    const { fixture } = cluster.member('c/0');
    for (let i = 0; i < 1_200; i++) fixture.attach('DEFAULT', `SID-MANY-${i}`, 'many');
    const { SessionList } = await ask('EnumSession', hub);
    expect(SessionList).toHaveLength(1_202);
    expect(cluster.calls.filter((call) => call.includes('rest-of-answer')).length).toBeGreaterThan(1);
  });
});

describe('at a member', () => {
  beforeEach(() => {
    cluster.calls.length = 0;
  });

  test('lists have what runs there, and nobody else is asked', async () => {
    await cluster.member('b/0').fixture.directory.updateHub('OTHER', (record) => ({ ...record, isOnline: false }));
    const at = (method: string, params = {}) => ask(method, params, server, 'b/0');
    expect((await at('EnumSession', hub))['SessionList']).toMatchObject([{ Name_str: 'SID-BERT-2' }]);
    expect((await at('EnumHub'))['HubList']).toMatchObject([{ HubName_str: 'DEFAULT', NumSessions_u32: 1 }]);
    expect(await at('GetServerStatus')).toMatchObject({
      ServerType_u32: 2,
      NumHubTotal_u32: 1,
      NumSessionsTotal_u32: 1,
    });
    expect((await at('HubfarmEnumInstance'))['InstanceList']).toMatchObject([{ HubName_str: 'DEFAULT' }]);
    expect(cluster.calls).toEqual([]);
  });

  test.each([
    ...['CreateHub', 'SetHub', 'GetHub', 'DeleteHub', 'SetHubOnline', 'EnumCa', 'AddCa', 'DeleteAccess'].map(
      (name) => [name, 46] as const,
    ),
    ...['CreateUser', 'SetUser', 'GetUser', 'DeleteUser', 'EnumUser', 'AddAccess', 'EnumAccess', 'EnumGroup'].map(
      (name) => [name, 33] as const,
    ),
    ...['EnumFarmMember', 'GetFarmInfo'].map((name) => [name, 46] as const),
  ])('%s is refused with %i', async (name, error) => {
    expect(await ask(name, hub, server, 'b/0')).toEqual({ error });
  });

  test('hub administrators are refused, whatever they ask', async () => {
    const caller: Caller = { role: 'hub', hubName: 'DEFAULT', remoteAddress: '192.0.2.1', face: 'json-rpc' };
    for (const name of ['GetHubStatus', 'EnumSession', 'GetServerInfo', 'CreateUser']) {
      expect(await ask(name, hub, caller, 'b/0')).toEqual({ error: 52 });
    }
  });

  test('whoever is not its controller is told nothing over the bus', async () => {
    const body = { input: hub, caller: { role: 'server' } };
    const from = { member: 'c/0', boot: 'boot of c/0' } as const;
    await expect(cluster.call(from, 'b/0', 'admin/enum-session', body)).rejects.toThrow(/not the controller/);
    await expect(cluster.call(from, 'b/0', 'admin/rest-of-answer', { rest: 'x' })).rejects.toThrow(
      /not the controller/,
    );
    const old = { member: 'a/0', boot: 'an earlier boot' } as const;
    await expect(cluster.call(old, 'b/0', 'admin/enum-session', body)).rejects.toThrow(/not the controller/);
  });

  test('what the bus brings is read with care: without a caller there are no rights', async () => {
    const from = { member: 'a/0', boot: 'boot of a/0' } as const;
    for (const body of [undefined, null, 7, 'x', [], {}, { input: hub }, { input: 3, caller: { role: 'hub' } }]) {
      const answer = (await cluster.call(from, 'b/0', 'admin/enum-session', body)) as { text: string };
      expect(JSON.parse(answer.text)).toMatchObject({ kind: 'refused', error: 52 });
    }
  });

  test('it answers as the controller as soon as it is elected', async () => {
    cluster.controller = 'b/0';
    const { SessionList } = await ask('EnumSession', hub, server, 'b/0');
    expect(SessionList).toHaveLength(2);
    expect(await ask('GetServerInfo', {}, server, 'b/0')).toMatchObject({ ServerType_u32: 1 });
    expect(await ask('EnumUser', hub, server, 'b/0')).not.toHaveProperty('error');
    expect(await ask('EnumUser', hub)).toEqual({ error: 33 });
  });
});

test('the threads of a member are one server: its administrator sees them together, and "here" is all of them', async () => {
  const thread = await cluster.add('b/1');
  thread.fixture.attach('DEFAULT', 'SID-CARL-3', 'carl');
  const { SessionList } = await ask('EnumSession', hub, server, 'b/0');
  expect(SessionList).toMatchObject([
    { Name_str: 'SID-BERT-2', RemoteSession_bool: false, RemoteHostname_str: 'b' },
    { Name_str: 'SID-CARL-3', RemoteSession_bool: false, RemoteHostname_str: 'b/1' },
  ]);
  expect(cluster.calls).toEqual(['b/1 admin/enum-session']);
  expect(await ask('GetServerStatus', {}, server, 'b/0')).toMatchObject({ NumSessionsLocal_u32: 2 });
  expect(await ask('GetServerStatus')).toMatchObject({ NumSessionsTotal_u32: 3, NumSessionsRemote_u32: 2 });
});
