import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importJson } from '#backplane';
import { sha0 } from '#base';
import { ClusterFailure } from '#cluster';
import { adminPackLimits, Pack } from '#softether';
import { FakeCluster } from '../fake-cluster.ts';
import { callRpc } from '../fixture.ts';
import { callJson } from '../json-call.ts';
import { hubRecord } from '../records.ts';

let cluster: FakeCluster;

beforeEach(async () => {
  cluster = await FakeCluster.open('a', 'b');
  const member = cluster.member('b/0');
  member.view = {
    ...member.view,
    load: {
      sequence: 1,
      sessions: 4,
      connections: 17,
      hubInstances: 2,
      clientLicences: 3,
      bridgeLicences: 1,
      points: 99_996,
      ticketsTaken: 4,
      unreachablePorts: [992],
    },
  };
  for (const id of ['a/0', 'b/0'] as const) {
    await cluster.member(id).fixture.directory.createHub(hubRecord('STATIC', { kind: 'static' }));
  }
  await cluster.member('b/0').fixture.directory.updateHub('OTHER', (hub) => ({ ...hub, isOnline: false }));
});

afterEach(() => cluster.close());

const contextOf = (id: 'a/0' | 'b/0') => cluster.member(id).context;

async function json(method: string, params: object = {}, id: 'a/0' | 'b/0' = 'a/0') {
  const answer = await callJson(contextOf(id), method, params);
  return ('result' in answer ? answer.result : { error: answer.error.code }) as Record<string, unknown>;
}

const rpc = (name: string, id: 'a/0' | 'b/0' = 'a/0') =>
  callRpc(contextOf(id), new Pack().setStr('function_name', name));

interface Captured {
  readonly name: string;
  readonly type: string;
}

const vectors = JSON.parse(readFileSync('test/vectors/softether/admin-rpc.json', 'utf8')) as {
  readonly functions: Readonly<Record<string, { readonly response: readonly Captured[] }>>;
};
const shapeOf = (elements: readonly Captured[]): string[] => elements.map(({ name, type }) => `${name} ${type}`).sort();

describe('the members of a cluster', () => {
  test('have the elements of the list that a real controller answers with', async () => {
    const answer = Pack.decode((await rpc('EnumFarmMember')).encode(), adminPackLimits);
    expect(shapeOf(answer.elements)).toEqual(shapeOf(vectors.functions['EnumFarmMember']!.response));
  });

  test('have the elements of the details that a real controller answers with', async () => {
    const id = (await rpc('EnumFarmMember')).int('Id', 1);
    const request = new Pack().setStr('function_name', 'GetFarmInfo').setInt('Id', id);
    const answer = Pack.decode((await callRpc(contextOf('a/0'), request)).encode(), adminPackLimits);
    expect(shapeOf(answer.elements)).toEqual(shapeOf(vectors.functions['GetFarmInfo']!.response));
    expect(answer.data('ServerCert').length).toBeGreaterThan(500);
    expect(answer.values('int', 'Ports')).toEqual([443, 992]);
  });

  test('are listed with the load that they have reported, under their own names, the controller first', async () => {
    const { FarmMemberList } = await json('EnumFarmMember');
    expect(FarmMemberList).toMatchObject([
      { Controller_bool: true, Hostname_str: 'a', Ip_ip: '127.0.0.1', NumSessions_u32: 0 },
      {
        Controller_bool: false,
        Hostname_str: 'b',
        Ip_ip: '10.77.0.2',
        Point_u32: 99_996,
        NumSessions_u32: 4,
        NumTcpConnections_u32: 17,
        NumHubs_u32: 2,
        AssignedClientLicense_u32: 3,
        AssignedBridgeLicense_u32: 1,
      },
    ]);
    const ids = (FarmMemberList as { Id_u32: number }[]).map(({ Id_u32 }) => Id_u32);
    expect(new Set(ids).size).toBe(2);
    await cluster.add('0/0');
    const later = (await json('EnumFarmMember'))['FarmMemberList'] as { Id_u32: number }[];
    expect(later.map(({ Id_u32 }) => Id_u32)).toEqual(expect.arrayContaining(ids));
  });

  test('show the hubs that run there: truly over JSON, the wrong way round for programs that turn it round', async () => {
    const { FarmMemberList } = await json('EnumFarmMember');
    const id = (FarmMemberList as { Id_u32: number }[])[1]!.Id_u32;
    const told = await json('GetFarmInfo', { Id_u32: id });
    expect(told['HubsList']).toEqual([
      { HubName_str: 'DEFAULT', DynamicHub_bool: true },
      { HubName_str: 'STATIC', DynamicHub_bool: false },
    ]);
    const request = new Pack().setStr('function_name', 'GetFarmInfo').setInt('Id', id);
    const answer = await callRpc(contextOf('a/0'), request);
    expect(answer.values('str', 'HubName')).toEqual(['DEFAULT', 'STATIC']);
    expect(answer.values('int', 'DynamicHub')).toEqual([0, 1]);
    expect(await json('GetFarmInfo', { Id_u32: 12345 })).toEqual({ error: 29 });
  });
});

