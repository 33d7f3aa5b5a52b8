import { describe, expect, test } from 'vitest';
import { LocalFaces } from '../../src/media/local-faces.ts';
import { relayReason, type CallFacts, type PartyFacts } from '../../src/media/relay-rules.ts';
import { audio } from './media-world.ts';

const at = (address: string, isBehindNat = false): PartyFacts => ({ address, isBehindNat });
const call = (a: PartyFacts, b: PartyFacts, isAskedFor = false): CallFacts => ({ a, b, isAskedFor, isUnderWay: false });
const machine = { sourceFor: () => '10.0.0.1', has: (address: string) => address === '10.0.0.1' };
const faces = new LocalFaces(machine, [], { wanAddress: '', lanNetworks: [] });

describe('media go through the server', () => {
  test.each([
    ['LAN to LAN', call(at('10.0.0.2'), at('10.0.0.3')), '10.0.0.2', undefined],
    ['WAN to WAN', call(at('203.0.113.2'), at('198.51.100.3')), '203.0.113.2', undefined],
    ['LAN to WAN', call(at('10.0.0.2'), at('198.51.100.3')), '10.0.0.2', 'lan-wan'],
    ['WAN to LAN', call(at('203.0.113.2'), at('10.0.0.3')), '203.0.113.2', 'lan-wan'],
    ['a caller behind a NAT', call(at('203.0.113.2', true), at('198.51.100.3')), '192.168.1.2', 'nat'],
    ['a called party behind a NAT', call(at('203.0.113.2'), at('198.51.100.3', true)), '203.0.113.2', 'nat'],
    ['both behind one NAT', call(at('203.0.113.2', true), at('203.0.113.2', true)), '192.168.1.2', undefined],
    ['a NAT that only the description shows', call(at('203.0.113.2'), at('198.51.100.3')), '192.168.1.2', 'nat'],
    ['IPv4 to IPv6', call(at('203.0.113.2'), at('2001:db8::3')), '203.0.113.2', 'families'],
    ['IPv6 to IPv4', call(at('2001:db8::2'), at('198.51.100.3')), '2001:db8::2', 'families'],
    ['a description of the other family', call(at('2001:db8::2'), at('2001:db8::3')), '203.0.113.2', 'families'],
    ['asked for', call(at('10.0.0.2'), at('10.0.0.3'), true), '10.0.0.2', 'asked'],
    [
      'media of a server in the LAN, signalling from outside',
      call(at('203.0.113.2'), at('10.0.0.3')),
      '203.0.113.8',
      'lan-wan',
    ],
  ] as const)('or not: %s', (_what, facts, address, reason) => {
    expect(relayReason('a', audio(address, 5004), facts, 'auto', faces)).toBe(reason);
    const turned = { ...facts, a: facts.b, b: facts.a };
    expect(relayReason('b', audio(address, 5004), turned, 'auto', faces)).toBe(reason);
  });

  test('not where nothing of an offer can be relayed', () => {
    expect(
      relayReason('a', audio('10.0.0.2', 0), call(at('10.0.0.2', true), at('198.51.100.3')), 'always', faces),
    ).toBeUndefined();
  });

  test('as the networks say that are LAN here', () => {
    const own = new LocalFaces(machine, [], { wanAddress: '', lanNetworks: ['203.0.113.0/24'] });
    expect(
      relayReason('a', audio('203.0.113.2', 5004), call(at('203.0.113.2'), at('203.0.113.9')), 'auto', own),
    ).toBeUndefined();
    expect(relayReason('a', audio('203.0.113.2', 5004), call(at('203.0.113.2'), at('198.51.100.3')), 'auto', own)).toBe(
      'lan-wan',
    );
  });
});

describe('the address that media use', () => {
  test('outside of the LAN is the WAN address; its sockets have it where it is of this machine', () => {
    const natted = new LocalFaces(machine, [], { wanAddress: '192.0.2.1', lanNetworks: [] });
    expect(natted.towards('203.0.113.2')).toEqual({ bound: '10.0.0.1', told: '192.0.2.1' });
    expect(natted.towards('10.9.9.9')).toEqual({ bound: '10.0.0.1', told: '10.0.0.1' });
    const direct = new LocalFaces({ ...machine, has: () => true }, [], { wanAddress: '192.0.2.1', lanNetworks: [] });
    expect(direct.towards('203.0.113.2')).toEqual({ bound: '192.0.2.1', told: '192.0.2.1' });
  });

  test('is the one that is set, of its family', () => {
    const fixed = new LocalFaces(machine, ['10.0.0.7'], { wanAddress: '2001:db8::1', lanNetworks: [] });
    expect(fixed.towards('203.0.113.2')).toEqual({ bound: '10.0.0.7', told: '10.0.0.7' });
  });

  test('is none where the machine has none of the family', () => {
    expect(
      new LocalFaces({ ...machine, sourceFor: () => '' }, [], { wanAddress: '', lanNetworks: [] }).towards(
        '2001:db8::1',
      ),
    ).toBeUndefined();
  });
});
