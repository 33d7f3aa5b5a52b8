import { describe, expect, test } from 'vitest';
import { readFence, readMapListing } from '../../../../src/media/relay/nft/map-listing.ts';
import { createTable, tableName } from '../../../../src/media/relay/nft/ruleset.ts';
import { Zones } from '../../../../src/media/relay/nft/zones.ts';

test('a table is called after its member and its process', () => {
  expect(tableName('m1', '4711')).toBe('hubfarm_media_m1_4711');
  expect(() => tableName('m1 { }', '1')).toThrow(/no name for a table/);
});

test('what is forwarded is marked with the class that was asked for (RFC 2474)', () => {
  expect(createTable('t', 184).join()).toContain('map @z4 ip dscp set 46');
  expect(createTable('t', undefined).join()).not.toContain('dscp');
});

describe('what nft lists', () => {
  test('gives the counters of each element', () => {
    const listing = `table inet t {
	map z4 {
		typeof ip saddr . udp sport . ip daddr . udp dport : ct zone
		counter
		elements = { 10.201.1.2 . 20000 . 10.201.1.1 . 30000 counter packets 3 bytes 87 : 5,
			     10.201.2.2 . 20000 . 10.201.2.1 . 40000 counter packets 4 bytes 90 : 5 }
	}
}`;
    expect([...readMapListing(listing.split('\n'))]).toEqual([
      ['10.201.1.2 . 20000 . 10.201.1.1 . 30000', { packets: 3, bytes: 87 }],
      ['10.201.2.2 . 20000 . 10.201.2.1 . 40000', { packets: 4, bytes: 90 }],
    ]);
  });

  test('may have several on a line', () => {
    const line =
      'elements = { 5 . ::1 . 2 counter packets 1 bytes 2 : ::3 . 4, 6 . ::2 . 2 counter packets 9 bytes 8 : ::3 . 5 }';
    expect([...readMapListing([line]).keys()]).toEqual(['5 . ::1 . 2', '6 . ::2 . 2']);
  });

  test('says what the fence holds', () => {
    expect(readFence(['\tset fence {', '\t\telements = { 0x0000004d }'])).toBe(77);
    expect(readFence(['\tset fence {'])).toBeUndefined();
  });
});

test('zones are given out in turn, never 0, never one that is in use', () => {
  const zones = new Zones(65_533);
  expect([zones.take(), zones.take(), zones.take()]).toEqual([65_534, 65_535, 1]);
  zones.giveBack(65_535);
  for (let i = 0; i < 65_532; i++) zones.take();
  expect([zones.take(), zones.take()]).toEqual([65_535, undefined]);
});