test('capabilities say what part the server plays', async () => {
  expect(await json('GetCaps')).toMatchObject({
    caps_b_standalone_u32: 0,
    caps_b_cluster_controller_u32: 1,
    caps_b_support_cluster_u32: 1,
    caps_b_cluster_hub_type_fixed_u32: 0,
    caps_b_support_config_hub_u32: 1,
    caps_b_support_cascade_u32: 0,
  });
  expect(await json('GetCaps', {}, 'b/0')).toMatchObject({
    caps_b_cluster_member_u32: 1,
    caps_b_support_config_hub_u32: 0,
    caps_i_max_users_per_hub_u32: 0,
  });
});

describe('hubs of a cluster', () => {
  test('are dynamic unless a static one is asked for, and are never stand-alone', async () => {
    const password = {
      HashedPassword_bin: sha0('x').toString('base64'),
      SecurePassword_bin: sha0('y').toString('base64'),
    };
    const create = (name: string, type?: number) =>
      json('CreateHub', { HubName_str: name, ...password, ...(type === undefined ? {} : { HubType_u32: type }) });
    expect(await create('D1')).toMatchObject({ HubType_u32: 2 });
    expect(await create('D2', 2)).toMatchObject({ HubType_u32: 2 });
    expect(await create('S1', 1)).toMatchObject({ HubType_u32: 1 });
    expect(await create('X', 0)).toEqual({ error: 38 });
    expect(await create('S1', 1)).toEqual({ error: 57 });
  });

  test('change their type only while they are offline', async () => {
    const set = (type: number) => json('SetHub', { HubName_str: 'DEFAULT', HubType_u32: type });
    expect(await set(2)).toMatchObject({ HubType_u32: 2 });
    expect(await set(1)).toEqual({ error: 33 });
    await json('SetHubOnline', { HubName_str: 'DEFAULT', Online_bool: false });
    expect(await set(1)).toMatchObject({ HubType_u32: 1 });
    expect(await json('GetHub', { HubName_str: 'DEFAULT' })).toMatchObject({ HubType_u32: 1 });
  });
});

describe('the connection of a member to its controller', () => {
  test('is shown at the member, with the number that says why it is down', async () => {
    const { modes } = cluster.member('b/0');
    modes.current = {
      ...modes.current,
      publicAddress: '10.77.0.2',
      publicPorts: [443],
      controllerHost: '10.77.0.1',
      controllerPort: 443,
      connection: {
        address: '10.77.0.1',
        port: 443,
        isOnline: false,
        cause: "the controller's password is another one",
        causeKind: 'wrongPassword',
        startedAtMs: Date.UTC(2026, 10, 22),
        firstConnectedAtMs: 0,
        currentConnectedAtMs: 0,
        tries: 7,
        successes: 2,
        failures: 5,
      },
    };
    expect(await json('GetFarmConnectionStatus', {}, 'b/0')).toEqual({
      Ip_ip: '10.77.0.1',
      Port_u32: 443,
      Online_bool: false,
      LastError_u32: 12,
      StartedTime_dt: '2026-11-22T00:00:00.000Z',
      CurrentConnectedTime_dt: '1970-01-01T09:00:00.000Z',
      FirstConnectedTime_dt: '1970-01-01T09:00:00.000Z',
      NumConnected_u32: 2,
      NumTry_u32: 7,
      NumFailed_u32: 5,
    });
    expect(await json('GetFarmSetting', {}, 'b/0')).toMatchObject({
      ServerType_u32: 2,
      Ports_u32: [443],
      PublicIp_ip: '10.77.0.2',
      ControllerName_str: '10.77.0.1',
      ControllerPort_u32: 443,
      MemberPassword_bin: Buffer.alloc(20).toString('base64'),
    });
    expect(await json('GetFarmConnectionStatus')).toEqual({ error: 55 });
  });
});

