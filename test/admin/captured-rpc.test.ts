import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { operations } from '#admin';
import { adminPackLimits, Pack, type PackElement } from '#softether';
import { callRpc, openFixture, type Fixture } from './fixture.ts';
import { hubRecord, userRecord } from './records.ts';

/** Requests of the real vpncmd and the answers of vpnserver 5.01.9674. Data values are hex, int64 decimal text. */
interface Captured {
  readonly name: string;
  readonly type: PackElement['type'];
  readonly values?: readonly (string | number)[];
}

const vectors = JSON.parse(readFileSync('test/vectors/softether/admin-rpc.json', 'utf8')) as {
  readonly functions: Readonly<
    Record<string, { readonly request: readonly Captured[]; readonly response: readonly Captured[] }>
  >;
};

function packOf(elements: readonly Captured[]): Pack {
  return new Pack(
    elements.map(({ name, type, values = [''] }) => {
      const decoded = values.map((value) => {
        if (type === 'data') return Buffer.from(String(value), 'hex');
        return type === 'int64' ? BigInt(value) : value;
      });
      return { name, type, values: decoded } as PackElement;
    }),
  );
}

const shapeOf = (elements: readonly { readonly name: string; readonly type: string }[]): string[] =>
  elements.map(({ name, type }) => `${name} ${type}`).sort();

/** Functions whose answer differs from the captured one in more than values, and why. */
const exceptions: Readonly<Record<string, string>> = {
  EnumCa: 'captured with an authority in the list, of which there is none here',
  EnumLink: 'captured with a cascade in the list, of which there is none here',
  EnumAccess: 'captured with entries in the list, of which there is none here',
  EnumGroup: 'captured with a group in the list, of which there is none here',
  GetAcList: 'captured with an entry in the list, of which there is none here',
  EnumL3Switch: 'captured with a switch in the list, of which there is none here',
  EnumLogFile: 'captured with files in the list, of which there is none here',
  GetFarmInfo: 'captured on a cluster controller',
  EnumFarmMember: 'captured on a cluster controller',
  EnumEthernet: 'captured on a host without interfaces; the captured JSON answers have one',
  SetServerCert: 'the private key was taken out of the captured request',
  GetPortsUDP: 'captured with two ports, of which there is none here',
  GetCaps: 'see the test of capabilities: the original has names that only its Windows edition fills',
};

const implemented = Object.keys(vectors.functions).filter((name) => {
  const operation = operations.get(name);
  return operation !== undefined && operation.noun !== '' && !(name in exceptions);
});

let fixture: Fixture;

beforeEach(async () => {
  fixture = await openFixture();
  // What was there when the functions were captured.
  await fixture.directory.createHub(hubRecord('hubD'));
  await fixture.directory.createUser('hubD', fixture.directory.user('DEFAULT', 'user1')!);
  await fixture.directory.deleteUser('DEFAULT', 'anon');
  await fixture.context.bridges.create({ hubName: 'OTHER', deviceName: 'eth1', tapMode: false });
  fixture.attach('DEFAULT', 'SID-SECURENAT-5', 'SecureNAT', 'secureNat').sendFrame();
});

afterEach(() => fixture.close());

/** State that single functions were captured with. */
const preparations: Readonly<Record<string, (fixture: Fixture) => Promise<unknown>>> = {
  GetHub: ({ directory }) => directory.createHub(hubRecord('hubA')),
  EnableListener: ({ context }) => context.listeners.create(7777, true),
  DeleteListener: ({ context }) => context.listeners.create(7777, true),
  DeleteLocalBridge: ({ context }) => context.bridges.create({ hubName: 'DEFAULT', deviceName: 'tapx', tapMode: true }),
  // Captured on a server without bridges and interfaces.
  EnumLocalBridge: ({ context }) => context.bridges.delete('OTHER', 'eth1'),
  DeleteMacTable: ({ host }) => Promise.resolve(host.instance('DEFAULT')?.deleteMac(1)),
  DeleteIpTable: ({ host }) => Promise.resolve(host.instance('DEFAULT')?.deleteIp(1)),
  EnumIpTable: ({ host }) => Promise.resolve(host.instance('DEFAULT')?.deleteIp(1)),
  EnumUser: ({ directory }) => directory.createUser('DEFAULT', userRecord('anon')),
};

describe('a request captured from vpncmd is answered with the elements that vpnserver answered with:', () => {
  test.each(implemented)('%s', async (name) => {
    await preparations[name]?.(fixture);
    const { request, response } = vectors.functions[name]!;
    const expected = packOf(response);
    const answer = await callRpc(fixture.context, Pack.decode(packOf(request).encode(), adminPackLimits));
    expect(answer.int('error')).toBe(expected.int('error'));
    expect(shapeOf(Pack.decode(answer.encode(), adminPackLimits).elements)).toEqual(shapeOf(response));
  });

  test('and nothing that is implemented has been left out but for a reason', () => {
    const known = Object.keys(vectors.functions).filter((name) => operations.get(name)?.noun !== '');
    expect(known.filter((name) => !implemented.includes(name) && !(name in exceptions))).toEqual([]);
    expect(implemented.length).toBeGreaterThan(40);
  });
});

describe('capabilities', () => {
  test('have every name that vpnserver has, in the list and as an element of its own', async () => {
    const expected = packOf(vectors.functions['GetCaps']!.response);
    const answer = await callRpc(fixture.context, new Pack().setStr('function_name', 'GetCaps'));
    const names = (pack: Pack): string[] => [...new Set(pack.values('str', 'CapsName'))].sort();
    expect(names(answer)).toEqual(expect.arrayContaining(names(expected)));
    for (const name of names(expected)) expect(answer.count(`caps_${name}`)).toBe(1);
  });

  test('claim nothing that is not there', async () => {
    const answer = await callRpc(fixture.context, new Pack().setStr('function_name', 'GetCaps'));
    const claimed = answer.elements.filter(({ name }) => name.startsWith('caps_b_') && answer.bool(name));
    expect(claimed.map(({ name }) => name.slice('caps_'.length)).sort()).toEqual([
      'b_cluster_hub_type_fixed',
      'b_is_softether',
      'b_local_bridge',
      'b_standalone',
      'b_support_config_hub',
      'b_support_config_rw',
      'b_support_hide_hub',
      'b_support_limit_multilogin',
      'b_support_msg',
      'b_support_policy_ver_3',
      'b_tap_supported',
      'b_vpn3',
      'b_vpn4',
      'b_vpn_client_connect',
    ]);
  });
});
