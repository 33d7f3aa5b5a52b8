import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { operations } from '#admin';
import { Pack } from '#softether';
import type { Caller } from '../../src/admin/operations/caller.ts';
import { callRpc, openFixture, type Fixture } from './fixture.ts';
import { callJson } from './json-call.ts';

/**
 * Who may call what. `anyone` = every administrator; `hub` = the server's, and the named hub's; `server` = only the
 * server's; nobody else may call anything.
 */
const roleTable = {
  anyone: [
    ...['Test', 'GetServerInfo', 'GetServerStatus', 'GetCaps', 'GetAdminMsg'],
    ...['EnumListener', 'GetPortsUDP', 'GetOpenVpnSstpConfig'],
    ...['GetServerCert', 'GetServerCipher', 'GetServerCipherList'],
    ...['EnumHub', 'GetBridgeSupport', 'EnumLocalBridge', 'EnumL3Switch', 'EnumLogFile'],
    ...['GetFarmSetting', 'GetFarmInfo', 'EnumFarmMember', 'GetFarmConnectionStatus'],
    ...['GetKeep', 'GetSysLog', 'HubfarmTailAudit', 'HubfarmEnumInstance'],
  ],
  hub: [
    ...['SetHub', 'GetHub', 'SetHubOnline', 'GetHubStatus', 'GetHubMsg', 'SetHubMsg', 'GetHubLog', 'GetHubRadius'],
    ...['CreateUser', 'SetUser', 'GetUser', 'DeleteUser', 'EnumUser'],
    ...['EnumSession', 'GetSessionStatus', 'DeleteSession'],
    ...['EnumMacTable', 'DeleteMacTable', 'EnumIpTable', 'DeleteIpTable'],
    ...['EnumGroup', 'EnumCa', 'EnumLink', 'EnumAccess', 'EnumCrl', 'GetAcList'],
  ],
  server: [
    ...['SetServerPassword', 'Flush', 'GetConfig', 'SetConfig'],
    ...['CreateListener', 'DeleteListener', 'EnableListener', 'GetSpecialListener'],
    ...['SetServerCert', 'RegenerateServerCert'],
    ...['EnumConnection', 'GetConnectionInfo', 'DisconnectConnection'],
    ...['ReadLogFile', 'CreateHub', 'DeleteHub', 'EnumEthernet', 'AddLocalBridge', 'DeleteLocalBridge'],
    ...['HubfarmEnumBan', 'HubfarmLiftBan', 'HubfarmBackup', 'HubfarmEnumBridge'],
    ...['SetFarmSetting', 'HubfarmPlanFarmSetting', 'HubfarmEnumMember'],
    ...['HubfarmInitCluster', 'HubfarmJoinCluster', 'HubfarmLeaveCluster', 'HubfarmDrainClusterServer'],
    ...['HubfarmPromoteClusterServer', 'HubfarmRemoveClusterServer'],
    ...['HubfarmGetClusterStatus', 'HubfarmGetClusterTask'],
    ...['HubfarmSipCreateDomain', 'HubfarmSipSetDomain', 'HubfarmSipDeleteDomain', 'HubfarmSipEnumDomain'],
    ...['HubfarmSipCreateAccount', 'HubfarmSipSetAccount', 'HubfarmSipDeleteAccount', 'HubfarmSipGetAccount'],
    ...['HubfarmSipEnumAccount', 'HubfarmSipUploadAccounts', 'HubfarmSipImportAccounts'],
    ...['HubfarmSipEnumRegistration', 'HubfarmSipDeleteRegistration', 'HubfarmSipGetStatus'],
    ...['HubfarmSipEnumBan', 'HubfarmSipLiftBan', 'HubfarmSipStartTrace', 'HubfarmSipGetTrace'],
    ...['HubfarmEnumFrontend', 'HubfarmCheckFrontend'],
    ...['HubfarmMediaGetStatus', 'HubfarmMediaCheck'],
    ...['HubfarmSipGetFarm', 'HubfarmSipSetFarm', 'HubfarmSipRefreshFarm'],
    ...['EnumLicenseKey', 'AddLicenseKey', 'DelLicenseKey', 'GetLicenseStatus'],
  ],
} as const;

type Role = keyof typeof roleTable;

const supported = [...operations.values()].filter((operation) => operation.noun !== '');
const rows = (Object.keys(roleTable) as Role[]).flatMap((role) => roleTable[role].map((name) => ({ name, role })));

const who = { remoteAddress: '192.0.2.1', face: 'json-rpc' } as const;
const callers = {
  'the server administrator': { ...who, role: 'server' },
  'the administrator of that hub': { ...who, role: 'hub', hubName: 'default' },
  'the administrator of another hub': { ...who, role: 'hub', hubName: 'OTHER' },
  nobody: { ...who, role: 'nobody' },
} as const satisfies Record<string, Caller>;

type CallerName = keyof typeof callers;

const granted: { readonly [R in Role]: readonly CallerName[] } = {
  anyone: ['the server administrator', 'the administrator of that hub', 'the administrator of another hub'],
  hub: ['the server administrator', 'the administrator of that hub'],
  server: ['the server administrator'],
};

const NOT_ENOUGH_RIGHT = 52;
let fixture: Fixture;

