import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adminPasswordHash, userPasswordHash } from '#softether';
import { openFixture, type Fixture } from './fixture.ts';
import { ADMIN_PASSWORD } from './records.ts';
import { callJson } from './json-call.ts';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await openFixture();
});

afterEach(() => fixture.close());

const call = (method: string, params: object = {}) => callJson(fixture.context, method, params);
const errorOf = async (method: string, params: object): Promise<number> => {
  const answer = await call(method, params);
  return 'error' in answer ? answer.error.code : 0;
};
const base64 = (bytes: Buffer): string => bytes.toString('base64');

describe('hubs', () => {
  test('are made with a password in plain, or as the two hashes', async () => {
    await call('CreateHub', { HubName_str: 'A', AdminPasswordPlainText_str: 'hp', Online_bool: true });
    const hashes = {
      HashedPassword_bin: base64(adminPasswordHash('hp')),
      SecurePassword_bin: base64(userPasswordHash('hp', 'administrator')),
    };
    await call('CreateHub', { HubName_str: 'B', ...hashes });
    const { hashedPassword, securePassword } = fixture.directory.hub('A')!;
    expect(hashedPassword).toBe('16704e242ba061c47d21796e8c1326a7b9e2f335');
    expect(securePassword).toBe('5c74a9df38480e374e8c1249fa1389ba9a01a76d');
    expect(fixture.directory.hub('B')).toMatchObject({ hashedPassword, securePassword, isOnline: false });
    expect(fixture.host.instance('a')).toBeDefined();
    expect(fixture.host.instance('b')).toBeUndefined();
  });

  test('keep their password when SetHub sends zeros for it, as clients do that were given zeros', async () => {
    const before = fixture.directory.hub('DEFAULT')!;
    const shown = await call('GetHub', { HubName_str: 'DEFAULT' });
    expect(shown).toMatchObject({ result: { HashedPassword_bin: base64(Buffer.alloc(20)) } });
    if (!('result' in shown)) throw new Error('GetHub failed');
    await call('SetHub', { ...shown.result, MaxSession_u32: 7 });
    expect(fixture.directory.hub('DEFAULT')).toEqual({ ...before, maxSessions: 7 });
  });

  test('keep what SetHub does not mention', async () => {
    await call('SetHub', { HubName_str: 'default', NoEnum_bool: true });
    expect(fixture.directory.hub('DEFAULT')).toMatchObject({ isOnline: true, isHiddenFromEnum: true, maxSessions: 0 });
  });

  test.each([
    ['CreateHub', { HubName_str: '' }, 38],
    ['CreateHub', { HubName_str: '.x' }, 38],
    ['CreateHub', { HubName_str: 'x.' }, 38],
    ['CreateHub', { HubName_str: 'a/b' }, 38],
    ['CreateHub', { HubName_str: 'x'.repeat(300) }, 38],
    ['CreateHub', { HubName_str: 'default' }, 57],
    ['CreateHub', { HubName_str: 'x', HubType_u32: 2 }, 38],
    ['CreateHub', { HubName_str: 'x', HashedPassword_bin: 'AAAB' }, 38],
    ['SetHub', { HubName_str: 'NOSUCH' }, 8],
    ['SetHub', { HubName_str: 'DEFAULT', HubType_u32: 1 }, 38],
    ['GetHub', { HubName_str: '' }, 38],
    ['DeleteHub', { HubName_str: 'NOSUCH' }, 8],
    ['DeleteHub', {}, 38],
    ['SetHubOnline', { HubName_str: 'NOSUCH' }, 8],
    ['GetHubStatus', { HubName_str: 'NOSUCH' }, 8],
    ['SetHubMsg', { HubName_str: 'DEFAULT', Msg_bin: base64(Buffer.alloc(20_001, 65)) }, 111],
  ])('%s %j is refused with %i', async (method, params, code) => {
    expect(await errorOf(method, params)).toBe(code);
  });

  test('go offline, which ends their sessions, and online again', async () => {
    const session = fixture.attach('DEFAULT', 'SID-USER1-1', 'user1');
    await call('SetHubOnline', { HubName_str: 'DEFAULT', Online_bool: false });
    expect(session.disconnectedFor).toBe('hubOffline');
    expect(await call('GetHubStatus', { HubName_str: 'DEFAULT' })).toMatchObject({
      result: { Online_bool: false, NumSessions_u32: 0, NumUsers_u32: 2 },
    });
    await call('SetHubOnline', { HubName_str: 'DEFAULT', Online_bool: true });
    expect(fixture.host.instance('DEFAULT')).toBeDefined();
  });

  test('show the message that was set, without the NUL that some clients send with it', async () => {
    await call('SetHubMsg', { HubName_str: 'DEFAULT', Msg_bin: base64(Buffer.from('grüezi\0')) });
    const answer = await call('GetHubMsg', { HubName_str: 'DEFAULT' });
    expect(answer).toMatchObject({ result: { Msg_bin: base64(Buffer.from('grüezi')) } });
  });
});

