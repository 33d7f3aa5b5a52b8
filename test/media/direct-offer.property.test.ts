import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSdp } from '../../src/media/sdp/session-description.ts';
import { MediaWorld, own4 } from './media-world.ts';

const addresses = ['10.0.0.50', '10.0.0.51', '203.0.113.9', 'fd00::7', own4];
const address = fc.constantFrom(...addresses);
const party = fc.record({ address, isBehindNat: fc.constantFrom(false, false, false, true) });
const connection = address.map((one) => `c=IN IP${one.includes(':') ? 6 : 4} ${one}`);
const stream = fc.tuple(
  fc.constantFrom('m=audio 10002 RTP/AVP 0', 'm=audio 4000 RTP/AVP 0', 'm=video 0 RTP/AVP 31'),
  fc.option(connection),
);
const offer = fc
  .record({
    session: fc.option(connection),
    streams: fc.array(stream, { maxLength: 3 }),
    end: fc.constantFrom('\n', '\r\n'),
  })
  .map(({ session, streams, end }) =>
    ['v=0', 'o=- 1 1 IN IP4 x', 's=-', ...(session === null ? [] : [session]), 't=0 0']
      .concat(streams.flatMap(([media, own]) => (own === null ? [media] : [media, own])))
      .concat('')
      .join(end),
  );

describe('an offer that is said to pass without being parsed', () => {
  test('is one that the rules leave as it is', () => {
    const policy = fc.constantFrom('auto' as const, 'always' as const, 'never' as const);
    let passed = 0;
    fc.assert(
      fc.property(offer, party, party, fc.boolean(), policy, (text, a, b, isAskedFor, relay) => {
        const world = new MediaWorld({ relay });
        const facts = { a, b, isAskedFor, isUnderWay: false };
        if (!world.proxy.passes(facts, text)) return;
        passed++;
        const sdp = decodeSdp(Buffer.from(text, 'latin1'));
        if (sdp.kind !== 'sdp') return;
        expect(world.call(facts).offer('a', sdp)).toEqual({ kind: 'unchanged' });
      }),
      { numRuns: 3_000 },
    );
    expect(passed).toBeGreaterThan(0);
  });

  test('is what most calls begin with', () => {
    const world = new MediaWorld();
    const facts = {
      a: { address: '10.0.0.50', isBehindNat: false },
      b: { address: '10.0.0.51', isBehindNat: false },
      isAskedFor: false,
      isUnderWay: false,
    };
    const text = 'v=0\r\no=- 1 1 IN IP4 10.0.0.50\r\ns=-\r\nc=IN IP4 10.0.0.50\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
    expect(world.proxy.passes(facts, text)).toBe(true);
    expect(world.proxy.passes(facts, text.replace('c=IN IP4 10.0.0.50', 'c=IN IP4 10.0.0.5'))).toBe(false);
    expect(world.proxy.passes(facts, text.replace('c=IN IP4 10.0.0.50', 'c=IN IP4 10.0.0.501'))).toBe(false);
    expect(world.proxy.passes({ ...facts, b: { address: '203.0.113.9', isBehindNat: false } }, text)).toBe(false);
  });
});
