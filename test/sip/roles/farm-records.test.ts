import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  farmRecordKey,
  memberOfFarmKey,
  parseFarmRecord,
  serialiseFarmRecord,
  type FarmRecord,
} from '../../../src/sip/roles/farm-record.ts';
import { networkText, parseFaceOverrides, parseOverrides } from '../../../src/sip/roles/settings-codec.ts';
import { defaultFarmSettings, effectiveSettings } from '../../../src/sip/roles/settings.ts';

const record: FarmRecord = {
  boot: '0123456789abcdef',
  token: 'abcdef0',
  machine: 'alpha',
  role: 'frontend',
  configured: { farm: 'auto', signals: 'auto', callLegs: 'remotely' },
  resolved: { farm: 'member', signals: 'locally-for-others', callLegs: 'remotely' },
  relayHost: '192.0.2.1',
  relayPort: 5570,
  weight: 100,
  balancer: 'dsr',
  virtualAddresses: ['198.51.100.1', '2001:db8::1'],
  boundAddresses: ['198.51.100.1'],
  wanAddress: '',
  sockets: [{ id: 1, transport: 'udp', address: '0.0.0.0', port: 5060 }],
  addresses: ['192.0.2.1', '2001:db8::7'],
  isReady: false,
  problem: 'why',
  warnings: [{ code: 'a', text: 'b' }],
};
const bytes = (text: string): Buffer => Buffer.from(text);

describe('what a member says of itself', () => {
  test('comes back as it was written', () => {
    expect(parseFarmRecord(bytes(serialiseFarmRecord(record)))).toEqual(record);
  });

  test('has a key of its own among the records of the member', () => {
    expect(farmRecordKey('alpha/2')).toBe('member/alpha/2/sip');
    expect(memberOfFarmKey('member/alpha/2/sip')).toBe('alpha/2');
    for (const key of ['member/alpha/2/info', 'member/alpha/sip', 'member//sip', 'sip']) {
      expect(memberOfFarmKey(key)).toBeUndefined();
    }
  });

  test('is not believed where anything in it is wrong', () => {
    const wrong: readonly Readonly<Record<string, unknown>>[] = [
      { token: 'A' },
      { role: 'both' },
      { relayPort: 65_536 },
      { weight: -1 },
      { resolved: { ...record.resolved, farm: 'auto' } },
      { configured: { farm: 'auto' } },
      { balancer: 'other' },
      { virtualAddresses: ['example.org'] },
      { sockets: [{ id: 1, transport: 'sctp', address: '0.0.0.0', port: 5060 }] },
      { sockets: [{ id: 1, transport: 'udp', address: 'x', port: 5060 }] },
      { isReady: 'yes' },
      { warnings: ['a'] },
    ];
    for (const change of wrong) {
      expect(parseFarmRecord(bytes(JSON.stringify({ ...record, ...change }))), JSON.stringify(change)).toBeUndefined();
    }
  });

  test('whatever the store has instead, nothing is thrown', () => {
    const keys = Object.keys(record);
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(() => [parseFarmRecord(bytes(text)), parseOverrides(bytes(text))]).not.toThrow();
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue(), (key, value) => {
        const parsed = parseFarmRecord(bytes(JSON.stringify({ ...record, [key]: value })));
        if (parsed !== undefined) expect(parseFarmRecord(bytes(serialiseFarmRecord(parsed)))).toEqual(parsed);
      }),
    );
  });
});

describe('what is set', () => {
  test('counts for a server before its file, and both before the cluster', () => {
    const { settings, sources } = effectiveSettings({
      server: { farm: 'relay', wanAddress: '' },
      file: { farm: 'member', signals: 'locally', wanAddress: '192.0.2.1', balancer: undefined },
      cluster: { wanAddress: '192.0.2.2', balancer: 'nat', lanNetworks: ['10.0.0.0/8'] },
    });
    expect(settings).toEqual({
      ...defaultFarmSettings,
      farm: 'relay',
      signals: 'locally',
      wanAddress: '',
      balancer: 'nat',
      lanNetworks: ['10.0.0.0/8'],
    });
    expect(sources).toEqual({
      farm: 'server',
      signals: 'file',
      callLegs: 'default',
      virtualAddresses: 'default',
      balancer: 'cluster',
      wanAddress: 'server',
      lanNetworks: 'cluster',
    });
  });

  test('is taken from records as far as it is understood; the part of a server is no matter of the cluster', () => {
    const text = '{"farm":"member","balancer":"new","wanAddress":"192.0.2.1","lanNetworks":["x"],"other":1}';
    expect(parseOverrides(bytes(text))).toEqual({ farm: 'member', wanAddress: '192.0.2.1' });
    expect(parseFaceOverrides(bytes(text))).toEqual({ wanAddress: '192.0.2.1' });
    expect(parseOverrides(bytes('[]'))).toBeUndefined();
  });

  test('networks are written with a prefix', () => {
    expect(['192.0.2.1', '2001:db8::/32', '192.0.2.0/33', '10/8', 'a', '1.2.3.4/1/2'].map(networkText)).toEqual([
      '192.0.2.1/32',
      '2001:db8::/32',
      ...Array<undefined>(4).fill(undefined),
    ]);
  });
});
