import { describe, expect, test } from 'vitest';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { defaultProxySettings } from '../../../src/sip/proxy/settings.ts';
import { routesOfCallee, routesOfCaller, SipWorld, type Phone } from '../core/sip-world.ts';

interface Call {
  readonly world: SipWorld;
  readonly alice: Phone;
  readonly bob: Phone;
}

/** Sets a call up and returns the Route lines of both sides. */
function establish({ world, alice, bob }: Call, contact?: string) {
  alice.send('INVITE', contact === undefined ? {} : { contact });
  const invite = world.last(bob, 'INVITE');
  bob.answerTo(invite, 200);
  const ok = world.last(alice, '200');
  world.take();
  return { caller: routesOfCaller(ok), callee: routesOfCallee(invite), invite };
}

function betweenStrangers(): Call {
  const world = new SipWorld();
  const alice = world.phone({ address: '192.0.2.7' });
  const bob = world.phone({ address: '203.0.113.8' });
  world.bind('bob', bob);
  return { world, alice, bob };
}

const fromBob = { from: 'sip:bob@example.org', to: 'sip:alice@example.org', fromTag: 't-203.0.113.8', toTag: 'a1' };

describe('requests in a dialog', () => {
  test.each(['BYE', 'UPDATE', 'PRACK', 'INFO', 'REFER', 'INVITE'])(
    '%s go both ways by our Record-Route, without being asked who they are',
    (method) => {
      const call = betweenStrangers();
      const { world, alice, bob } = call;
      const { caller, callee } = establish(call);
      bob.send(method, { ...fromBob, uri: 'sip:alice@192.0.2.7:5060', headers: callee, cseq: 5 });
      const received = world.last(alice, method);
      expect(received.requestUriText()).toBe('sip:alice@192.0.2.7:5060');
      expect(received.has(HeaderId.Route)).toBe(false);
      world.take();
      alice.send(method, { uri: 'sip:bob@203.0.113.8:5060', toTag: 't-203.0.113.8', headers: caller, cseq: 6 });
      expect(world.words()).toContain(`${method} → udp 203.0.113.8:5060`);
    },
  );

  test('may not use the Record-Route of another call to get through', () => {
    const call = betweenStrangers();
    const { world, bob } = call;
    const { callee } = establish(call);
    bob.send('BYE', { ...fromBob, uri: 'sip:x@198.51.100.1', headers: callee, callId: 'mine' });
    expect(world.take()).toEqual(['407 → udp 203.0.113.8:5060']);
    bob.send('BYE', {
      ...fromBob,
      from: 'sip:eve@example.net',
      uri: 'sip:x@198.51.100.1',
      headers: callee,
      callId: 'two',
    });
    expect(world.take()).toEqual(['403 → udp 203.0.113.8:5060']);
  });

  test('lead where the call leads, and nowhere else: a party cannot send what it likes under the Call-ID', () => {
    const call = betweenStrangers();
    const { world, bob } = call;
    const { callee } = establish(call);
    const astray = { ...fromBob, uri: 'sip:+90012345@198.51.100.1', headers: callee };
    bob.send('INVITE', { ...astray, cseq: 11 });
    expect(world.take()).toEqual(['407 → udp 203.0.113.8:5060']);
    bob.send('MESSAGE', { ...astray, from: 'sip:eve@example.net', cseq: 12 });
    expect(world.take()).toEqual(['403 → udp 203.0.113.8:5060']);
    const onward = [...callee, 'Route: <sip:198.51.100.1;lr>'];
    bob.send('INVITE', { ...fromBob, uri: 'sip:alice@192.0.2.7:5060', headers: onward, cseq: 13 });
    expect(world.take()).toEqual(['407 → udp 203.0.113.8:5060']);
    // A BYE that nobody knows is a 481; and a call must be able to end wherever its other end has moved.
    bob.send('BYE', { ...astray, cseq: 14 });
    expect(world.take()).toEqual(['BYE → udp 198.51.100.1:5060']);
    // Another port of the same telephone is where the call leads.
    bob.send('INVITE', { ...fromBob, uri: 'sip:alice@192.0.2.7:7000', headers: callee, cseq: 15 });
    expect(world.take()).toContain('INVITE → udp 192.0.2.7:7000');
  });

  test('are needed to have a To tag: a new request with our Record-Route is a new request', () => {
    const call = betweenStrangers();
    const { world, bob } = call;
    const { callee } = establish(call);
    const { toTag: _, ...fresh } = fromBob;
    bob.send('INVITE', { ...fresh, uri: 'sip:x@198.51.100.1', headers: callee });
    expect(world.take()).toEqual(['407 → udp 203.0.113.8:5060']);
    bob.send('REGISTER', { ...fromBob, uri: 'sip:example.org', headers: callee });
    expect(world.take()).toEqual(['407 → udp 203.0.113.8:5060']);
  });

  test('the ACK of a 2xx too, and it is sent on once, however often the 2xx is repeated', () => {
    const call = betweenStrangers();
    const { world, alice, bob } = call;
    const { caller, invite } = establish(call);
    alice.send('ACK', { uri: 'sip:bob@203.0.113.8:5060', toTag: 't-203.0.113.8', headers: caller });
    expect(world.take()).toEqual(['ACK → udp 203.0.113.8:5060']);
    bob.answerTo(invite, 200);
    expect(world.take()).toEqual(['200 → udp 192.0.2.7:5060']);
    alice.send('ACK', { uri: 'sip:bob@203.0.113.8:5060', toTag: 't-203.0.113.8', headers: caller });
    expect(world.take()).toEqual(['ACK → udp 203.0.113.8:5060']);
  });
});

