import { IoError } from '#io';
import { describe, expect, test } from 'vitest';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { defaultProxySettings } from '../../../src/sip/proxy/settings.ts';
import { notKnownNow } from '../../../src/sip/transport/server-locator.ts';
import type { Target } from '../../../src/sip/transport/target.ts';
import { SipWorld, type Phone } from '../core/sip-world.ts';

const ALICE = 'udp 192.0.2.7:5060';

function setUp(count: number, q: (index: number) => number = () => 1000) {
  const world = new SipWorld();
  const alice = world.phone({ address: '192.0.2.7' });
  const phones = Array.from({ length: count }, (_, index) => world.phone({ address: `192.0.2.${10 + index}` }));
  phones.forEach((phone, index) => world.bind('bob', phone, { q: q(index) }));
  return { world, alice, phones: phones as [Phone, Phone, Phone] };
}

describe('several telephones of one account', () => {
  test('ring at once when they have the same q, and those that lose are cancelled', () => {
    const { world, alice, phones } = setUp(3);
    alice.send('INVITE');
    expect(world.take()).toEqual([
      `100 → ${ALICE}`,
      'INVITE → udp 192.0.2.10:5060',
      'INVITE → udp 192.0.2.11:5060',
      'INVITE → udp 192.0.2.12:5060',
    ]);
    alice.send('INVITE', { callId: 'other' });
    const invites = phones.map((phone) => world.last(phone, 'INVITE'));
    expect(new Set(invites.map((invite) => invite.topVia()?.branch)).size).toBe(3);
    for (const [index, phone] of phones.entries()) phone.answerTo(invites[index]!, 180);
    world.take();
    phones[1].answerTo(invites[1]!, 200);
    // RFC 3326 §2: they have missed no call.
    expect(world.last(phones[0], 'CANCEL').values(HeaderId.Reason)).toEqual([
      'SIP;cause=200;text="Call completed elsewhere"',
    ]);
    expect(world.take()).toEqual([`200 → ${ALICE}`, 'CANCEL → udp 192.0.2.10:5060', 'CANCEL → udp 192.0.2.12:5060']);
    phones[0].answerTo(invites[0]!, 487);
    phones[2].answerTo(invites[2]!, 487);
    expect(world.take()).toEqual(['ACK → udp 192.0.2.10:5060', 'ACK → udp 192.0.2.12:5060']);
  });

  test('ring one after the other by q', () => {
    const { world, alice, phones } = setUp(3, (index) => 300 * index);
    alice.send('INVITE');
    phones[2].answer('INVITE', 480);
    phones[1].answer('INVITE', 486);
    phones[0].answer('INVITE', 404);
    expect(world.words()).toEqual([
      `100 → ${ALICE}`,
      'INVITE → udp 192.0.2.12:5060',
      'ACK → udp 192.0.2.12:5060',
      'INVITE → udp 192.0.2.11:5060',
      'ACK → udp 192.0.2.11:5060',
      'INVITE → udp 192.0.2.10:5060',
      'ACK → udp 192.0.2.10:5060',
      `480 → ${ALICE}`,
    ]);
  });

  test('all answer at the same moment: each 2xx goes back, so that the caller can end what it does not want', () => {
    const { world, alice, phones } = setUp(2);
    alice.send('INVITE');
    const invites = phones.map((phone) => world.last(phone, 'INVITE'));
    world.take();
    phones[0].answerTo(invites[0]!, 200);
    phones[1].answerTo(invites[1]!, 200);
    expect(world.take().filter((word) => word.startsWith('200'))).toEqual([`200 → ${ALICE}`, `200 → ${ALICE}`]);
  });

  test('one that says 6xx ends the search (RFC 3261 §16.7 item 5)', () => {
    const { world, alice, phones } = setUp(3, (index) => (index === 2 ? 500 : 1000));
    alice.send('INVITE');
    const [first, second] = phones.slice(0, 2).map((phone) => world.last(phone, 'INVITE'));
    phones[0].answerTo(first!, 180);
    phones[1].answerTo(second!, 603);
    expect(world.words()).toContain('CANCEL → udp 192.0.2.10:5060');
    expect(world.last(phones[0], 'CANCEL').values(HeaderId.Reason)).toEqual(['SIP;cause=603']);
    phones[0].answerTo(first!, 487);
    expect(world.words().at(-1)).toBe(`603 → ${ALICE}`);
    expect(world.words()).not.toContain('INVITE → udp 192.0.2.12:5060');
  });

  test('that ask for passwords are asked together: the answer has all challenges (RFC 3261 §16.7 item 7)', () => {
    const { world, alice, phones } = setUp(2);
    alice.send('INVITE');
    phones[0].answer('INVITE', 401, { headers: ['WWW-Authenticate: Digest realm="one", nonce="1"'] });
    phones[1].answer('INVITE', 407, { headers: ['Proxy-Authenticate: Digest realm="two", nonce="2"'] });
    const answer = world.out.at(-1)!;
    expect(answer.to).toBe(ALICE);
    expect(answer.message.values(HeaderId.WwwAuthenticate)).toEqual(['Digest realm="one", nonce="1"']);
    expect(answer.message.values(HeaderId.ProxyAuthenticate)).toEqual(['Digest realm="two", nonce="2"']);
  });

  test('a CANCEL of the caller goes to each of them, and no further one is tried', () => {
    const { world, alice, phones } = setUp(3, (index) => (index === 2 ? 500 : 1000));
    alice.send('INVITE', { branch: 'z9hG4bKc' });
    const invites = phones.slice(0, 2).map((phone) => world.last(phone, 'INVITE'));
    phones[0].answerTo(invites[0]!, 180);
    phones[1].answerTo(invites[1]!, 180);
    world.take();
    alice.send('CANCEL', { branch: 'z9hG4bKc' });
    expect(world.take()).toEqual([`200 → ${ALICE}`, 'CANCEL → udp 192.0.2.10:5060', 'CANCEL → udp 192.0.2.11:5060']);
    phones[0].answerTo(invites[0]!, 487);
    phones[1].answerTo(invites[1]!, 487);
    expect(world.words().at(-1)).toBe(`487 → ${ALICE}`);
    expect(world.words()).not.toContain('INVITE → udp 192.0.2.12:5060');
  });

  test('share the breadth that the request may have (RFC 5393 §5.3.3)', () => {
    const { world, alice, phones } = setUp(2);
    alice.send('INVITE', { headers: ['Max-Breadth: 5'] });
    expect(phones.slice(0, 2).map((phone) => world.last(phone, 'INVITE').value(HeaderId.MaxBreadth))).toEqual([
      '2',
      '2',
    ]);
    world.take();
    alice.send('INVITE', { callId: 'narrow', headers: ['Max-Breadth: 1'] });
    expect(world.take()).toEqual([`100 → ${ALICE}`, `440 → ${ALICE}`]);
  });

  test('are at most as many as the settings say', () => {
    const world = new SipWorld({ settings: { proxy: { ...defaultProxySettings, maxTargets: 3 } } });
    const alice = world.phone({ address: '192.0.2.7' });
    for (let index = 0; index < 10; index++) world.bind('bob', world.phone({ address: `192.0.2.${20 + index}` }));
    alice.send('INVITE');
    expect(world.take()).toHaveLength(4);
  });
});

