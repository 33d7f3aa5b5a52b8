import { describe, expect, test } from 'vitest';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { defaultCoreSettings } from '../../../src/sip/core/settings.ts';
import { SipWorld, type RequestOptions } from './sip-world.ts';

const ALICE = 'udp 192.0.2.7:5060';

function answerTo(method: string, options: RequestOptions, world = new SipWorld()) {
  const phone = world.phone({ address: '192.0.2.7' });
  phone.send(method, options);
  const out = world.out[0];
  return { world, phone, status: out?.message.status, message: out?.message, words: world.words() };
}

describe('what is asked of the server itself', () => {
  test('OPTIONS is answered with what it can do, and nothing is remembered of it (RFC 3261 §11)', () => {
    for (const uri of ['sip:192.0.2.1', 'sip:192.0.2.1:5060', 'sip:example.org', 'sip:sip.example.org']) {
      const { world, status, message } = answerTo('OPTIONS', { uri, maxForwards: 0 });
      expect(status).toBe(200);
      expect(message?.value(HeaderId.Allow)).toContain('INVITE');
      expect(world.server.figures().transactions.serverTransactions).toBe(0);
    }
  });

  test('a probe whose only Route is this server is answered here', () => {
    expect(answerTo('OPTIONS', { uri: 'sip:192.0.2.1', headers: ['Route: <sip:192.0.2.1;lr>'] }).status).toBe(200);
  });

  test('a balancer that asks is told 503 while new calls should go elsewhere; calls that come are worked on', () => {
    let problem: string | undefined = 'draining';
    const world = new SipWorld({ notReady: () => problem });
    world.bind('bob', world.phone({ address: '192.0.2.8' }));
    const { status, message } = answerTo('OPTIONS', { uri: 'sip:192.0.2.1' }, world);
    expect([status, message?.valueOf('Retry-After')]).toEqual([503, '10']);
    world.take();
    answerTo('INVITE', { callId: 'second' }, world);
    expect(world.take()).toContain('INVITE → udp 192.0.2.8:5060');
    problem = undefined;
    expect(answerTo('OPTIONS', { uri: 'sip:192.0.2.1', callId: 'third' }, world).status).toBe(200);
  });

  test('an option that we do not have is refused by name', () => {
    const { status, message } = answerTo('OPTIONS', { uri: 'sip:192.0.2.1', headers: ['Require: nothing, else'] });
    expect(status).toBe(420);
    expect(message?.value(HeaderId.Unsupported)).toBe('nothing, else');
  });

  test('another method is 405 with those there are; an INVITE to nobody is 404', () => {
    expect(answerTo('FOO', { uri: 'sip:192.0.2.1' }).message?.value(HeaderId.Allow)).toBe('OPTIONS, REGISTER');
    expect(answerTo('INVITE', { uri: 'sip:example.org' }).status).toBe(404);
  });
});

describe('a request is refused', () => {
  test('with 416 for a scheme that is not ours', () => {
    expect(answerTo('OPTIONS', { uri: 'soap.beep://192.0.2.103:3002' }).status).toBe(416);
  });

  test('with 483 when it has no hops left and is for somebody else', () => {
    expect(answerTo('OPTIONS', { maxForwards: 0 }).status).toBe(483);
    expect(answerTo('INVITE', { maxForwards: 0 }).status).toBe(483);
  });

  test('with 420 for what a proxy should be able to do', () => {
    const { status, message } = answerTo('OPTIONS', { headers: ['Proxy-Require: nothingSupportsThis, norThis'] });
    expect(status).toBe(420);
    expect(message?.value(HeaderId.Unsupported)).toBe('nothingSupportsThis, norThis');
  });

  test('with 404 for an account that is not there or not enabled, 480 for one that is nowhere', () => {
    expect(answerTo('INVITE', { uri: 'sip:nobody@example.org' }).status).toBe(404);
    expect(answerTo('INVITE', { uri: 'sip:bob@example.org' }).status).toBe(480);
    const world = new SipWorld();
    world.accounts.set('bob', { ...world.account('bob'), isEnabled: false });
    expect(answerTo('INVITE', { uri: 'sip:bob@example.org' }, world).status).toBe(404);
  });

  test('to a sips: address goes by TLS or nowhere (RFC 3261 §26.2.2)', () => {
    const world = new SipWorld();
    const plain = world.phone({ address: '192.0.2.8' });
    const secure = world.phone({ address: '192.0.2.9', port: 40_000, transport: 'tls', connectionId: 4 });
    world.bind('bob', plain);
    const { words } = answerTo('INVITE', { uri: 'sips:bob@example.org' }, world);
    expect(words).toEqual([`480 → ${ALICE}`]);
    world.bind('bob', secure);
    world.take();
    answerTo('INVITE', { uri: 'sips:bob@example.org', callId: 'second' }, world);
    expect(world.take()).toEqual([`100 → ${ALICE}`, 'INVITE → tls 192.0.2.9:40000']);
  });

  test('with 503 while the server is being drained, unless it belongs to a dialog', () => {
    const world = new SipWorld();
    world.bind('bob', world.phone({ address: '192.0.2.8' }));
    world.server.drain();
    const { status, message } = answerTo('INVITE', {}, world);
    expect(status).toBe(503);
    expect(message?.valueOf('Retry-After')).toBe('10');
  });
});

