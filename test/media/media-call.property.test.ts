import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MediaCall } from '../../src/media/media-call.ts';
import { decodeSdp } from '../../src/media/sdp/session-description.ts';
import { MediaWorld, own4, wan } from './media-world.ts';
import { decoded, lines } from './sdp/descriptions.ts';

/** A stream: refused, by TCP, bundled with the others, or on its own. */
type StreamKind = 'off' | 'tcp' | 'bundled' | 'own';
const streams = fc.array(fc.constantFrom<StreamKind>('off', 'tcp', 'bundled', 'own', 'own'), {
  minLength: 1,
  maxLength: 4,
});
const step = fc.record({
  call: fc.nat(2),
  side: fc.constantFrom<'a' | 'b'>('a', 'b'),
  act: fc.constantFrom('offer', 'answer', 'final', 'accepted', 'rejected', 'up', 'reword', 'end', 'idle'),
  streams,
  isHeld: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function descriptionOf({ side, streams: kinds, isHeld }: Step) {
  const address = isHeld ? '0.0.0.0' : side === 'a' ? '192.168.1.2' : '10.0.0.50';
  const mids = kinds.flatMap((kind, index) => (kind === 'bundled' ? [String(index)] : []));
  const media = kinds.flatMap((kind, index) => {
    const port = kind === 'off' ? 0 : 4000 + 2 * index;
    return [`m=audio ${port} ${kind === 'tcp' ? 'TCP/MSRP' : 'RTP/AVP'} 0`, `a=mid:${index}`];
  });
  return decoded(lines('v=0', 's=-', `c=IN IP4 ${address}`, `a=group:BUNDLE ${mids.join(' ')}`, ...media));
}

function take(world: MediaWorld, call: MediaCall, one: Step): void {
  const sdp = descriptionOf(one);
  switch (one.act) {
    case 'offer':
    case 'reword':
    case 'answer':
    case 'final': {
      const described =
        one.act === 'offer' || one.act === 'reword'
          ? call[one.act](one.side, sdp)
          : call.answer(one.side, sdp, one.act === 'final');
      if (described.kind !== 'relayed') return;
      const after = decodeSdp(described.body);
      if (after.kind === 'bad') throw new Error(after.reason);
      const told = one.side === 'a' ? own4 : wan;
      for (const [index, stream] of after.streams.entries()) {
        // An answer that takes what was not offered leads to a port that may be free by now.
        const isOurs = stream.port >= 10_000 && stream.port < 10_020;
        expect(stream.port === sdp.streams[index]!.port || isOurs).toBe(true);
        if (isOurs && !one.isHeld) expect(stream.connection?.address).toBe(told);
      }
      return;
    }
    case 'idle':
      world.session.listener.idle();
      return;
    default:
      call[one.act]();
  }
}

/** Each local port of all open sessions once, and all of them taken from the pool. */
function check(world: MediaWorld): void {
  const open = world.relay.sessions.filter(({ isClosed }) => !isClosed);
  const ports = open.flatMap(({ plan }) =>
    plan.streams.flatMap((stream) => (stream === undefined ? [] : [stream.a.local.port, stream.b.local.port])),
  );
  expect(new Set(ports).size).toBe(ports.length);
  expect(world.ports.figures.taken).toBe(ports.length);
  expect(world.proxy.figures().calls).toBe(open.length);
}

describe('calls in any order of offers, answers, refusals and ends', () => {
  test('never share a port, never keep one that is not relayed, and give all back at the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.array(fc.nat(19)), (steps, busy) => {
        const world = new MediaWorld();
        for (const port of busy) world.relay.busy.add(10_000 + port - (port % 2));
        const calls = [world.call(), world.call(), world.call()];
        for (const one of steps) {
          if (one.act === 'idle' && world.relay.sessions.length === 0) continue;
          take(world, calls[one.call]!, one);
          check(world);
        }
        for (const call of calls) call.end();
        expect(world.ports.figures.taken).toBe(0);
        expect(world.relay.sessions.every(({ isClosed }) => isClosed)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
