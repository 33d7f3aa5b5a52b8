import { describe, expect, test } from 'vitest';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { routesOfCallee, routesOfCaller, SipWorld } from '../core/sip-world.ts';

function setUp() {
  const world = new SipWorld();
  const alice = world.phone({ address: '192.0.2.7' });
  const bob = world.phone({ address: '192.0.2.8' });
  world.bind('bob', bob);
  return { world, alice, bob };
}

describe('a call between two telephones', () => {
  test('goes INVITE 100 180 200 ACK BYE 200 through the server', () => {
    const { world, alice, bob } = setUp();
    alice.send('INVITE');
    expect(world.words()).toEqual(['100 → udp 192.0.2.7:5060', 'INVITE → udp 192.0.2.8:5060']);
    const invite = world.last(bob, 'INVITE');
    expect(invite.requestUriText()).toBe('sip:bob@192.0.2.8:5060');
    expect(invite.maxForwards()).toBe(69);
    expect(invite.values(HeaderId.Via)).toHaveLength(2);
    expect(invite.topVia()?.host).toBe('192.0.2.1');
    expect(invite.value(HeaderId.RecordRoute)).toMatch(
      /^<sip:192\.0\.2\.1:5060;lr;hf=m1\.-[0-9a-f]{16}(?:\.[0-9a-f]{8}){2}>$/,
    );
    bob.answer('INVITE', 180);
    bob.answer('INVITE', 200);
    world.take();
    bob.answerTo(invite, 200);
    const ok = world.last(alice, '200');
    expect(ok.values(HeaderId.Via)).toEqual([expect.stringContaining('192.0.2.7:5060')]);
    alice.send('ACK', { uri: 'sip:bob@192.0.2.8:5060', toTag: 'b', headers: routesOfCaller(ok) });
    expect(world.last(bob, 'ACK').has(HeaderId.Route)).toBe(false);
    bob.send('BYE', {
      uri: 'sip:alice@192.0.2.7:5060',
      from: 'sip:bob@example.org',
      to: 'sip:alice@example.org',
      fromTag: 'b',
      toTag: 'a1',
      headers: routesOfCallee(invite),
    });
    expect(world.last(alice, 'BYE').requestUriText()).toBe('sip:alice@192.0.2.7:5060');
    alice.answer('BYE', 200);
    expect(world.last(bob, '200').method).toBe('BYE');
  });

  test('reaches a telephone that names itself by its GRUU also within the dialog (RFC 5627 §4.4)', () => {
    const { world, alice } = setUp();
    const carol = world.phone({ address: '192.0.2.9' });
    world.bind('carol', world.phone({ address: '192.0.2.10' }), { instance: '<urn:uuid:0>' });
    world.bind('carol', carol, { instance: '<urn:uuid:1>' });
    alice.send('INVITE', { uri: 'sip:carol@example.org' });
    carol.answer('INVITE', 200);
    const routes = routesOfCaller(world.last(alice, '200'));
    const inDialog = { uri: 'sip:carol@example.org;gr=urn:uuid:1', toTag: 't-192.0.2.9', headers: routes };
    world.take();
    alice.send('ACK', inDialog);
    expect(world.take()).toEqual(['ACK → udp 192.0.2.9:5060']);
    alice.send('BYE', { ...inDialog, cseq: 2 });
    expect(world.take()).toEqual(['BYE → udp 192.0.2.9:5060']);
  });

  test('says how long a message is that came without: it may leave on a connection', () => {
    const { world, alice, bob } = setUp();
    const text = alice.send('INVITE');
    world.receive(text.replace(/Content-Length: \d+\r\n/, '').replaceAll('alice.1', 'alice.2'), { ...alice.hop });
    expect(world.last(bob, 'INVITE').value(HeaderId.ContentLength)).toBe('0');
  });

  test('sends the INVITE once however often the caller repeats it', () => {
    const { world, alice } = setUp();
    const text = alice.send('INVITE');
    world.receive(text, alice.hop);
    world.receive(text, alice.hop);
    expect(world.words().filter((word) => word.startsWith('INVITE'))).toHaveLength(1);
    expect(world.words().filter((word) => word.startsWith('100'))).toHaveLength(3);
  });

  test('that is refused: each hop acknowledges to the one before, and nothing is sent again', () => {
    const { world, alice, bob } = setUp();
    alice.send('INVITE', { branch: 'z9hG4bKr' });
    bob.answer('INVITE', 486);
    expect(world.words().slice(2)).toEqual(['ACK → udp 192.0.2.8:5060', '486 → udp 192.0.2.7:5060']);
    world.take();
    alice.send('ACK', { branch: 'z9hG4bKr', toTag: 't-192.0.2.8' });
    world.clock.advance(30_000);
    expect(world.take()).toEqual([]);
    expect(world.records).toMatchObject([{ endedBy: 'refused', status: 486, durationS: 0 }]);
  });

  test('is written as a record with who ended it', () => {
    const { world, alice, bob } = setUp();
    alice.send('INVITE');
    world.clock.advance(100);
    bob.answer('INVITE', 180);
    world.clock.advance(2000);
    bob.answer('INVITE', 200);
    const ok = world.last(alice, '200');
    world.clock.advance(61_000);
    alice.send('BYE', { uri: 'sip:bob@192.0.2.8:5060', toTag: 't-192.0.2.8', cseq: 2, headers: routesOfCaller(ok) });
    expect(world.records).toEqual([
      {
        start: '2026-01-01T00:00:00.000Z',
        ring: '2026-01-01T00:00:00.100Z',
        answer: '2026-01-01T00:00:02.100Z',
        end: '2026-01-01T00:01:03.100Z',
        durationS: 61,
        endedBy: 'caller',
        status: 200,
        from: 'sip:alice@example.org',
        to: 'sip:bob@example.org',
        requestUri: 'sip:bob@example.org',
        callId: 'call1',
        source: 'udp 192.0.2.7:5060',
        member: 'm1',
      },
    ]);
  });
});

