import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BridgeRecord } from '#hub';
import { FakeCluster } from '../fake-cluster.ts';
import { callJson } from '../json-call.ts';

let cluster: FakeCluster;

beforeEach(async () => {
  cluster = await FakeCluster.open('a', 'b');
  for (const id of ['a/0', 'b/0'] as const) {
    const content = Buffer.from(`log of ${id}`);
    Object.assign(cluster.member(id).context, {
      logs: {
        list: () => Promise.resolve([{ path: 'audit/audit.log', bytes: content.length, modifiedAtMs: 0 }]),
        read: (path: string, offset: number, maxBytes: number) =>
          Promise.resolve(path === 'audit/audit.log' ? content.subarray(offset, offset + maxBytes) : undefined),
      },
    });
  }
});

afterEach(() => cluster.close());

async function ask(method: string, params: object = {}) {
  const answer = await callJson(cluster.member('a/0').context, method, params);
  return ('result' in answer ? answer.result : { error: answer.error.code }) as Record<string, unknown>;
}

test('log files of all members are listed at the controller, and read where they are', async () => {
  expect(await ask('EnumLogFile')).toMatchObject({
    NumItem_u32: 2,
    LogFiles: [
      { FilePath_str: 'audit/audit.log', ServerName_str: 'a' },
      { FilePath_str: 'audit/audit.log', ServerName_str: 'b' },
    ],
  });
  const read = async (server: string, offset = 0) => {
    const part = await ask('ReadLogFile', {
      FilePath_str: 'audit/audit.log',
      ServerName_str: server,
      Offset_u32: offset,
    });
    return Buffer.from(part['Buffer_bin'] as string, 'base64').toString();
  };
  expect([await read(''), await read('A'), await read('b'), await read('b', 7)]).toEqual([
    'log of a/0',
    'log of a/0',
    'log of b/0',
    'b/0',
  ]);
  for (const [FilePath_str, ServerName_str] of [
    ['audit/other.log', 'b'],
    ['audit/audit.log', 'nobody'],
  ]) {
    expect(await ask('ReadLogFile', { FilePath_str, ServerName_str })).toEqual({ error: 29 });
  }
});

test('local bridges of all members are listed at the controller, and made and deleted where they belong', async () => {
  const bridge = (DeviceName_str: string) => ({ DeviceName_str, HubNameLB_str: 'DEFAULT' });
  for (const device of ['eth1', 'eth2@b', 'eth3@A']) {
    expect(await ask('AddLocalBridge', bridge(device))).not.toHaveProperty('error');
  }
  expect(await ask('AddLocalBridge', bridge('eth1@nobody'))).toEqual({ error: 29 });
  const listed = async () => {
    const { LocalBridgeList } = await ask('EnumLocalBridge');
    return (LocalBridgeList as { DeviceName_str: string }[]).map((row) => row.DeviceName_str);
  };
  expect(await listed()).toEqual(['eth1', 'eth3', 'eth2@b']);
  expect(cluster.member('b/0').context.bridges.list()).toMatchObject([{ deviceName: 'eth2' }]);
  expect((await ask('HubfarmEnumBridge'))['BridgeList']).toMatchObject([
    { Member_str: 'a' },
    { Member_str: 'a' },
    { Member_str: 'b', LastError_str: 'no such device' },
  ]);
  expect((await ask('EnumEthernet'))['EthList']).toMatchObject([
    { DeviceName_str: 'eth0' },
    { DeviceName_str: 'eth0@b' },
  ]);
  expect(await ask('DeleteLocalBridge', bridge('eth2@b'))).not.toHaveProperty('error');
  expect(await ask('DeleteLocalBridge', bridge('eth2@b'))).toEqual({ error: 29 });
  expect(await listed()).toEqual(['eth1', 'eth3']);
});

test('threads of one server share its bridges, interfaces and log files: each is in the lists once', async () => {
  const thread = await cluster.add('a/1');
  const { bridges } = cluster.member('a/0').context;
  Object.assign(thread.context, { bridges, logs: cluster.member('a/0').context.logs });
  await bridges.create({ hubName: 'DEFAULT', deviceName: 'eth1', tapMode: false });
  expect(await ask('EnumLocalBridge')).toMatchObject({ NumItem_u32: 1, LocalBridgeList: [{ DeviceName_str: 'eth1' }] });
  expect(await ask('EnumEthernet')).toMatchObject({ NumItem_u32: 2 });
  expect(await ask('EnumLogFile')).toMatchObject({ NumItem_u32: 2, LogFiles: [{ ServerName_str: 'a' }, {}] });
});

test('a bridge for every server is declared once at the controller, and is one row that all of them share', async () => {
  const bridge = { DeviceName_str: 'eth1@*', HubNameLB_str: 'DEFAULT' };
  expect(await ask('AddLocalBridge', bridge)).toEqual({ error: 38 });
  const declared: BridgeRecord[] = [];
  for (const [id, isActive] of [
    ['a/0', true],
    ['b/0', false],
  ] as const) {
    const state = { isOnline: true, isActive, lastError: undefined, notices: [], isEverywhere: true };
    Object.assign(cluster.member(id).context.bridges, {
      list: () => declared.map((one) => ({ ...one, ...state, id: one.deviceName })),
      everywhere: {
        create: (one: BridgeRecord) => Promise.resolve(declared.push(one)),
        delete: () => Promise.resolve(declared.pop()),
      },
    });
  }
  expect(await ask('AddLocalBridge', bridge)).not.toHaveProperty('error');
  expect(declared).toEqual([{ deviceName: 'eth1', hubName: 'DEFAULT', tapMode: false }]);
  expect(await ask('EnumLocalBridge')).toMatchObject({
    NumItem_u32: 1,
    LocalBridgeList: [{ DeviceName_str: 'eth1@*', Online_bool: true, Active_bool: false }],
  });
  expect((await ask('HubfarmEnumBridge'))['BridgeList']).toMatchObject([
    { Member_str: 'a', Active_bool: true },
    { Member_str: 'b', Active_bool: false },
  ]);
  expect(await ask('DeleteLocalBridge', bridge)).not.toHaveProperty('error');
  expect(declared).toEqual([]);
});
