import { silentLogger } from '#base';
import { decodeSdp, defaultMediaConfig, MediaProxy, PortPool, type MediaConfig } from '#media';
import { describe, expect, test } from 'vitest';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import type { EndedCall } from '../../../src/sip/proxy/ended-call.ts';
import { FakeRelay } from '../../media/fake-relay.ts';
import { routesOfCallee, routesOfCaller, SipWorld, type Phone, type RequestOptions } from '../core/sip-world.ts';

const OWN = '10.0.0.1';
const WAN = '198.51.100.77';
const isSdp = ['Content-Type: application/sdp'];
const sdp = (address: string, port: number, ...more: readonly string[]): string =>
  ['v=0', 'o=- 1 1 IN IP4 x', 's=-', `c=IN IP4 ${address}`, 't=0 0', `m=audio ${port} RTP/AVP 0`, ...more, ''].join(
    '\r\n',
  );
/** What the message says of its media: `address:port` of the first stream. */
const placeIn = (message: SipMessage): string => {
  const found = decodeSdp(message.body());
  if (found.kind === 'bad') return 'nothing';
  const [stream] = found.streams;
  return `${stream?.connection?.address ?? ''}:${stream?.port ?? ''}`;
};

function setUp(changes: Partial<MediaConfig> = {}, ended: EndedCall[] = []) {
  const relay = new FakeRelay();
  const ports = new PortPool(changes.ports ?? { first: 10_000, last: 10_019 });
  const machine = { sourceFor: () => OWN, has: (address: string) => address === OWN };
  const proxy = new MediaProxy(
    { relay, ports, machine, logger: silentLogger, clock: { wallMs: () => 1_700_000_000_000 } },
    { ...defaultMediaConfig, ...changes },
    { wanAddress: WAN, lanNetworks: [] },
  );
  const nothing = (): void => undefined;
  const endedElsewhere = (end: EndedCall): void => void ended.push(end);
  const keeping = { connect: nothing, changed: nothing, ended: nothing, endedElsewhere };
  const world = new SipWorld({ media: { proxy, isRefusedWhenFull: changes.whenFull === 'refuse', keeping } });
  const alice = world.phone({ address: '192.0.2.7' });
  const bob = world.phone({ address: '10.0.0.8' });
  world.bind('bob', bob);
  return { world, alice, bob, relay, ports, proxy };
}

type World = ReturnType<typeof setUp>;
const invite: RequestOptions = { headers: isSdp, body: sdp('192.0.2.7', 4000) };
const toBob = { uri: 'sip:bob@10.0.0.8:5060', toTag: 't-10.0.0.8' };
const ofBob: RequestOptions = {
  uri: 'sip:alice@192.0.2.7:5060',
  from: 'sip:bob@example.org',
  to: 'sip:alice@example.org',
  fromTag: 't-10.0.0.8',
  toTag: 'a1',
  contact: 'sip:bob@10.0.0.8:5060',
};

/** Alice has called Bob, and he has answered. */
function talking({ world, alice, bob }: World): { forAlice: string[]; forBob: string[] } {
  alice.send('INVITE', invite);
  const received = world.last(bob, 'INVITE');
  bob.answer('INVITE', 200, { headers: isSdp, body: sdp('10.0.0.8', 6000) });
  const forAlice = routesOfCaller(world.last(alice, '200'));
  alice.send('ACK', { ...toBob, headers: forAlice });
  return { forAlice, forBob: routesOfCallee(received) };
}

const inDialog = (phone: Phone, method: string, routes: readonly string[], options: RequestOptions): void => {
  phone.send(method, { ...options, headers: [...routes, ...(options.body === undefined ? [] : isSdp)] });
};