describe('Route (RFC 3261 §16.4, §16.6)', () => {
  test('elements behind ours say where it goes, and stay', () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    alice.send('INVITE', {
      uri: 'sip:x@far.example.net',
      headers: ['Route: <sip:192.0.2.1;lr>, <sip:198.51.100.5;lr>, <sip:198.51.100.6;lr>'],
    });
    const sent = world.out.at(-1)!;
    expect(sent.to).toBe('udp 198.51.100.5:5060');
    expect(sent.message.requestUriText()).toBe('sip:x@far.example.net');
    expect(sent.message.elements(HeaderId.Route)).toEqual(['<sip:198.51.100.5;lr>', '<sip:198.51.100.6;lr>']);
  });

  test('of a strict router ahead: it gets the Request-URI at the end of the Route', () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    alice.send('INVITE', {
      uri: 'sip:x@far.example.net',
      headers: ['Route: <sip:198.51.100.5>, <sip:198.51.100.6;lr>'],
    });
    const sent = world.out.at(-1)!;
    expect(sent.to).toBe('udp 198.51.100.5:5060');
    expect(sent.message.requestUriText()).toBe('sip:198.51.100.5');
    expect(sent.message.elements(HeaderId.Route)).toEqual(['<sip:198.51.100.6;lr>', '<sip:x@far.example.net>']);
  });

  test('of a strict router behind: our Record-Route comes as the Request-URI, and the real one last', () => {
    const call = betweenStrangers();
    const { world, bob } = call;
    const { callee } = establish(call);
    const ours = /<(.*)>/.exec(callee[0] ?? '')?.[1] ?? '';
    bob.send('BYE', { ...fromBob, uri: ours, headers: ['Route: <sip:alice@192.0.2.7:5060>'] });
    const sent = world.out.at(-1)!;
    expect(sent.to).toBe('udp 192.0.2.7:5060');
    expect(sent.message.requestUriText()).toBe('sip:alice@192.0.2.7:5060');
    expect(sent.message.has(HeaderId.Route)).toBe(false);
  });

  test('of a registration goes before the contact (Path, RFC 3327)', () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    const bob = world.phone({ address: '10.0.0.8' });
    world.bind('bob', bob, { path: ['<sip:198.51.100.7;lr;ob>'] });
    alice.send('INVITE');
    const sent = world.out.at(-1)!;
    expect(sent.to).toBe('udp 198.51.100.7:5060');
    expect(sent.message.elements(HeaderId.Route)).toEqual(['<sip:198.51.100.7;lr;ob>']);
    expect(sent.message.requestUriText()).toBe('sip:bob@10.0.0.8:5060');
  });
});