describe('a redirection', () => {
  test('to another account of ours is followed', () => {
    const { world, alice, phones } = setUp(1);
    const carol = world.phone({ address: '192.0.2.30' });
    world.bind('carol', carol);
    alice.send('INVITE');
    phones[0].answer('INVITE', 302, { headers: ['Contact: <sip:carol@example.org>'] });
    // The telephone's own Contact stands before the one of the redirection.
    expect(world.words()).toContain('INVITE → udp 192.0.2.30:5060');
    carol.answer('INVITE', 200);
    expect(world.words().at(-1)).toBe(`200 → ${ALICE}`);
  });

  test('back to where it came from is not followed again, and the caller sees it', () => {
    const { world, alice, phones } = setUp(1);
    alice.send('INVITE');
    phones[0].answer('INVITE', 302);
    expect(world.words().at(-1)).toBe('INVITE → udp 192.0.2.10:5060');
  });

  test('is left to the caller where the settings say so', () => {
    const world = new SipWorld({ settings: { proxy: { ...defaultProxySettings, followRedirects: false } } });
    const alice = world.phone({ address: '192.0.2.7' });
    const bob = world.phone({ address: '192.0.2.10' });
    world.bind('bob', bob);
    alice.send('INVITE');
    bob.answer('INVITE', 302, { headers: ['Contact: <sip:carol@example.org>'] });
    expect(world.words().at(-1)).toBe(`302 → ${ALICE}`);
  });
});

