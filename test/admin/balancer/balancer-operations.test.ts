import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AdminContext } from '#admin';
import type { HostNetworkFacts } from '#io';
import { openFixture, type Fixture } from '../fixture.ts';
import { callJson } from '../json-call.ts';

const settings = { arpIgnore: 0, arpAnnounce: 0, rpFilter: 0 };
const facts: HostNetworkFacts = {
  systemName: 'Linux',
  all: settings,
  interfaces: [
    {
      name: 'lo',
      isLoopback: true,
      mac: '00:00:00:00:00:00',
      addresses: [{ address: '127.0.0.1', netmask: '255.0.0.0' }],
      settings,
    },
    {
      name: 'eth0',
      isLoopback: false,
      mac: '02:00:00:00:00:11',
      addresses: [
        { address: '169.254.1.1', netmask: '255.255.0.0' },
        { address: '10.0.0.11', netmask: '255.255.255.0' },
      ],
      settings,
    },
  ],
};

let fixture: Fixture;
let context: AdminContext;

beforeEach(async () => {
  fixture = await openFixture();
  context = { ...fixture.context, hostNetwork: { facts: () => Promise.resolve(facts) } };
});
afterEach(() => fixture.close());

async function call(method: string, params: object = {}): Promise<Record<string, readonly object[]>> {
  const answer = await callJson(context, method, params);
  if ('error' in answer) throw new Error(`${answer.error.code}: ${answer.error.message}`);
  return answer.result as Record<string, readonly object[]>;
}

test('a server without SIP is a frontend for VPN: its address is the first that leads outside', async () => {
  const { FrontendList, ListenerList, OnlyThisServer_bool: isAlone } = await call('HubfarmEnumFrontend');
  expect(isAlone).toBe(false);
  expect(FrontendList).toEqual([
    expect.objectContaining({
      Address_str: '10.0.0.11',
      Mac_str: '02:00:00:00:00:11',
      Weight_u32: 100,
      Ready_bool: true,
      TakesLogins_bool: true,
      InFarm_bool: false,
      Balancer_str: 'none',
      MediaPorts_str: '',
    }),
  ]);
  const ports = context.listeners.list().flatMap(({ port, isEnabled }) => (isEnabled ? [port] : []));
  expect(ports.length).toBeGreaterThan(0);
  expect(ListenerList).toEqual(
    ports.map((port) => expect.objectContaining({ Kind_str: 'vpn', Port_u32: port }) as unknown),
  );
});

test('what lacks is looked for at an address that is given; without one there is nothing to say', async () => {
  expect((await call('HubfarmCheckFrontend'))['FindingList']).toEqual([]);
  const params = { VirtualAddress_str: '203.0.113.10', BalancerAddress_str: '10.0.0.1' };
  const rows = (await call('HubfarmCheckFrontend', params))['FindingList'] as readonly Record<string, string>[];
  expect(rows.map((row) => `${row['What_str']}: ${row['Verdict_str']}`)).toEqual([
    'alias: lacks',
    'arp_ignore of eth0: lacks',
    'arp_announce of eth0: lacks',
    'ARP of all: lacks',
    'rp_filter of eth0: ok',
    'socket: lacks',
    'segment: ok',
  ]);
  expect(rows.every((row) => row['VirtualAddress_str'] === '203.0.113.10')).toBe(true);
});

test('what is no IPv4 address is refused, and so is a server that knows nothing of its host', async () => {
  await expect(call('HubfarmCheckFrontend', { VirtualAddress_str: '2001:db8::1' })).rejects.toThrow('no IPv4 address');
  await expect(call('HubfarmCheckFrontend', { BalancerAddress_str: 'x' })).rejects.toThrow('no IPv4 address');
  context = fixture.context;
  await expect(call('HubfarmEnumFrontend')).rejects.toThrow('nothing is known of the network');
  await expect(call('HubfarmCheckFrontend')).rejects.toThrow('nothing is known of the network');
});

test('a server that was told of a balancer which translates addresses is looked at for that', async () => {
  const farm = { isSelf: true, balancer: 'nat', virtualAddresses: ['203.0.113.10'], wanAddress: '', isReady: true };
  const self = { ...farm, boundAddresses: [], resolved: { farm: 'member' } };
  const sip = { status: () => ({ listeners: [] }), farm: { status: () => ({ members: [self] }) } };
  context = { ...context, sip: sip as unknown as NonNullable<AdminContext['sip']> };
  const rows = (await call('HubfarmCheckFrontend'))['FindingList'] as readonly Record<string, string>[];
  expect(rows.map((row) => `${row['What_str']}: ${row['Verdict_str']}`)).toEqual([
    'WAN address: lacks',
    'way back: unknown',
  ]);
  const params = { VirtualAddress_str: '203.0.113.10' };
  const asked = (await call('HubfarmCheckFrontend', params))['FindingList'] as readonly Record<string, string>[];
  expect(asked[0]).toMatchObject({ What_str: 'alias' });
});