describe('Record-Route', () => {
  test('stands twice where the sides use different transports (RFC 5658), and both lead back', () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    const bob = world.phone({ address: '192.0.2.8', transport: 'tcp', connectionId: 5 });
    world.bind('bob', bob);
    const { caller, callee, invite } = establish({ world, alice, bob });
    expect(invite.elements(HeaderId.RecordRoute)).toEqual([
      expect.stringMatching(/^<sip:192\.0\.2\.1:5060;transport=tcp;lr;hf=/),
      expect.stringMatching(/^<sip:192\.0\.2\.1:5060;lr;hf=/),
    ]);
    bob.send('BYE', { ...fromBob, fromTag: 't-192.0.2.8', uri: 'sip:alice@192.0.2.7:5060', headers: callee });
    expect(world.words()).toContain('BYE → udp 192.0.2.7:5060');
    world.take();
    alice.send('BYE', { uri: 'sip:bob@192.0.2.8:5060;transport=tcp', toTag: 't-192.0.2.8', headers: caller });
    expect(world.last(bob, 'BYE').has(HeaderId.Route)).toBe(false);
  });

  test('is left out where the settings say never, and only kept for those behind a NAT where they say nat', () => {
    for (const [recordRoute, contact, count] of [
      ['never', 'sip:alice@10.0.0.1', 0],
      ['nat', 'sip:alice@192.0.2.7', 0],
      ['nat', 'sip:alice@10.0.0.1', 2],
    ] as const) {
      const world = new SipWorld({ settings: { proxy: { ...defaultProxySettings, recordRoute } } });
      const bob = world.phone({ address: '192.0.2.8' });
      world.bind('bob', bob);
      world.phone({ address: '192.0.2.7' }).send('INVITE', { contact });
      expect(world.last(bob, 'INVITE').elements(HeaderId.RecordRoute)).toHaveLength(count);
    }
  });

  test('is put into requests that make dialogs only', () => {
    const world = new SipWorld();
    const bob = world.phone({ address: '192.0.2.8' });
    world.bind('bob', bob);
    const alice = world.phone({ address: '192.0.2.7' });
    for (const method of ['MESSAGE', 'OPTIONS', 'SUBSCRIBE', 'REFER']) alice.send(method, { callId: method });
    const with_ = world.out
      .filter(({ message }) => message.has(HeaderId.RecordRoute))
      .map(({ message }) => message.method);
    expect(with_).toEqual(['SUBSCRIBE', 'REFER']);
  });
});