describe('a change of the part that a server plays', () => {
  const asMember = {
    ServerType_u32: 2,
    Ports_u32: [443, 992],
    ControllerName_str: 'controller.example.org',
    ControllerPort_u32: 443,
    MemberPasswordPlaintext_str: 'secret words',
    PublicIp_ip: '0.0.0.0',
    Weight_u32: 0,
  };

  test('is answered at once where a cluster is left first, keeps the configuration in a file, and begins a second later', async () => {
    const { modes, fixture } = cluster.member('a/0');
    const answer = await json('SetFarmSetting', asMember);
    const [backup] = cluster.backups;
    expect(answer['HubfarmBackup_str']).toBe(`/var/lib/hubfarm/${backup?.name}`);
    expect(backup?.name).toMatch(/^backup-before-member-2026-11-22T03-00-00-000Z\.json$/);
    expect(backup?.text).toContain('"key": "cfg/hub/DEFAULT/user/user1"');
    const { backplane } = fixture;
    const imported = await importJson(backplane, JSON.parse(backup?.text ?? ''));
    expect(imported).toMatchObject({ written: 0, deleted: 0 });
    fixture.clock.advance(999);
    expect(modes.changes).toEqual([]);
    fixture.clock.advance(1);
    expect(modes.changes).toEqual([
      {
        mode: 'member',
        controllerHost: 'controller.example.org',
        controllerPort: 443,
        hashedPassword: sha0('secret words'),
        publicAddress: '',
        publicPorts: [443, 992],
        weight: 100,
      },
    ]);
    expect(JSON.stringify(answer)).not.toContain('secret words');
    expect(fixture.auditLines.at(-1)).toMatch(/"mode":"member".*"hashedPassword":"set"/);
  });

  test('is answered when the controller has let the server in, or with what is in the way', async () => {
    const { modes } = cluster.member('a/0');
    modes.current = { ...modes.current, mode: 'standalone' };
    expect(await json('SetFarmSetting', asMember)).toMatchObject({ ServerType_u32: 2 });
    expect(modes.changes).toMatchObject([{ mode: 'member', weight: 100 }]);
    const ways = { WRONG_PASSWORD: 12, CANNOT_CONNECT: 1, CLOCK_SKEW: 101, NAME_TAKEN: 112, BUSY: 105, RESTART: 23 };
    for (const [code, error] of Object.entries(ways)) {
      modes.refusal = new ClusterFailure(code as 'BUSY', 'a step', 'this is in the way');
      expect(await callJson(cluster.member('a/0').context, 'SetFarmSetting', asMember)).toMatchObject({
        error: { code: error, message: expect.stringContaining('this is in the way') as string },
      });
    }
  });

  test.each([
    [{ ServerType_u32: 3 }],
    [{ ...asMember, ControllerName_str: '' }],
    [{ ...asMember, ControllerPort_u32: 0 }],
    [{ ...asMember, Ports_u32: [] }],
    [{ ...asMember, Ports_u32: [443, 70_000] }],
    [{ ...asMember, Ports_u32: Array.from({ length: 129 }, (_, port) => port + 1) }],
    [{ ...asMember, PublicIp_ip: 'fe80::1' }],
    [{ ...asMember, MemberPasswordPlaintext_str: '', MemberPassword_bin: 'AAAB' }],
    [{ ...asMember, MemberPasswordPlaintext_str: '' }],
  ])('is refused where it makes no sense: %j', async (params) => {
    expect(await json('SetFarmSetting', params)).toEqual({ error: 38 });
    expect(cluster.backups).toEqual([]);
  });

  test('is refused, with the reason, where the copy of the configuration cannot be kept', async () => {
    const { context, modes, fixture } = cluster.member('a/0');
    const failing = {
      ...context,
      cluster: { ...context.cluster!, backUp: () => Promise.reject(new Error('full')) },
    };
    expect(await callJson(failing, 'SetFarmSetting', { ServerType_u32: 0 })).toMatchObject({ error: { code: 23 } });
    fixture.clock.advance(5_000);
    expect(modes.changes).toEqual([]);
  });

  test('can be looked at beforehand', async () => {
    const { modes } = cluster.member('a/0');
    const effects = async (type: number) => {
      const answer = await json('HubfarmPlanFarmSetting', { ServerType_u32: type });
      return (answer['Effects_str'] as string[]).join('\n');
    };
    expect(await effects(2)).toMatch(/3 Virtual Hubs with 2 users \(DEFAULT, OTHER, STATIC\) go out of use/);
    expect(await effects(0)).toMatch(
      /lose their controller\n3 Virtual Hubs with 2 users \(DEFAULT, OTHER, STATIC\) become stand-alone/,
    );
    modes.current = { ...modes.current, mode: 'standalone' };
    expect(await effects(1)).toMatch(/become dynamic: DEFAULT, OTHER$/);
    expect(await json('HubfarmPlanFarmSetting', { ServerType_u32: 9 })).toEqual({ error: 38 });
  });

  test('to controller has a weight of 100 where 0 is asked for', async () => {
    const { modes, fixture } = cluster.member('a/0');
    await json('SetFarmSetting', { ServerType_u32: 1, Weight_u32: 0, ControllerOnly_bool: true });
    fixture.clock.advance(1_000);
    expect(modes.changes).toEqual([{ mode: 'controller', weight: 100, isControllerOnly: true }]);
  });
});