describe('a caller who gives up', () => {
  test('has the CANCEL answered, the callee cancelled, and gets the 487 of the callee', () => {
    const { world, alice, bob } = setUp();
    alice.send('INVITE', { branch: 'z9hG4bKx' });
    const invite = world.last(bob, 'INVITE');
    bob.answerTo(invite, 180);
    world.take();
    alice.send('CANCEL', { branch: 'z9hG4bKx' });
    expect(world.words()).toEqual(['200 → udp 192.0.2.7:5060', 'CANCEL → udp 192.0.2.8:5060']);
    bob.answer('CANCEL', 200);
    world.take();
    bob.answerTo(invite, 487);
    expect(world.take()).toEqual(['ACK → udp 192.0.2.8:5060', '487 → udp 192.0.2.7:5060']);
    expect(world.records).toMatchObject([{ endedBy: 'cancelled', status: 487 }]);
  });

  test('is told 487 even when the callee says nothing any more', () => {
    const { world, alice, bob } = setUp();
    alice.send('INVITE', { branch: 'z9hG4bKx' });
    bob.answer('INVITE', 180);
    alice.send('CANCEL', { branch: 'z9hG4bKx' });
    world.take();
    world.clock.advance(33_000);
    expect(world.words()).toContain('487 → udp 192.0.2.7:5060');
    expect(world.records).toMatchObject([{ endedBy: 'cancelled', status: 487, durationS: 0 }]);
  });

  test('says why, and the callee is told, also where it has not said a word yet (RFC 3326)', () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    const bob = world.phone({ address: '192.0.2.8' });
    world.bind('bob', bob);
    alice.send('INVITE', { branch: 'z9hG4bKx' });
    const reason = 'SIP;cause=200;text="Call completed elsewhere"';
    alice.send('CANCEL', { branch: 'z9hG4bKx', headers: [`Reason: ${reason}`, 'Reason: Q.850;cause=26'] });
    bob.answer('INVITE', 180);
    expect(world.last(bob, 'CANCEL').values(HeaderId.Reason)).toEqual([reason, 'Q.850;cause=26']);
  });

  test('too late gets 200 to the CANCEL, and the call stands', () => {
    const { world, alice, bob } = setUp();
    alice.send('INVITE', { branch: 'z9hG4bKx' });
    bob.answer('INVITE', 200);
    world.take();
    alice.send('CANCEL', { branch: 'z9hG4bKx' });
    expect(world.take()).toEqual(['200 → udp 192.0.2.7:5060']);
  });

  test('of an INVITE that this server has forgotten goes where that went, with the branch that it got', () => {
    const before = setUp();
    before.alice.send('INVITE', { branch: 'z9hG4bKsame' });
    const invite = before.world.last(before.bob, 'INVITE');
    const { world, alice, bob } = setUp();
    alice.send('CANCEL', { branch: 'z9hG4bKsame' });
    expect(world.last(bob, 'CANCEL').topVia()?.branch).toBe(invite.topVia()?.branch);
    world.take();
    bob.answerTo(before.world.last(before.bob, 'INVITE'), 486);
    expect(world.take()).toEqual(['486 → udp 192.0.2.7:5060']);
    alice.send('ACK', { branch: 'z9hG4bKsame' });
    expect(world.last(bob, 'ACK').topVia()?.branch).toBe(invite.topVia()?.branch);
  });
});

test('a telephone that rings for more than timer C is cancelled (RFC 3261 §16.8)', () => {
  const { world, alice, bob } = setUp();
  alice.send('INVITE');
  bob.answer('INVITE', 180);
  world.clock.advance(184_000);
  bob.answer('INVITE', 180);
  world.take();
  world.clock.advance(184_000);
  expect(world.take()).toEqual([]);
  world.clock.advance(2_000);
  expect(world.take()).toContain('CANCEL → udp 192.0.2.8:5060');
});

test('a callee who never answers is a 408 for an INVITE, and silence for anything else (RFC 4320)', () => {
  const { world, alice } = setUp();
  alice.send('INVITE', { callId: 'one' });
  alice.send('MESSAGE', { callId: 'two' });
  world.clock.advance(33_000);
  const answers = world.words().filter((word) => word.endsWith('192.0.2.7:5060'));
  expect(answers.slice(0, 2)).toEqual(['100 → udp 192.0.2.7:5060', '408 → udp 192.0.2.7:5060']);
  expect(world.server.figures().transactions.clientTransactions).toBe(0);
});

test('a telephone that is not there any more is a 480', () => {
  const { world, alice } = setUp();
  alice.send('INVITE');
  world.out.at(-1)?.failed(new Error('nobody listens'));
  expect(world.words().at(-1)).toBe('480 → udp 192.0.2.7:5060');
});