describe('sessions', () => {
  test('are listed with what they are, and ended by an administrator', async () => {
    const session = fixture.attach('DEFAULT', 'SID-USER1-1', 'user1');
    session.sendFrame();
    expect(await call('EnumSession', { HubName_str: 'DEFAULT' })).toMatchObject({
      result: {
        SessionList: [{ Name_str: 'SID-USER1-1', Ip_ip: '10.78.0.11', PacketNum_u64: 1, BridgeMode_bool: false }],
      },
    });
    expect(await errorOf('DeleteSession', { HubName_str: 'DEFAULT', Name_str: 'sid-user1-1' })).toBe(0);
    expect(session.disconnectedFor).toBe('administrator');
    expect(await errorOf('DeleteSession', { HubName_str: 'DEFAULT', Name_str: 'SID-USER1-1' })).toBe(29);
    expect(await errorOf('DeleteSession', { HubName_str: 'DEFAULT', Name_str: '' })).toBe(38);
  });

  test.each([
    ['localBridge', 82],
    ['cascade', 73],
    ['secureNat', 78],
    ['layer3', 91],
  ] as const)('of kind %s cannot be ended this way: %i', async (kind, code) => {
    fixture.attach('DEFAULT', 'SID-BUILTIN-1', 'Builtin', kind);
    expect(await errorOf('DeleteSession', { HubName_str: 'DEFAULT', Name_str: 'SID-BUILTIN-1' })).toBe(code);
  });

  test('show client numbers byte-swapped, as clients expect, and traffic from the side of the client', async () => {
    fixture.attach('DEFAULT', 'SID-USER1-1', 'user1').sendFrame();
    const answer = await call('GetSessionStatus', { HubName_str: 'DEFAULT', Name_str: 'SID-USER1-1' });
    expect(answer).toMatchObject({
      result: {
        ClientProductVer_u32: 0xf5010000,
        ClientPort_u32: 515047424,
        ServerPort2_u32: 3137404928,
        ServerProductVer_u32: 501,
        'Send.BroadcastCount_u64': 1,
        'Recv.BroadcastCount_u64': 0,
        TotalSendSize_u64: 508,
        TotalRecvSize_u64: 25,
        SessionStatus_u32: 3,
      },
    });
  });
});

describe('address tables', () => {
  test('are listed with keys, by which entries are deleted', async () => {
    fixture.attach('DEFAULT', 'SID-USER1-1', 'user1').sendFrame();
    const macs = await call('EnumMacTable', { HubName_str: 'DEFAULT' });
    expect(macs).toMatchObject({
      result: { MacTable: [{ MacAddress_bin: 'XiaOKAnj', SessionName_str: 'SID-USER1-1' }] },
    });
    const ips = await call('EnumIpTable', { HubName_str: 'DEFAULT' });
    expect(ips).toMatchObject({ result: { IpTable: [{ Ip_ip: '10.99.0.1', IpAddress_ip: '10.99.0.1' }] } });
    for (const [kind, method] of [
      ['Mac', 'DeleteMacTable'],
      ['Ip', 'DeleteIpTable'],
    ] as const) {
      const rows = (kind === 'Mac' ? macs : ips) as { result: Record<string, { Key_u32: number }[]> };
      const key = rows.result[`${kind}Table`]![0]!.Key_u32;
      expect(await errorOf(method, { HubName_str: 'DEFAULT', Key_u32: key })).toBe(0);
      expect(await errorOf(method, { HubName_str: 'DEFAULT', Key_u32: key })).toBe(29);
    }
  });
});