describe('servers that stand for one name (RFC 3263 §4.3)', () => {
  function toGateway() {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    const first = world.phone({ address: '203.0.113.1' });
    const second = world.phone({ address: '203.0.113.2' });
    world.hosts.set('gateway.example.net', [
      { transport: 'udp', address: '203.0.113.1', port: 5060 },
      { transport: 'udp', address: '203.0.113.2', port: 5060 },
    ]);
    alice.send('INVITE', { uri: 'sip:+4930@gateway.example.net' });
    return { world, alice, first, second };
  }

  test('are tried in turn when one says 503', () => {
    const { world, first, second } = toGateway();
    first.answer('INVITE', 503);
    expect(world.words().at(-1)).toBe('INVITE → udp 203.0.113.2:5060');
    second.answer('INVITE', 200);
    expect(world.words().at(-1)).toBe(`200 → ${ALICE}`);
  });

  test('are tried in turn when one is not there, or does not answer, and that one is remembered', () => {
    const { world } = toGateway();
    world.out.at(-1)?.failed(new Error('no route'));
    expect(world.words().at(-1)).toBe('INVITE → udp 203.0.113.2:5060');
    expect(world.failedTargets).toEqual(['udp 203.0.113.1:5060']);
    world.clock.advance(33_000);
    expect(world.words().at(-1)).toBe(`408 → ${ALICE}`);
    expect(world.failedTargets).toEqual(['udp 203.0.113.1:5060', 'udp 203.0.113.2:5060']);
  });

  test('that all say 503 are a 500 to the caller: this server is not overloaded (RFC 3261 §16.7 item 6)', () => {
    const { world, first, second } = toGateway();
    first.answer('INVITE', 503);
    second.answer('INVITE', 503);
    expect(world.words().at(-1)).toBe(`500 → ${ALICE}`);
  });

  test('none of which can prove who it is are a 503, one that is only not there a 500 (RFC 3261 §16.9)', () => {
    const refused = (): IoError => new IoError('TLS_FAILED', 'not certain to be example.net');
    const all = toGateway().world;
    all.out.at(-1)?.failed(refused());
    all.out.at(-1)?.failed(refused());
    expect(all.words().at(-1)).toBe(`503 → ${ALICE}`);
    expect(all.out.at(-1)?.message.has(HeaderId.RetryAfter)).toBe(false);
    const one = toGateway().world;
    one.out.at(-1)?.failed(refused());
    one.out.at(-1)?.failed(new Error('no route'));
    expect(one.words().at(-1)).toBe(`500 → ${ALICE}`);
  });

  test('are no 404 while no name server says whether there are any: a 500', async () => {
    for (const [found, status] of [
      [notKnownNow, 500],
      [[], 404],
    ] as const) {
      const world = new SipWorld();
      world.slowHosts.set('slow.example.net', found as Target[]);
      world.phone({ address: '192.0.2.7' }).send('INVITE', { uri: 'sip:x@slow.example.net' });
      await Promise.resolve();
      await Promise.resolve();
      expect(world.words().at(-1)).toBe(`${status} → ${ALICE}`);
    }
  });

  test('are waited for when DNS must be asked, and a CANCEL in the meantime ends the call', async () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    world.slowHosts.set('slow.example.net', [{ transport: 'udp', address: '203.0.113.9', port: 5060 }]);
    alice.send('INVITE', { uri: 'sip:x@slow.example.net', branch: 'z9hG4bKs' });
    expect(world.take()).toEqual([`100 → ${ALICE}`]);
    await Promise.resolve();
    await Promise.resolve();
    expect(world.take()).toEqual(['INVITE → udp 203.0.113.9:5060']);
    alice.send('INVITE', { uri: 'sip:x@slow.example.net', branch: 'z9hG4bKt', callId: 'two' });
    alice.send('CANCEL', { uri: 'sip:x@slow.example.net', branch: 'z9hG4bKt', callId: 'two' });
    await Promise.resolve();
    await Promise.resolve();
    expect(world.take()).toEqual([`100 → ${ALICE}`, `200 → ${ALICE}`, `487 → ${ALICE}`]);
  });

  test('that do not exist are a 404', async () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    alice.send('INVITE', { uri: 'sip:x@nowhere.example.net' });
    await Promise.resolve();
    expect(world.words().at(-1)).toBe(`404 → ${ALICE}`);
  });
});