describe('the media of a call through the proxy', () => {
  test('are offered and answered with the places of the relay, with the right length, and end with the BYE', () => {
    const set = setUp();
    const { world, alice, bob, relay, ports } = set;
    const { forBob } = talking(set);
    const received = world.last(bob, 'INVITE');
    expect(placeIn(received)).toBe(`${OWN}:10002`);
    expect(Number(received.value(HeaderId.ContentLength))).toBe(received.body().length);
    expect(placeIn(world.last(alice, '200'))).toBe(`${WAN}:10000`);
    expect(relay.sessions[0]!.plan).toMatchObject({
      timeoutMs: 60_000,
      streams: [
        { a: { remote: { address: '192.0.2.7', port: 4000 } }, b: { remote: { address: '10.0.0.8', port: 6000 } } },
      ],
    });
    relay.sessions[0]!.packets = 7;
    inDialog(bob, 'BYE', forBob, ofBob);
    expect(world.last(alice, 'BYE').callId()).toBe('call1');
    expect(relay.sessions[0]!.isClosed).toBe(true);
    expect(ports.figures.taken).toBe(0);
    expect(world.records).toMatchObject([
      {
        endedBy: 'callee',
        media: { reason: 'lan-wan', streams: [{ media: 'audio', a: { packets: 7 }, b: { packets: 7 } }] },
      },
    ]);
  });

  test('that need no relay are let through byte for byte', () => {
    const { world, alice, relay } = setUp();
    const carol = world.phone({ address: '192.0.2.9' });
    world.bind('carol', carol);
    alice.send('INVITE', { ...invite, uri: 'sip:carol@example.org' });
    expect(world.last(carol, 'INVITE').body().toString()).toBe(invite.body);
    carol.answer('INVITE', 200, { headers: isSdp, body: sdp('192.0.2.9', 6000) });
    expect(placeIn(world.last(alice, '200'))).toBe('192.0.2.9:6000');
    expect(relay.sessions).toEqual([]);
  });

  test('are heard early, and the 200 decides which of two telephones behind one address it is', () => {
    const { world, alice, bob, relay } = setUp();
    alice.send('INVITE', invite);
    const received = world.last(bob, 'INVITE');
    bob.answerTo(received, 183, { toTag: 'one', headers: isSdp, body: sdp('10.0.0.8', 6000) });
    expect(placeIn(world.last(alice, '183'))).toBe(`${WAN}:10000`);
    bob.answerTo(received, 183, { toTag: 'two', headers: isSdp, body: sdp('10.0.0.8', 7000) });
    bob.answerTo(received, 200, { toTag: 'one', headers: isSdp, body: sdp('10.0.0.8', 6000) });
    bob.answerTo(received, 200, { toTag: 'two', headers: isSdp, body: sdp('10.0.0.8', 7000) });
    expect(placeIn(world.last(alice, '200'))).toBe(`${WAN}:10000`);
    expect(relay.sessions[0]!.plan.streams[0]!.b.remote?.port).toBe(6000);
    // The caller ends the call with the one that it does not want.
    alice.send('BYE', { ...toBob, toTag: 'two', headers: routesOfCaller(world.last(alice, '200')) });
    expect(relay.sessions[0]!.isClosed).toBe(false);
  });

  test('of each forked copy have ports of their own; those that lose give them back', () => {
    const { world, alice, bob, relay, ports } = setUp();
    const other = world.phone({ address: '10.0.0.9' });
    world.bind('bob', other);
    alice.send('INVITE', invite);
    expect(placeIn(world.last(bob, 'INVITE'))).toBe(`${OWN}:10002`);
    expect(placeIn(world.last(other, 'INVITE'))).toBe(`${OWN}:10006`);
    other.answer('INVITE', 200, { headers: isSdp, body: sdp('10.0.0.9', 6000) });
    expect(placeIn(world.last(alice, '200'))).toBe(`${WAN}:10004`);
    bob.answer('INVITE', 180);
    bob.answer('CANCEL', 200);
    bob.answer('INVITE', 487);
    expect(relay.sessions.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    expect(ports.figures.taken).toBe(2);
  });

  test('end with a call that is refused, or given up', () => {
    const { world, alice, bob, ports } = setUp();
    alice.send('INVITE', { ...invite, callId: 'one' });
    bob.answer('INVITE', 486);
    expect(ports.figures.taken).toBe(0);
    alice.send('INVITE', { ...invite, callId: 'two', branch: 'z9hG4bKx' });
    bob.answer('INVITE', 180);
    expect(ports.figures.taken).toBe(2);
    alice.send('CANCEL', { callId: 'two', branch: 'z9hG4bKx' });
    bob.answer('INVITE', 487);
    world.clock.advance(40_000);
    expect(ports.figures.taken).toBe(0);
  });

  test('that the called party offers in the 200 are answered in the ACK', () => {
    const { world, alice, bob, relay } = setUp();
    alice.send('INVITE');
    bob.answer('INVITE', 200, { headers: isSdp, body: sdp('10.0.0.8', 6000) });
    const ok = world.last(alice, '200');
    expect(placeIn(ok)).toBe(`${WAN}:10000`);
    alice.send('ACK', { ...toBob, headers: [...routesOfCaller(ok), ...isSdp], body: sdp('192.0.2.7', 4000) });
    expect(placeIn(world.last(bob, 'ACK'))).toBe(`${OWN}:10002`);
    expect(relay.sessions[0]!.plan.streams[0]!.a.remote).toEqual({ address: '192.0.2.7', port: 4000 });
  });

  test('that are offered in a reliable 183 are answered in the PRACK (RFC 3262)', () => {
    const { world, alice, bob, relay } = setUp();
    alice.send('INVITE');
    bob.answer('INVITE', 183, { headers: [...isSdp, 'RSeq: 1', 'Require: 100rel'], body: sdp('10.0.0.8', 6000) });
    const early = world.last(alice, '183');
    alice.send('PRACK', {
      ...toBob,
      cseq: 2,
      headers: [...routesOfCaller(early), 'RAck: 1 1 INVITE', ...isSdp],
      body: sdp('192.0.2.7', 4000),
    });
    expect(placeIn(world.last(bob, 'PRACK'))).toBe(`${OWN}:10002`);
    expect(relay.sessions[0]!.plan.streams[0]).toMatchObject({
      a: { remote: { port: 4000 } },
      b: { remote: { port: 6000 } },
    });
    bob.answer('INVITE', 200);
    expect(relay.sessions[0]!.plan.timeoutMs).toBe(60_000);
  });

  test('follow a re-INVITE of either side and keep their ports; hold may be long', () => {
    const set = setUp();
    const { world, alice, bob, relay } = set;
    const { forAlice, forBob } = talking(set);
    inDialog(bob, 'INVITE', forBob, { ...ofBob, cseq: 5, body: sdp('10.0.0.8', 6000, 'a=sendonly') });
    expect(placeIn(world.last(alice, 'INVITE'))).toBe(`${WAN}:10000`);
    alice.answer('INVITE', 200, { headers: isSdp, body: sdp('192.0.2.7', 4000, 'a=recvonly') });
    expect(placeIn(world.last(bob, '200'))).toBe(`${OWN}:10002`);
    expect(relay.sessions[0]!.plan.timeoutMs).toBe(3_600_000);
    inDialog(alice, 'UPDATE', forAlice, { ...toBob, cseq: 6, body: sdp('192.0.2.7', 4444) });
    expect(placeIn(world.last(bob, 'UPDATE'))).toBe(`${OWN}:10002`);
    bob.answer('UPDATE', 200, { headers: isSdp, body: sdp('10.0.0.8', 6000) });
    expect(relay.sessions[0]!.plan).toMatchObject({ timeoutMs: 60_000, streams: [{ a: { remote: { port: 4444 } } }] });
    expect(relay.sessions).toHaveLength(1);
  });

  test('stay as they were when a re-INVITE is refused', () => {
    const set = setUp();
    const { alice, bob, relay } = set;
    const { forBob } = talking(set);
    inDialog(bob, 'INVITE', forBob, { ...ofBob, cseq: 5, body: sdp('10.0.0.8', 9000) });
    alice.answer('INVITE', 488);
    expect(relay.sessions[0]!.plan.streams[0]!.b.remote?.port).toBe(6000);
  });

  test('of a call that another member has set up are taken over with the next offer', () => {
    const first = setUp();
    const { forAlice } = talking(first);
    const ended: EndedCall[] = [];
    const { world, alice, bob, relay } = setUp({}, ended);
    inDialog(alice, 'INVITE', forAlice, { ...toBob, cseq: 5, body: sdp('192.0.2.7', 4000) });
    expect(placeIn(world.last(bob, 'INVITE'))).toBe(`${OWN}:10002`);
    // A refresh says again what it said: that its ports have changed, Bob sees by the version.
    expect(world.last(bob, 'INVITE').body().toString()).toContain('o=- 1 1700000001 ');
    bob.answer('INVITE', 200, { headers: isSdp, body: sdp('10.0.0.8', 6000) });
    expect(placeIn(world.last(alice, '200'))).toBe(`${WAN}:10000`);
    expect(world.last(alice, '200').body().toString()).toContain('o=- 1 1700000001 ');
    expect(relay.sessions[0]!.plan.timeoutMs).toBe(60_000);
    inDialog(alice, 'BYE', forAlice, { ...toBob, cseq: 6 });
    expect(relay.sessions[0]!.isClosed).toBe(true);
    // Somebody may have gone on with the call by its copy, before that offer came here.
    expect(ended).toMatchObject([{ fromTag: 'a1', toTag: toBob.toTag }]);
  });

  test('that fall silent end, and the record of the call says so', () => {
    const set = setUp();
    const { world, relay, ports } = set;
    talking(set);
    relay.sessions[0]!.packets = 3;
    relay.sessions[0]!.listener.idle();
    expect(ports.figures.taken).toBe(0);
    expect(world.records).toMatchObject([{ endedBy: 'silence', media: { streams: [{ a: { packets: 3 } }] } }]);
  });

  test('that never came end silently, too, but the call may be up all the same', () => {
    const set = setUp();
    const { world, relay, ports } = set;
    talking(set);
    relay.sessions[0]!.listener.idle();
    expect(ports.figures.taken).toBe(0);
    expect(world.records).toEqual([]);
  });

  test('go on without the relay when no port is left; or the call is refused where that is set', () => {
    const full = { ports: { first: 10_000, last: 10_001 } };
    const { world, alice, bob } = setUp(full);
    alice.send('INVITE', invite);
    expect(placeIn(world.last(bob, 'INVITE'))).toBe('192.0.2.7:4000');
    const strict = setUp({ ...full, whenFull: 'refuse' });
    strict.alice.send('INVITE', invite);
    expect(strict.world.words()).toEqual(['100 → udp 192.0.2.7:5060', '503 → udp 192.0.2.7:5060']);
    expect(strict.world.last(strict.alice, '503').reason()).toBe('No media port is free');
  });

  test('in one part of a body of several are relayed, and the other parts stay', () => {
    const { world, alice, bob } = setUp();
    const body = [
      '--b',
      'Content-Type: application/isup',
      '',
      'xyz',
      '--b',
      'Content-Type: application/sdp',
      '',
      sdp('192.0.2.7', 4000),
      '--b--',
      '',
    ].join('\r\n');
    alice.send('INVITE', { headers: ['Content-Type: multipart/mixed;boundary=b'], body });
    expect(world.last(bob, 'INVITE').body().toString()).toBe(
      body.replace('c=IN IP4 192.0.2.7', `c=IN IP4 ${OWN}`).replace('m=audio 4000', 'm=audio 10002'),
    );
  });

  test('are not looked for in a body of another type, an encoded one, or one that cannot be read', () => {
    const { world, alice, bob, relay } = setUp();
    const text = sdp('192.0.2.7', 4000);
    const bodies: [readonly string[], string][] = [
      [['Content-Type: text/plain'], text],
      [[...isSdp, 'Content-Encoding: gzip'], text],
      [isSdp, 'm=audio 4000'],
    ];
    for (const [index, [headers, body]] of bodies.entries()) {
      alice.send('INVITE', { headers, body, callId: `c${index}` });
      expect(world.last(bob, 'INVITE').body().toString()).toBe(body);
    }
    expect(relay.sessions).toEqual([]);
  });
});