describe('a telephone behind a NAT', () => {
  const behindNat = { address: '203.0.113.99', port: 34_567 };

  test('is called on the flow of its registration, and reached there in the dialog', () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    const bob = world.phone(behindNat);
    world.bind('bob', bob, { uri: 'sip:bob@10.0.0.8:5060', isBehindNat: true });
    const { caller } = establish({ world, alice, bob });
    alice.send('BYE', { uri: 'sip:bob@10.0.0.8:5060', toTag: 'x', headers: caller, cseq: 2 });
    expect(world.words().at(-1)).toBe('BYE → udp 203.0.113.99:34567');
    expect(world.out.at(-1)?.message.requestUriText()).toBe('sip:bob@10.0.0.8:5060');
  });

  test('that calls is reached in the dialog by the flow of its call', () => {
    const world = new SipWorld();
    world.verdict = () => ({ kind: 'ok', account: world.account('alice') });
    const alice = world.phone(behindNat);
    const bob = world.phone({ address: '192.0.2.8' });
    world.bind('bob', bob);
    alice.send('INVITE', { contact: 'sip:alice@10.0.0.7:5060', sentBy: '10.0.0.7:5060;rport' });
    const invite = world.last(bob, 'INVITE');
    expect(invite.vias()).toMatchObject([{}, { received: '203.0.113.99', rport: 34_567 }]);
    bob.answerTo(invite, 200);
    expect(world.words().at(-1)).toBe('200 → udp 203.0.113.99:34567');
    world.take();
    bob.send('BYE', { ...fromBob, uri: 'sip:alice@10.0.0.7:5060', headers: routesOfCallee(invite) });
    expect(world.words()).toContain('BYE → udp 203.0.113.99:34567');
  });

  test('on a connection that has ended is 480 for a new call and 430 in a dialog (RFC 5626)', () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    const bob = world.phone({ ...behindNat, transport: 'ws', connectionId: 9 });
    world.bind('bob', bob, { uri: 'sip:bob@x.invalid;transport=ws' });
    const { caller, invite } = establish({ world, alice, bob });
    expect(invite.elements(HeaderId.RecordRoute)[0]).toMatch(/transport=ws/);
    world.deadFlows.add(9);
    alice.send('BYE', { uri: 'sip:bob@x.invalid;transport=ws', toTag: 'x', headers: caller, cseq: 2 });
    expect(world.take()).toEqual(['430 → udp 192.0.2.7:5060']);
    alice.send('INVITE', { callId: 'new' });
    expect(world.take()).toEqual(['480 → udp 192.0.2.7:5060']);
  });

  test('a dialog by TLS keeps to its connection, and goes to the Contact when that has ended', () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    const bob = world.phone({ address: '192.0.2.8', port: 40_001, transport: 'tls', connectionId: 9 });
    world.bind('bob', bob, { uri: 'sip:bob@192.0.2.8:5061;transport=tls' });
    const { caller } = establish({ world, alice, bob });
    const inDialog = { uri: 'sip:bob@192.0.2.8:5061;transport=tls', toTag: 'x', headers: caller } as const;
    alice.send('INFO', { ...inDialog, cseq: 2 });
    expect(world.take()).toEqual(['INFO → tls 192.0.2.8:40001']);
    world.deadFlows.add(9);
    alice.send('BYE', { ...inDialog, cseq: 3 });
    expect(world.take()).toEqual(['BYE → tls 192.0.2.8:5061']);
  });

  test('with two flows is called on one, the newest that is up (RFC 5626 §5.3)', () => {
    const world = new SipWorld();
    const alice = world.phone({ address: '192.0.2.7' });
    const first = world.phone({ address: '203.0.113.99', port: 1001, transport: 'tcp', connectionId: 1 });
    const second = world.phone({ address: '203.0.113.99', port: 1002, transport: 'tcp', connectionId: 2 });
    world.bind('bob', first, { instance: '<urn:uuid:1>', regId: 1 });
    world.bind('bob', second, { instance: '<urn:uuid:1>', regId: 2 });
    alice.send('INVITE');
    expect(world.take().slice(1)).toEqual(['INVITE → tcp 203.0.113.99:1002']);
    world.deadFlows.add(2);
    alice.send('INVITE', { callId: 'two' });
    expect(world.take().slice(1)).toEqual(['INVITE → tcp 203.0.113.99:1001']);
  });
});

test('a GRUU names one telephone of several (RFC 5627)', () => {
  const world = new SipWorld();
  const alice = world.phone({ address: '192.0.2.7' });
  world.bind('bob', world.phone({ address: '192.0.2.8' }), { instance: '<urn:uuid:1>' });
  world.bind('bob', world.phone({ address: '192.0.2.9' }), { instance: '<urn:uuid:2>' });
  alice.send('INVITE', { uri: 'sip:bob@example.org;gr=urn:uuid:2' });
  expect(world.take().slice(1)).toEqual(['INVITE → udp 192.0.2.9:5060']);
});

