import { describe, expect, test } from 'vitest';
import { SeededRandom, VirtualClock } from '#io/sim';
import { parseSipUri } from '../../../src/sip/message/sip-uri.ts';
import { DnsServerLocator } from '../../../src/sip/transport/dns-locator.ts';
import { notKnownNow } from '../../../src/sip/transport/server-locator.ts';
import type { Target } from '../../../src/sip/transport/target.ts';
import type { TransportName } from '../../../src/sip/transport/transport-name.ts';
import { NameServer } from './name-server.ts';

function world(families: readonly (4 | 6)[] = [4, 6]) {
  const clock = new VirtualClock();
  const dns = new NameServer();
  const locator = new DnsServerLocator(
    { clock, dns, random: new SeededRandom(1) },
    { transports: ['udp', 'tcp', 'tls'], families: () => families },
  );
  const locate = async (uri: string, hint?: TransportName): Promise<string[]> =>
    (await locator.locate(parseSipUri(uri)!, hint)).map(textOf);
  const now = (uri: string): string[] | undefined => locator.locateNow(parseSipUri(uri)!)?.map(textOf);
  return { clock, dns, locator, locate, now };
}

const textOf = ({ transport, address, port, tlsName }: Target): string =>
  `${transport} ${address} ${port}${tlsName === undefined ? '' : ` ${tlsName}`}`;

describe('an address in a URI is found at once, without asking anybody (RFC 3263 §4.1, §4.2)', () => {
  test.each([
    ['sip:a@192.0.2.1', 'udp 192.0.2.1 5060'],
    ['sip:a@192.0.2.1:5070', 'udp 192.0.2.1 5070'],
    ['sip:a@[2001:db8::1]:5070', 'udp 2001:db8::1 5070'],
    ['sip:a@192.0.2.1;transport=tcp', 'tcp 192.0.2.1 5060'],
    ['sip:a@192.0.2.1;transport=TLS', 'tls 192.0.2.1 5061'],
    ['sips:a@192.0.2.1', 'tls 192.0.2.1 5061'],
    ['sips:a@192.0.2.1;transport=tcp', 'tls 192.0.2.1 5061'],
    ['sip:a@example.org;maddr=192.0.2.9', 'udp 192.0.2.9 5060'],
  ])('%s', (uri, expected) => {
    const { now, dns } = world();
    expect(now(uri)).toEqual([expected]);
    expect(dns.asked).toEqual([]);
  });

  test('what no transport of ours serves has no place', () => {
    const { now } = world();
    expect(now('sip:a@192.0.2.1;transport=sctp')).toEqual([]);
    expect(now('sip:a@192.0.2.1;transport=ws')).toEqual([]);
    expect(now('sips:a@192.0.2.1;transport=udp')).toEqual([]);
  });
});

test('that nobody answers is told apart from that there is nothing', async () => {
  const { dns, locator } = world();
  const uri = parseSipUri('sip:a@example.org')!;
  dns.isDown = true;
  expect(await locator.locate(uri)).toBe(notKnownNow);
  expect(locator.locateNow(uri)).toBe(notKnownNow);
  const other = world();
  expect(await other.locator.locate(uri)).toEqual([]);
  expect(await other.locator.locate(uri)).not.toBe(notKnownNow);
});

describe('a name is found by NAPTR, SRV and addresses (RFC 3263 §4)', () => {
  test('NAPTR says the transports and their order; its services the hosts', async () => {
    const { dns, locate } = world();
    dns.naptr('example.org', 20, 'SIP+D2U', '_sip._udp.example.org');
    dns.naptr('example.org', 10, 'SIPS+D2T', '_sips._tcp.example.org');
    dns.naptr('example.org', 5, 'E2U+email', 'nothing.example.org');
    dns.srv('_sips._tcp.example.org', 1, 'secure.example.org', 5061);
    dns.srv('_sip._udp.example.org', 2, 'two.example.org', 5062).srv('_sip._udp.example.org', 1, 'one.example.org');
    dns.a('secure.example.org', '192.0.2.3').a('one.example.org', '192.0.2.1').a('two.example.org', '192.0.2.2');
    dns.aaaa('one.example.org', '2001:db8::1');
    expect(await locate('sip:a@example.org')).toEqual([
      'tls 192.0.2.3 5061 example.org',
      'udp 192.0.2.1 5060',
      'udp 2001:db8::1 5060',
      'udp 192.0.2.2 5062',
    ]);
    expect(await locate('sips:a@example.org')).toEqual(['tls 192.0.2.3 5061 example.org']);
  });

  test('without NAPTR the services of each transport are asked for, that of the hint first', async () => {
    const { dns, locate } = world();
    dns.srv('_sip._udp.example.org', 1, 'u.example.org').srv('_sip._tcp.example.org', 1, 't.example.org', 5070);
    dns.a('u.example.org', '192.0.2.1').a('t.example.org', '192.0.2.2');
    expect(await locate('sip:a@example.org')).toEqual(['udp 192.0.2.1 5060', 'tcp 192.0.2.2 5070']);
    expect(await locate('sip:a@example.org', 'tcp')).toEqual(['tcp 192.0.2.2 5070', 'udp 192.0.2.1 5060']);
    expect(await locate('sip:a@example.org;transport=tcp')).toEqual(['tcp 192.0.2.2 5070']);
  });

  test('without services it is the host itself', async () => {
    const { dns, locate } = world();
    dns.a('example.org', '192.0.2.1', '192.0.2.2');
    expect(await locate('sip:a@Example.ORG')).toEqual(['udp 192.0.2.1 5060', 'udp 192.0.2.2 5060']);
    expect(await locate('sips:a@example.org')).toEqual([
      'tls 192.0.2.1 5061 example.org',
      'tls 192.0.2.2 5061 example.org',
    ]);
  });

  test('a port makes it the host itself, whatever services there are', async () => {
    const { dns, locate } = world();
    dns.srv('_sip._udp.example.org', 1, 'u.example.org').a('u.example.org', '192.0.2.9').a('example.org', '192.0.2.1');
    expect(await locate('sip:a@example.org:5080')).toEqual(['udp 192.0.2.1 5080']);
    expect(dns.asked.some((question) => question.startsWith('srv'))).toBe(false);
  });

  test('a service that is decidedly not there, and a name that is not, have no place', async () => {
    const { dns, locate } = world();
    dns.srv('_sip._udp.example.org', 1, '.').srv('_sip._tcp.example.org', 1, '').srv('_sips._tcp.example.org', 1, '.');
    dns.a('example.org', '192.0.2.1');
    expect(await locate('sip:a@example.org')).toEqual([]);
    expect(await locate('sip:a@nowhere.example.org')).toEqual([]);
  });

  test('families that this machine does not have are not asked for', async () => {
    const { dns, locate } = world([4]);
    dns.a('example.org', '192.0.2.1').aaaa('example.org', '2001:db8::1');
    expect(await locate('sip:a@example.org:5060')).toEqual(['udp 192.0.2.1 5060']);
    expect(dns.asked).toEqual(['4 example.org']);
  });
});