describe('the server', () => {
  test('counts hubs, sessions, sockets and licences', async () => {
    fixture.attach('DEFAULT', 'SID-USER1-1', 'user1');
    fixture.attach('OTHER', 'SID-LOCALBRIDGE-1', 'Local Bridge', 'localBridge');
    expect(await call('GetServerStatus')).toMatchObject({
      result: {
        NumHubTotal_u32: 2,
        NumHubStandalone_u32: 2,
        NumSessionsTotal_u32: 2,
        NumTcpConnections_u32: 3,
        NumUsers_u32: 2,
        AssignedClientLicenses_u32: 1,
        AssignedBridgeLicenses_u32: 0,
      },
    });
  });

  test('takes a new administrator password, and no empty one', async () => {
    expect(await errorOf('SetServerPassword', { PlainTextPassword_str: 'new' })).toBe(0);
    expect(fixture.context.adminPassword.hashed()).toEqual(adminPasswordHash('new'));
    const hashed = base64(adminPasswordHash(ADMIN_PASSWORD));
    expect(await errorOf('SetServerPassword', { HashedPassword_bin: hashed })).toBe(0);
    expect(fixture.context.adminPassword.hashed()).toEqual(adminPasswordHash(ADMIN_PASSWORD));
    for (const bad of ['', 'AAAA', base64(Buffer.alloc(20)), base64(adminPasswordHash(''))]) {
      expect(await errorOf('SetServerPassword', { HashedPassword_bin: bad })).toBe(38);
    }
    expect(fixture.context.adminPassword.hashed()).toEqual(adminPasswordHash(ADMIN_PASSWORD));
  });

  test('exports its configuration and takes it back', async () => {
    const exported = await call('GetConfig');
    if (!('result' in exported)) throw new Error('GetConfig failed');
    await call('DeleteHub', { HubName_str: 'OTHER' });
    expect(await errorOf('SetConfig', exported.result)).toBe(0);
    expect(fixture.directory.hub('OTHER')).toBeDefined();
    expect(await errorOf('SetConfig', { FileData_bin: base64(Buffer.from('no json')) })).toBe(38);
    expect(await errorOf('SetConfig', { FileData_bin: base64(Buffer.from('{"format":"x"}')) })).toBe(38);
  });

  test('exports nothing of what makes its cluster, the key of its authority among it', async () => {
    await fixture.context.backplane.put('cfg/cluster/secret/authority', '{"privateKeyPem":"the key"}');
    const exported = await call('GetConfig');
    if (!('result' in exported)) throw new Error('GetConfig failed');
    const text = Buffer.from((exported.result as { FileData_bin: string }).FileData_bin, 'base64').toString();
    expect(text).toContain('cfg/hub/');
    expect(text).not.toContain('cfg/cluster/');
    expect(await errorOf('SetConfig', exported.result)).toBe(0);
    expect(await fixture.context.backplane.get('cfg/cluster/secret/authority')).toBeDefined();
  });

  test('makes backups where those ask who may open its local socket, and for nobody else', async () => {
    const local = { role: 'server', remoteAddress: 'admin.sock', face: 'socket' } as const;
    const folder = mkdtempSync(join(tmpdir(), 'hubfarm-backup-'));
    const path = join(folder, 'copy.db');
    expect(await errorOf('HubfarmBackup', { Path_str: path })).toBe(33);
    const relative = await callJson(fixture.context, 'HubfarmBackup', { Path_str: 'copy.db' }, local);
    expect(relative).toMatchObject({ error: { code: 38 } });
    expect(existsSync(path)).toBe(false);
    expect(await callJson(fixture.context, 'HubfarmBackup', { Path_str: path }, local)).toHaveProperty('result');
    expect(existsSync(path)).toBe(true);
    rmSync(folder, { recursive: true });
  });

  test('lists and lifts bans', async () => {
    fixture.bans.push({
      kind: 'address',
      address: '192.0.2.7',
      user: '',
      sinceMs: 1_700_000_000_000,
      untilMs: 1_700_000_300_000,
    });
    expect(await call('HubfarmEnumBan')).toMatchObject({
      result: {
        BanList: [{ Kind_str: 'address', Address_str: '192.0.2.7', UntilTime_dt: '2023-11-14T22:18:20.000Z' }],
      },
    });
    expect(await errorOf('HubfarmLiftBan', { Target_str: '192.0.2.7' })).toBe(0);
    expect(await errorOf('HubfarmLiftBan', { Target_str: '192.0.2.8' })).toBe(29);
  });

  test.each([
    ['CreateListener', { Port_u32: 0 }, 38],
    ['CreateListener', { Port_u32: 70_000 }, 38],
    ['CreateListener', { Port_u32: 443 }, 54],
    ['DeleteListener', { Port_u32: 1 }, 53],
    ['EnableListener', { Port_u32: 1 }, 53],
    ['GetConnectionInfo', { Name_str: 'CID-99' }, 29],
    ['GetConnectionInfo', { Name_str: '' }, 38],
    ['DisconnectConnection', { Name_str: 'CID-99' }, 29],
    ['DisconnectConnection', { Name_str: 'cid-2' }, 0],
    ['AddLocalBridge', { DeviceName_str: '', HubNameLB_str: 'DEFAULT' }, 38],
    ['AddLocalBridge', { DeviceName_str: 'eth0', HubNameLB_str: '' }, 38],
    ['DeleteLocalBridge', { DeviceName_str: 'eth9', HubNameLB_str: 'DEFAULT' }, 29],
  ])('%s %j is answered with %i', async (method, params, code) => {
    expect(await errorOf(method, params)).toBe(code);
  });
});