test('a flow token that was changed is nothing', () => {
  const call = betweenStrangers();
  const { world, bob } = call;
  const { callee } = establish(call);
  const forged = callee.map((line) => line.replace(/hf=m1\.-[0-9a-f]*\./, 'hf=m1.0-1-0-c0000263-3w4.'));
  bob.send('BYE', { ...fromBob, from: 'sip:eve@example.net', uri: 'sip:x@198.51.100.1', headers: forged });
  expect(world.take()).toEqual(['403 → udp 203.0.113.8:5060']);
});

test('a response that belongs to nothing goes where the next Via says, over UDP, and never to many', () => {
  const world = new SipWorld();
  const alice = world.phone({ address: '192.0.2.7' });
  const bob = world.phone({ address: '192.0.2.8' });
  world.bind('bob', bob);
  alice.send('INVITE');
  const invite = world.last(bob, 'INVITE');
  bob.answerTo(invite, 200);
  world.clock.advance(40_000);
  world.take();
  bob.answerTo(invite, 200);
  expect(world.take()).toEqual(['200 → udp 192.0.2.7:5060']);
});

describe('a registrar elsewhere', () => {
  test('gets a Path of ours with the REGISTER, and reaches the telephone by it (RFC 3327)', () => {
    const world = new SipWorld();
    world.hosts.set('example.net', [{ transport: 'udp', address: '198.51.100.1', port: 5060 }]);
    const phone = world.phone({ address: '192.0.2.7', port: 40_000, transport: 'tcp', connectionId: 3 });
    const home = world.phone({ address: '198.51.100.1' });
    const elsewhere = { uri: 'sip:example.net', from: 'sip:zoe@example.net', to: 'sip:zoe@example.net' };
    phone.send('REGISTER', { ...elsewhere, headers: ['Supported: path'] });
    const register = world.last(home, 'REGISTER');
    const [path] = register.elements(HeaderId.Path);
    expect(path).toMatch(/^<sip:192\.0\.2\.1:5060;transport=tcp;lr;hf=[^;]+;ob>$/);
    world.take();
    const call = { uri: 'sip:zoe@10.0.0.3', from: 'sip:eve@example.com', to: 'sip:zoe@example.net', callId: 'c' };
    home.send('INVITE', { ...call, headers: [`Route: ${path!}`] });
    expect(world.take().at(-1)).toBe('INVITE → tcp 192.0.2.7:40000');
    world.deadFlows.add(3);
    home.send('INVITE', { ...call, callId: 'd', headers: [`Route: ${path!}`] });
    expect(world.take()).toEqual(['430 → udp 198.51.100.1:5060']);
  });
});

describe('what is forwarded', () => {
  test('has no credentials that were for us, and no identity that a stranger asserts', () => {
    const world = new SipWorld();
    const bob = world.phone({ address: '192.0.2.8' });
    world.bind('bob', bob);
    world.verdict = () => ({ kind: 'ok', account: world.account('alice') });
    const stranger = world.phone({ address: '203.0.113.50' });
    const headers = ['Proxy-Authorization: Digest realm="example.org"', 'P-Asserted-Identity: <sip:boss@example.org>'];
    stranger.send('INVITE', { headers });
    expect(world.last(bob, 'INVITE').has(HeaderId.ProxyAuthorization)).toBe(false);
    expect(world.last(bob, 'INVITE').has(HeaderId.PAssertedIdentity)).toBe(false);
    world.take();
    world.phone({ address: '192.0.2.7' }).send('INVITE', { headers, callId: 'trusted' });
    expect(world.last(bob, 'INVITE').has(HeaderId.PAssertedIdentity)).toBe(true);
  });
});