describe('a loop (RFC 5393)', () => {
  test('is found when the request comes back as it was', () => {
    const world = new SipWorld();
    const bob = world.phone({ address: '192.0.2.8' });
    world.bind('bob', bob);
    const alice = world.phone({ address: '192.0.2.7' });
    alice.send('INVITE');
    const invite = world.last(bob, 'INVITE');
    world.take();
    const vias = invite.values(HeaderId.Via).map((via) => `Via: ${via}`);
    bob.send('INVITE', { headers: vias, branch: 'z9hG4bKback' });
    expect(world.take()).toEqual(['482 → udp 192.0.2.8:5060']);
  });

  test('is not one when it comes back for somebody else (a spiral)', () => {
    const world = new SipWorld();
    const bob = world.phone({ address: '192.0.2.8' });
    const carol = world.phone({ address: '192.0.2.9' });
    world.bind('bob', bob);
    world.bind('carol', carol);
    world.phone({ address: '192.0.2.7' }).send('INVITE');
    const vias = world
      .last(bob, 'INVITE')
      .values(HeaderId.Via)
      .map((via) => `Via: ${via}`);
    world.take();
    bob.send('INVITE', { uri: 'sip:carol@example.org', headers: vias, branch: 'z9hG4bKspiral' });
    expect(world.take()).toEqual(['100 → udp 192.0.2.8:5060', 'INVITE → udp 192.0.2.9:5060']);
  });
});

describe('who sends it', () => {
  const stranger = { address: '203.0.113.50' };

  test('proves it when From is an account of ours', () => {
    const world = new SipWorld();
    world.bind('bob', world.phone({ address: '192.0.2.8' }));
    const phone = world.phone(stranger);
    phone.send('INVITE');
    expect(world.take()).toEqual(['407 → udp 203.0.113.50:5060']);
    world.verdict = () => ({ kind: 'ok', account: world.account('alice') });
    phone.send('INVITE', { cseq: 2 });
    expect(world.take()).toEqual(['100 → udp 203.0.113.50:5060', 'INVITE → udp 192.0.2.8:5060']);
  });

  test('is not believed to be somebody else', () => {
    const world = new SipWorld();
    world.verdict = () => ({ kind: 'ok', account: world.account('carol') });
    world.phone(stranger).send('INVITE');
    expect(world.take()).toEqual(['403 → udp 203.0.113.50:5060']);
  });

  test('is not asked in a trusted network, but to register', () => {
    const world = new SipWorld();
    world.bind('bob', world.phone({ address: '192.0.2.8' }));
    const phone = world.phone({ address: '192.0.2.7' });
    phone.send('INVITE');
    expect(world.take()[0]).toBe(`100 → ${ALICE}`);
    phone.send('REGISTER', { uri: 'sip:example.org', to: 'sip:alice@example.org', callId: 'r' });
    expect(world.take()).toEqual([`407 → ${ALICE}`]);
    world.verdict = () => ({ kind: 'ok', account: world.account('alice') });
    phone.send('REGISTER', { uri: 'sip:example.org', to: 'sip:alice@example.org', callId: 'r', cseq: 2 });
    expect(world.take()).toEqual([`200 → ${ALICE}`]);
    expect(world.registered).toHaveLength(1);
  });

  test('from elsewhere may call our accounts, but not through us', () => {
    const world = new SipWorld();
    world.bind('bob', world.phone({ address: '192.0.2.8' }));
    const phone = world.phone(stranger);
    phone.send('INVITE', { from: 'sip:eve@example.net' });
    expect(world.take()).toEqual(['100 → udp 203.0.113.50:5060', 'INVITE → udp 192.0.2.8:5060']);
    phone.send('INVITE', { from: 'sip:eve@example.net', uri: 'sip:x@198.51.100.1', callId: 'two' });
    expect(world.take()).toEqual(['403 → udp 203.0.113.50:5060']);
    phone.send('INVITE', { from: 'sip:eve@example.net', headers: ['Route: <sip:198.51.100.1;lr>'], callId: 'three' });
    expect(world.take()).toEqual(['403 → udp 203.0.113.50:5060']);
  });

  test('may send anywhere with an account, or from a trusted network, or where everybody may', () => {
    const target = { uri: 'sip:x@198.51.100.1', from: 'sip:eve@example.net' };
    const trusting = new SipWorld();
    trusting.phone({ address: '192.0.2.7' }).send('INVITE', target);
    expect(trusting.take()[1]).toBe('INVITE → udp 198.51.100.1:5060');
    const strict = new SipWorld({ settings: { relay: 'authenticated' } });
    strict.phone({ address: '192.0.2.7' }).send('INVITE', target);
    expect(strict.take()).toEqual([`403 → ${ALICE}`]);
    const open = new SipWorld({ settings: { ...defaultCoreSettings, relay: 'anybody' } });
    open.phone(stranger).send('INVITE', target);
    expect(open.take()[1]).toBe('INVITE → udp 198.51.100.1:5060');
  });

  test('at REGISTER for a domain that is not ours gets nowhere', () => {
    const world = new SipWorld();
    world.phone(stranger).send('REGISTER', { uri: 'sip:example.net', to: 'sip:eve@example.net' });
    expect(world.take()).toEqual(['403 → udp 203.0.113.50:5060']);
    world.phone(stranger).send('REGISTER', { uri: 'sip:example.org', to: 'sip:eve@example.net', callId: 'two' });
    expect(world.take()).toEqual(['404 → udp 203.0.113.50:5060']);
  });
});