beforeEach(async () => {
  fixture = await openFixture();
});

afterEach(() => fixture.close());

test('the role table names every operation exactly once', () => {
  expect(rows.map(({ name }) => name).sort()).toEqual(supported.map(({ name }) => name).sort());
  for (const { name, role } of rows) expect([name, operations.get(name)?.role]).toEqual([name, role]);
});

describe.each(Object.keys(callers) as CallerName[])('%s', (callerName) => {
  test.each(rows)('calls $name, which is for $role', async ({ name, role }) => {
    const answer = await callJson(fixture.context, name, { HubName_str: 'DEFAULT' }, callers[callerName]);
    const isDenied = 'error' in answer && answer.error.code === NOT_ENOUGH_RIGHT;
    expect(isDenied).toBe(!granted[role].includes(callerName));
  });

  test('gets the answer of a function that is not supported', async () => {
    const answer = await callJson(fixture.context, 'AddL3Switch', {}, callers[callerName]);
    const code = callerName === 'nobody' ? NOT_ENOUGH_RIGHT : 33;
    expect(answer).toMatchObject({ error: { code } });
  });
});

describe('the 145 functions of the original', () => {
  const names = JSON.parse(readFileSync('test/vectors/admin/function-names.json', 'utf8')) as readonly string[];

  test('are all in the table, and besides them only operations of our own', () => {
    expect(names).toHaveLength(145);
    const others = [...operations.keys()].filter((name) => !names.includes(name));
    expect(names.filter((name) => !operations.has(name))).toEqual([]);
    expect(others.every((name) => name.startsWith('Hubfarm'))).toBe(true);
  });

  test('are answered over RPC, each with its output or a number', async () => {
    for (const name of names) {
      const answer = await callRpc(
        fixture.context,
        new Pack().setStr('function_name', name).setStr('HubName', 'OTHER'),
      );
      // A server that cannot be in a cluster cannot change its part either.
      const isSupported = operations.get(name)?.noun !== '' && name !== 'SetFarmSetting' && !name.includes('License');
      expect([name, answer.int('error') === 33]).toEqual([name, !isSupported]);
    }
  });

  test('are the only ones over RPC', async () => {
    for (const name of ['HubfarmEnumBan', 'NoSuchFunction', '', 'createhub', '__proto__', 'constructor']) {
      const answer = await callRpc(fixture.context, new Pack().setStr('function_name', name));
      expect(answer.elements).toEqual([{ name: 'error', type: 'int', values: [33] }]);
    }
  });
});

describe('a hub administrator', () => {
  const caller = callers['the administrator of another hub'];

  test('sees only the own hub in lists', async () => {
    await fixture.context.bridges.create({ hubName: 'DEFAULT', deviceName: 'eth0', tapMode: false });
    await fixture.context.bridges.create({ hubName: 'OTHER', deviceName: 'eth1', tapMode: false });
    const hubs = await callJson(fixture.context, 'EnumHub', {}, caller);
    expect(hubs).toMatchObject({ result: { HubList: [{ HubName_str: 'OTHER' }] } });
    const bridges = await callJson(fixture.context, 'EnumLocalBridge', {}, caller);
    expect(bridges).toMatchObject({ result: { NumItem_u32: 1, LocalBridgeList: [{ DeviceName_str: 'eth1' }] } });
    const status = await callJson(fixture.context, 'GetServerStatus', {}, caller);
    expect(status).toMatchObject({ result: { NumHubTotal_u32: 1, NumUsers_u32: 0 } });
  });

  test('gets the certificate without its private key', async () => {
    const answer = await callJson(fixture.context, 'GetServerCert', {}, caller);
    expect(answer).toMatchObject({ result: { Cert_bin: expect.stringMatching(/^MII/) as unknown } });
    expect(answer).not.toHaveProperty('result.Key_bin');
  });

  test('names no hub and is refused, where the server administrator is told of the missing name', async () => {
    expect(await callJson(fixture.context, 'GetHub', {}, caller)).toMatchObject({ error: { code: 52 } });
    const server = callers['the server administrator'];
    expect(await callJson(fixture.context, 'GetHub', {}, server)).toMatchObject({ error: { code: 38 } });
  });

  test('has no rights on a hub of the same name that was made later', async () => {
    const { directory, context, clock } = fixture;
    const record = directory.hub('OTHER')!;
    let answer: ((pack: Pack) => void) | undefined;
    const { SoftEtherRpc } = await import('#admin');
    const conversation = new SoftEtherRpc(context).open(
      { role: 'hub', hubName: 'OTHER' },
      {
        connectionName: 'CID-9',
        remote: { address: '192.0.2.1', port: 1 },
        clientProduct: '',
        send: (pack) => answer?.(pack),
        close: () => undefined,
      },
    );
    const ask = (): Promise<Pack> =>
      new Promise((resolve) => {
        answer = resolve;
        conversation.receive(new Pack().setStr('function_name', 'GetHub').setStr('HubName', 'OTHER'));
      });
    expect((await ask()).int('error')).toBe(0);
    await directory.deleteHub('OTHER');
    expect((await ask()).int('error')).toBe(52);
    await directory.createHub({ ...record, createdAtMs: clock.wallMs() + 5 });
    expect((await ask()).int('error')).toBe(52);
  });
});
