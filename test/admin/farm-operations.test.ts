import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AdminContext } from '#admin';
import { defaultFarmSettings, type FarmMemberStatus, type FarmOverrides } from '#sip';
import type { FarmControl, SipControl } from '../../src/admin/operations/sip-control.ts';
import { openFixture, type Fixture } from './fixture.ts';
import { callJson } from './json-call.ts';

const member = (name: string, changes: Partial<FarmMemberStatus> = {}): FarmMemberStatus => ({
  name,
  isSelf: name === 'alpha',
  role: 'backend',
  token: `t${name}`,
  configured: { farm: 'auto', signals: 'auto', callLegs: 'auto' },
  resolved: { farm: 'relay', signals: 'remotely', callLegs: 'remotely' },
  isInFarm: false,
  isReady: true,
  isReachable: true,
  isDraining: false,
  problem: '',
  relayAddress: '192.0.2.1:5570',
  balancer: 'dsr',
  virtualAddresses: ['198.51.100.1'],
  boundAddresses: [],
  wanAddress: '',
  weight: 100,
  warnings: [],
  ...changes,
});
const sources = { farm: 'server', signals: 'default', callLegs: 'default' } as const;
const faceSources = {
  virtualAddresses: 'cluster',
  balancer: 'cluster',
  wanAddress: 'default',
  lanNetworks: 'file',
} as const;

let fixture: Fixture;
let context: AdminContext;
let servers: Map<string, FarmOverrides>;
let cluster: FarmOverrides;
let refreshes: number;

const control: FarmControl = {
  status: () => ({
    settings: { ...defaultFarmSettings, virtualAddresses: ['198.51.100.1'], balancer: 'dsr' },
    sources: { ...sources, ...faceSources },
    members: [
      member('alpha', { warnings: [{ code: 'symmetric', text: 'why' }] }),
      member('beta', { isInFarm: true, role: 'frontend', boundAddresses: ['198.51.100.1'] }),
    ],
  }),
  refresh: () => {
    refreshes++;
    return Promise.resolve();
  },
  isServer: (name) => ['alpha', 'beta'].includes(name),
  setOf: (server) => servers.get(server) ?? {},
  setOfCluster: () => cluster,
  setServer: (server, changes) => {
    const all = Object.entries({ ...servers.get(server), ...changes }).filter(([, value]) => value !== null);
    servers.set(server, Object.fromEntries(all));
    return Promise.resolve(servers.get(server)!);
  },
  setCluster: (changes) => {
    cluster = Object.fromEntries(Object.entries({ ...cluster, ...changes }).filter(([, value]) => value !== null));
    return Promise.resolve(cluster);
  },
};

beforeEach(async () => {
  fixture = await openFixture();
  servers = new Map();
  cluster = {};
  refreshes = 0;
  context = { ...fixture.context, sip: { farm: control } as Partial<SipControl> as SipControl };
});
afterEach(() => fixture.close());

async function call(method: string, params: object = {}): Promise<Record<string, unknown>> {
  const answer = await callJson(context, method, params);
  if ('error' in answer) throw new Error(`${method}: ${answer.error.code} ${answer.error.message}`);
  return answer.result as Record<string, unknown>;
}
const errorOf = async (params: object): Promise<string> => {
  const answer = await callJson(context, 'HubfarmSipSetFarm', params);
  return 'error' in answer ? answer.error.message.replace('Error code ', '') : '';
};

test('HubfarmSipGetFarm shows what is set and what that means, with warnings', async () => {
  const answer = await call('HubfarmSipGetFarm');
  expect(answer['MemberList']).toMatchObject([
    { Member_str: 'alpha', Self_bool: true, Farm_str: 'auto', FarmResolved_str: 'relay', InFarm_bool: false },
    { Member_str: 'beta', Role_str: 'frontend', InFarm_bool: true, BoundAddresses_str: '198.51.100.1' },
  ]);
  expect(answer['WarningList']).toEqual([{ Member_str: 'alpha', Code_str: 'symmetric', Text_str: 'why' }]);
  expect(answer['SettingList']).toContainEqual({
    Name_str: 'virtualAddresses',
    Value_str: '198.51.100.1',
    Source_str: 'cluster',
  });
});

describe('HubfarmSipSetFarm', () => {
  test('sets a server, this one or another, threads and all, and the audit log has both sides', async () => {
    await call('HubfarmSipSetFarm', { Farm_str: 'member', VirtualAddresses_str: '198.51.100.1, 2001:DB8::1' });
    await call('HubfarmSipSetFarm', {
      Server_str: 'beta/2',
      LanNetworks_str: '10.0.0.0/8,192.0.2.1',
      WanAddress_str: '',
    });
    expect([...servers]).toEqual([
      ['', { farm: 'member', virtualAddresses: ['198.51.100.1', '2001:db8::1'] }],
      ['beta', { lanNetworks: ['10.0.0.0/8', '192.0.2.1/32'], wanAddress: '' }],
    ]);
    const { Set_str: set } = await call('HubfarmSipSetFarm', { Balancer_str: 'nat', Unset_str: ['farm'] });
    expect(JSON.parse(set as string)).toEqual({ virtualAddresses: ['198.51.100.1', '2001:db8::1'], balancer: 'nat' });
    expect(fixture.auditLines.join('\n')).toMatch(/SIP Farm of beta/);
    expect(fixture.auditLines.at(-1)).toContain('"farm":"member"');
  });

  test('sets the cluster, but not the part of a server there', async () => {
    await call('HubfarmSipSetFarm', { Cluster_bool: true, WanAddress_str: '203.0.113.1' });
    expect(cluster).toEqual({ wanAddress: '203.0.113.1' });
    expect(await errorOf({ Cluster_bool: true, Farm_str: 'member' })).toMatch(/^38: .*one server/);
    expect(await errorOf({ Cluster_bool: true, Server_str: 'beta', WanAddress_str: '' })).toMatch(/^38/);
  });

  test.each([
    [{ Farm_str: 'often' }, '38: Farm: "often" is none of auto, member, disabled, relay'],
    [{ Signals_str: 'here' }, '38: Signals: "here"'],
    [{ CallLegs_str: 'here' }, '38: CallLegs: "here"'],
    [{ Balancer_str: 'x' }, '38: Balancer: "x"'],
    [{ VirtualAddresses_str: 'example.org' }, '38: VirtualAddresses: "example.org" is not an IP address'],
    [{ LanNetworks_str: '10.0.0.0/33' }, '38: LanNetworks: "10.0.0.0/33"'],
    [{ WanAddress_str: 'here' }, '38: WanAddress: "here" is no IP address'],
    [{ Unset_str: ['all'] }, '38: "all" is no setting'],
    [{}, '38: nothing to set'],
    [{ Server_str: 'gamma', Farm_str: 'member' }, '29: there is no server "gamma"'],
  ])('refuses %j', async (params, why) => {
    expect(await errorOf(params)).toContain(why);
    expect([...servers]).toEqual([]);
  });
});

test('HubfarmSipRefreshFarm looks for addresses, and says what there is', async () => {
  expect(await call('HubfarmSipRefreshFarm')).toMatchObject({ MemberList: [{ Ready_bool: true, Problem_str: '' }] });
  expect(refreshes).toBe(1);
});

test('a server without a part in a farm says so', async () => {
  context = { ...fixture.context, sip: {} as SipControl };
  const answer = await callJson(context, 'HubfarmSipGetFarm', {});
  expect('error' in answer && answer.error.message).toContain('no part in a SIP Farm');
});