test('a tel URI is the account with that number', () => {
  const world = new SipWorld();
  world.accounts.set('+49301234', world.account('bob'));
  world.bind('bob', world.phone({ address: '192.0.2.8' }));
  expect(answerTo('INVITE', { uri: 'tel:+49301234' }, world).words[1]).toBe('INVITE → udp 192.0.2.8:5060');
  expect(answerTo('INVITE', { uri: 'tel:+4900' }).status).toBe(404);
});

test('a bad request is answered with what is wrong, without a transaction', () => {
  const world = new SipWorld();
  const phone = world.phone({ address: '192.0.2.7' });
  world.receive(phone.text('OPTIONS').replace('CSeq: 1 OPTIONS', 'CSeq: 1 INVITE'), phone.hop);
  expect(world.out[0]?.message.status).toBe(400);
  expect(world.out[0]?.message.reason()).toMatch(/CSeq/);
  expect(world.server.figures().transactions.serverTransactions).toBe(0);
});

test('answers are counted by method and code', () => {
  const { world } = answerTo('OPTIONS', { uri: 'sip:192.0.2.1' });
  answerTo('INVITE', { uri: 'sip:nobody@example.org' }, world);
  answerTo('FOO', { uri: 'sip:example.org' }, world);
  expect(world.server.figures().answers).toEqual([
    { method: 'INVITE', status: 404, count: 1 },
    { method: 'OPTIONS', status: 200, count: 1 },
    { method: 'other', status: 405, count: 1 },
  ]);
});

test('an agent answers for an account before its contacts are asked', () => {
  const taken: string[] = [];
  const world = new SipWorld({
    agent: {
      take: ({ message, account, isReachable }) => {
        if (message.method !== 'SUBSCRIBE') return false;
        taken.push(`${account.aor} ${isReachable}`);
        return true;
      },
    },
  });
  world.bind('bob', world.phone({ address: '192.0.2.8' }));
  const phone = world.phone({ address: '192.0.2.7' });
  phone.send('SUBSCRIBE', { headers: ['Event: presence'] });
  phone.send('MESSAGE', { callId: 'm' });
  expect(taken).toEqual(['bob@example.org true']);
  expect(world.take()).toEqual(['MESSAGE → udp 192.0.2.8:5060']);
});

test('a REGISTER that comes twice by different ways is answered once, and 482 (RFC 3261 §8.2.2.2)', () => {
  const world = new SipWorld();
  world.verdict = () => ({ kind: 'ok', account: world.account('alice') });
  const phone = world.phone({ address: '192.0.2.7' });
  const register = { uri: 'sip:example.org', to: 'sip:alice@example.org', callId: 'r' };
  phone.send('REGISTER', { ...register, branch: 'z9hG4bKone' });
  phone.send('REGISTER', { ...register, branch: 'z9hG4bKtwo' });
  phone.send('REGISTER', { ...register, branch: 'z9hG4bKthree', cseq: 2 });
  expect(world.take()).toEqual([`200 → ${ALICE}`, `482 → ${ALICE}`, `200 → ${ALICE}`]);
  world.clock.advance(33_000);
  phone.send('REGISTER', { ...register, branch: 'z9hG4bKfour' });
  expect(world.take()).toEqual([`200 → ${ALICE}`]);
});
