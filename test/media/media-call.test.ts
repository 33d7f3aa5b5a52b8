import { describe, expect, test } from 'vitest';
import { decoded, browserOffer, lines } from './sdp/descriptions.ts';
import { audio, MediaWorld, own4, own6, places, wan } from './media-world.ts';

const twoStreams = (port: number, ...more: readonly string[]) =>
  decoded(
    lines(
      'v=0',
      's=-',
      'c=IN IP4 10.0.0.50',
      ...more,
      `m=audio ${port} RTP/AVP 0`,
      'a=mid:0',
      `m=video ${port === 0 ? 0 : port + 2} RTP/AVP 31`,
      'a=mid:1',
    ),
  );

describe('the media of a call', () => {
  test('of a telephone behind a NAT go through the server, each side by the address that it reaches', () => {
    const world = new MediaWorld();
    const call = world.call();
    expect(places(call.offer('a', audio('192.168.1.2', 5004)))).toEqual([`${own4} 10002`]);
    expect(call.reason).toBe('nat');
    expect(places(call.answer('b', audio('10.0.0.50', 6000), false))).toEqual([`${wan} 10000`]);
    const [stream] = world.session.plan.streams;
    expect(stream).toMatchObject({
      kind: 'rtp',
      a: {
        local: { address: own4, port: 10_000 },
        remote: { address: '192.168.1.2', port: 5004 },
        learn: { addresses: ['203.0.113.9', '192.168.1.2'], isAnySourceAccepted: true },
      },
      b: {
        local: { address: own4, port: 10_002 },
        remote: { address: '10.0.0.50', port: 6000 },
        remoteControl: { address: '10.0.0.50', port: 6001 },
        learn: { addresses: ['10.0.0.50'], isAnySourceAccepted: false },
      },
    });
  });

  test('that another member had before are told by newer descriptions than any of then, those after them too', () => {
    const world = new MediaWorld();
    const version = (described: ReturnType<ReturnType<typeof world.call>['offer']>): number =>
      Number(/o=- 1 (\d+)/.exec(described.kind === 'relayed' ? described.body.toString() : '')?.[1]);
    const first = world.call({ isUnderWay: true });
    expect(version(first.offer('a', audio('192.168.1.2', 5004)))).toBe(1_700_000_001);
    expect(version(first.answer('b', audio('10.0.0.50', 6000), true))).toBe(1_700_000_001);
    world.wallMs += 60_000;
    expect(version(first.offer('b', audio('10.0.0.50', 6000)))).toBe(1_700_000_001);
    expect(version(world.call({ isUnderWay: true }).offer('a', audio('192.168.1.2', 5004)))).toBe(1_700_000_061);
    expect(version(world.call().offer('a', audio('192.168.1.2', 5004)))).toBe(1);
  });

  test('that need no relay pass as they came, and cost nothing', () => {
    const world = new MediaWorld();
    const call = world.call({ a: { address: '10.0.0.51', isBehindNat: false } });
    expect(call.offer('a', audio('10.0.0.51', 5004)).kind).toBe('unchanged');
    expect(call.answer('b', audio('10.0.0.50', 6000), false).kind).toBe('unchanged');
    expect(world.relay.sessions).toEqual([]);
    expect(call.end()).toBeUndefined();
  });

  test('go from IPv4 to IPv6', () => {
    const world = new MediaWorld();
    const call = world.call({
      a: { address: '10.0.0.51', isBehindNat: false },
      b: { address: 'fd00::2', isBehindNat: false },
    });
    expect(places(call.offer('a', audio('10.0.0.51', 5004)))).toEqual([`${own6} 10002`]);
    expect(places(call.answer('b', audio('fd00::2', 6000), false))).toEqual([`${own4} 10000`]);
    expect(call.reason).toBe('families');
  });

  test('that the called party offers (RFC 3261 §13.2.1: INVITE without a description) are relayed as well', () => {
    const world = new MediaWorld();
    const call = world.call();
    expect(places(call.offer('b', audio('10.0.0.50', 6000)))).toEqual([`${wan} 10000`]);
    expect(call.isOfferedBy('b')).toBe(true);
    expect(places(call.answer('a', audio('192.168.1.2', 5004), true))).toEqual([`${own4} 10002`]);
    expect(call.isOfferedBy('b')).toBe(false);
  });

  test('that ring at several telephones go to the one that speaks last, and to the one that takes the call', () => {
    const world = new MediaWorld();
    const call = world.call();
    call.offer('a', audio('192.168.1.2', 5004));
    call.answer('b', audio('10.0.0.50', 6000), false);
    call.answer('b', audio('10.0.0.60', 7000), false);
    expect(world.session.plan.streams[0]!.b.remote).toEqual({ address: '10.0.0.60', port: 7000 });
    call.accepted();
    expect(places(call.reword('b', audio('10.0.0.50', 6000)))).toEqual([`${wan} 10000`]);
    expect(world.session.plan.streams[0]!.b.remote).toEqual({ address: '10.0.0.60', port: 7000 });
  });

  test('keep their ports when they are offered anew, and follow the new address once it is answered', () => {
    const world = new MediaWorld();
    const call = world.call();
    call.offer('a', audio('192.168.1.2', 5004));
    call.answer('b', audio('10.0.0.50', 6000), true);
    call.up();
    expect(places(call.offer('b', audio('10.0.0.99', 8000)))).toEqual([`${wan} 10000`]);
    expect(world.session.plan.streams[0]!.b.remote).toEqual({ address: '10.0.0.50', port: 6000 });
    call.answer('a', audio('192.168.1.2', 5004), false);
    expect(world.session.plan.streams[0]!.b.remote).toEqual({ address: '10.0.0.99', port: 8000 });
  });

  test('stay as they were when a new offer is refused, and its new streams give their ports back', () => {
    const world = new MediaWorld();
    const call = world.call();
    call.offer('b', audio('10.0.0.50', 6000));
    call.answer('a', audio('192.168.1.2', 5004), true);
    expect(world.ports.figures.taken).toBe(2);
    expect(places(call.offer('b', twoStreams(8000)))).toEqual([`${wan} 10000`, `${wan} 10004`]);
    expect(world.session.plan.streams[1]!.b.remote).toEqual({ address: '10.0.0.50', port: 8002 });
    call.rejected();
    expect(world.session.plan.streams[0]!.b.remote).toEqual({ address: '10.0.0.50', port: 6000 });
    expect(world.session.plan.streams[1]).toBeUndefined();
    expect(world.ports.figures.taken).toBe(2);
  });

  test('on hold are not sent to c=0.0.0.0, and may be silent for long', () => {
    const world = new MediaWorld({ timeoutS: 60, heldTimeoutS: 3600 });
    const call = world.call();
    call.offer('a', audio('192.168.1.2', 5004));
    call.answer('b', audio('10.0.0.50', 6000), true);
    expect(world.session.plan.timeoutMs).toBe(Infinity);
    call.up();
    expect(world.session.plan.timeoutMs).toBe(60_000);
    expect(places(call.offer('b', audio('0.0.0.0', 6000)))).toEqual(['nowhere 10000']);
    call.answer('a', audio('192.168.1.2', 5004, 'a=recvonly'), true);
    expect(world.session.plan).toMatchObject({ timeoutMs: 3_600_000, streams: [{ b: { isDeaf: true } }] });
    call.offer('b', audio('10.0.0.50', 6000));
    call.answer('a', audio('192.168.1.2', 5004), true);
    expect(world.session.plan).toMatchObject({ timeoutMs: 60_000, streams: [{ b: { isDeaf: false } }] });
  });

  test('of several streams have ports for each; a refused one gives them back', () => {
    const world = new MediaWorld();
    const call = world.call();
    expect(places(call.offer('b', twoStreams(6000)))).toEqual([`${wan} 10000`, `${wan} 10004`]);
    expect(world.ports.figures.taken).toBe(4);
    call.answer(
      'a',
      decoded(lines('v=0', 's=-', 'c=IN IP4 192.168.1.2', 'm=audio 5004 RTP/AVP 0', 'm=video 0 RTP/AVP 31')),
      true,
    );
    expect(world.ports.figures.taken).toBe(2);
    expect(world.session.plan.streams[1]).toBeUndefined();
  });

  test('that the answer bundles go by the ports of the first stream (RFC 9143)', () => {
    const world = new MediaWorld();
    const call = world.call();
    call.offer('b', twoStreams(6000, 'a=group:BUNDLE 0 1'));
    const bundled = decoded(
      lines(
        'v=0',
        's=-',
        'c=IN IP4 192.168.1.2',
        'a=group:BUNDLE 0 1',
        'm=audio 5004 RTP/AVP 0',
        'a=mid:0',
        'm=video 5004 RTP/AVP 31',
        'a=mid:1',
      ),
    );
    expect(places(call.answer('a', bundled, true))).toEqual([`${own4} 10002`, `${own4} 10002`]);
    expect(world.ports.figures.taken).toBe(2);
  });

  test('of browsers are learnt from the addresses of their candidates, RTCP on the port of RTP', () => {
    const world = new MediaWorld();
    const call = world.call();
    expect(places(call.offer('a', decoded(browserOffer)))).toEqual([`${own4} 10002`, `${own4} 10002`]);
    call.answer('b', decoded(browserOffer), false);
    expect(world.session.plan.streams.length).toBe(1);
    expect(world.session.plan.streams[0]).toMatchObject({
      isMuxed: true,
      a: {
        remoteControl: undefined,
        learn: { addresses: ['203.0.113.9', '203.0.113.7', '192.168.1.5'], isAnySourceAccepted: true },
      },
    });
  });

  test('by TCP pass as they are beside those that are relayed', () => {
    const world = new MediaWorld();
    const call = world.call();
    const sdp = decoded(
      lines('v=0', 's=-', 'c=IN IP4 192.168.1.2', 'm=message 2855 TCP/MSRP *', 'm=image 4000 udptl t38'),
    );
    expect(places(call.offer('a', sdp))).toEqual(['192.168.1.2 2855', `${own4} 10002`]);
    expect(world.session.plan.streams[0]).toBeUndefined();
    expect(world.session.plan.streams[1]).toMatchObject({ kind: 'udp' });
  });

  test('go on without the relay when no port is left, and it is counted', () => {
    const world = new MediaWorld({ ports: { first: 10_000, last: 10_003 } });
    expect(world.call().offer('a', audio('192.168.1.2', 5004)).kind).toBe('relayed');
    const second = world.call();
    expect(second.offer('a', audio('192.168.1.2', 5008))).toEqual({ kind: 'full', reason: 'no media port is free' });
    expect(second.answer('b', audio('10.0.0.50', 6000), false).kind).toBe('unchanged');
    expect(world.proxy.figures()).toMatchObject({ full: 1, calls: 1 });
  });

  test('take other ports where another program has them', () => {
    const world = new MediaWorld();
    world.relay.busy.add(10_000).add(10_004);
    expect(places(world.call().offer('a', audio('192.168.1.2', 5004)))).toEqual([`${own4} 10002`]);
    expect(world.session.plan.streams[0]!.a.local.port).toBe(10_006);
    expect(world.ports.figures.taken).toBe(2);
  });

  test('are relayed once where a call passes the server twice', () => {
    const world = new MediaWorld();
    const first = world.call().offer('a', audio('192.168.1.2', 5004));
    if (first.kind !== 'relayed') throw new Error(first.kind);
    expect(world.call().offer('a', decoded(first.body)).kind).toBe('unchanged');
  });

  test('end with the call, with their counters, and their ports are free', () => {
    const world = new MediaWorld();
    const call = world.call();
    call.offer('a', audio('192.168.1.2', 5004));
    call.answer('b', audio('10.0.0.50', 6000), false);
    world.session.packets = 50;
    expect(call.end()).toMatchObject({ reason: 'nat', streams: [{ media: 'audio', a: { packets: 50 } }] });
    expect(call.end()).toBeUndefined();
    expect(world.session.isClosed).toBe(true);
    expect(world.ports.figures.taken).toBe(0);
    expect(world.proxy.figures()).toMatchObject({ calls: 0, withoutPackets: 0, relayed: { nat: 1 } });
  });

  test('end when both sides are silent, but not while it rings', () => {
    const world = new MediaWorld();
    const call = world.call();
    call.offer('a', audio('192.168.1.2', 5004));
    world.session.listener.idle();
    expect(call.isRelayed).toBe(true);
    call.answer('b', audio('10.0.0.50', 6000), false);
    call.up();
    world.session.listener.idle();
    expect(world.silent.length).toBe(1);
    expect(world.proxy.figures()).toMatchObject({ silent: 1, calls: 0, withoutPackets: 1 });
  });

  test.each([
    ['never', false],
    ['always', true],
  ] as const)('with media.relay = "%s": relayed %s', (relay, isRelayed) => {
    const world = new MediaWorld({ relay });
    const near = { address: '10.0.0.50', isBehindNat: relay === 'never' };
    const call = world.call({ a: { address: '10.0.0.51', isBehindNat: false }, b: near });
    call.offer('a', audio('10.0.0.51', 5004));
    expect(call.isRelayed).toBe(isRelayed);
  });
});