describe('what name servers said', () => {
  test('is kept for as long as they say, then asked for again', async () => {
    const { clock, dns, locate, now } = world([4]);
    dns.ttlSeconds = 20;
    dns.a('example.org', '192.0.2.1');
    expect(now('sip:a@example.org:5060')).toBeUndefined();
    await locate('sip:a@example.org:5060');
    clock.advance(19_000);
    expect(now('sip:b@example.org:5060')).toEqual(['udp 192.0.2.1 5060']);
    clock.advance(2_000);
    expect(now('sip:a@example.org:5060')).toBeUndefined();
    await locate('sip:a@example.org:5060');
    expect(dns.asked).toHaveLength(2);
  });

  test('that there is nothing is kept for half a minute', async () => {
    const { clock, dns, locate, now } = world([4]);
    await locate('sip:a@example.org:5060');
    clock.advance(29_000);
    expect(now('sip:a@example.org:5060')).toEqual([]);
    clock.advance(2_000);
    dns.a('example.org', '192.0.2.1');
    expect(await locate('sip:a@example.org:5060')).toEqual(['udp 192.0.2.1 5060']);
  });

  test('goes on to be used while they do not answer', async () => {
    const { clock, dns, locate } = world([4]);
    dns.a('example.org', '192.0.2.1');
    await locate('sip:a@example.org:5060');
    dns.isDown = true;
    clock.advance(61_000);
    expect(await locate('sip:a@example.org:5060')).toEqual(['udp 192.0.2.1 5060']);
    expect(await locate('sip:a@other.example.org:5060')).toEqual([]);
    clock.advance(6_000);
    dns.isDown = false;
    dns.a('other.example.org', '192.0.2.2');
    expect(await locate('sip:a@other.example.org:5060')).toEqual(['udp 192.0.2.2 5060']);
  });

  test('is asked once by many who want to know at the same moment', async () => {
    const { dns, locate } = world([4]);
    dns.a('example.org', '192.0.2.1');
    await Promise.all(Array.from({ length: 20 }, () => locate('sip:a@example.org:5060')));
    expect(dns.asked).toEqual(['4 example.org']);
  });
});

test('a server that did not answer is tried last for a while (RFC 3263 §4.3)', async () => {
  const { clock, dns, locator, locate } = world([4]);
  dns.ttlSeconds = 3600;
  dns.srv('_sip._udp.example.org', 1, 'one.example.org').srv('_sip._udp.example.org', 2, 'two.example.org');
  dns.a('one.example.org', '192.0.2.1').a('two.example.org', '192.0.2.2');
  const uri = 'sip:a@example.org;transport=udp';
  expect(await locate(uri)).toEqual(['udp 192.0.2.1 5060', 'udp 192.0.2.2 5060']);
  locator.failed({ transport: 'udp', address: '192.0.2.1', port: 5060 });
  expect(await locate(uri)).toEqual(['udp 192.0.2.2 5060', 'udp 192.0.2.1 5060']);
  clock.advance(33_000);
  expect(await locate(uri)).toEqual(['udp 192.0.2.1 5060', 'udp 192.0.2.2 5060']);
});

test('nobody is asked for a caller who has given up', async () => {
  const { dns, locator } = world();
  const given = AbortSignal.abort();
  expect(await locator.locate(parseSipUri('sip:a@example.org')!, undefined, given)).toEqual([]);
  expect(dns.asked).toEqual([]);
});
