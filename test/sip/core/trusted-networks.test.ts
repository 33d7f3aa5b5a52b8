import { expect, test } from 'vitest';
import { TrustedNetworks } from '../../../src/sip/core/trusted-networks.ts';
import { hopOver } from '../transaction/wire.ts';

const has = (networks: readonly string[], address: string): boolean =>
  new TrustedNetworks(networks).has(hopOver('udp', address));

test('a network has the addresses with its first bits', () => {
  expect(has(['192.0.2.0/24'], '192.0.2.255')).toBe(true);
  expect(has(['192.0.2.0/24'], '192.0.3.0')).toBe(false);
  expect(has(['192.0.2.128/25'], '192.0.2.127')).toBe(false);
  expect(has(['192.0.2.128/25'], '192.0.2.129')).toBe(true);
  expect(has(['0.0.0.0/0'], '203.0.113.1')).toBe(true);
  expect(has(['2001:db8::/32'], '2001:db8:ffff::1')).toBe(true);
  expect(has(['2001:db8::/32'], '2001:db9::1')).toBe(false);
});

test('an address is a network of one, and the other family is never in it', () => {
  expect(has(['192.0.2.7'], '192.0.2.7')).toBe(true);
  expect(has(['192.0.2.7'], '192.0.2.8')).toBe(false);
  expect(has(['0.0.0.0/0'], '2001:db8::1')).toBe(false);
  expect(has([], '192.0.2.7')).toBe(false);
});

test('what is no network is named', () => {
  for (const text of ['192.0.2.0/33', 'example.org', '192.0.2/24', '192.0.2.0/', '::/129']) {
    expect(() => new TrustedNetworks([text])).toThrow(`${text} is no network`);
  }
});
