import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rewriteSdp } from '../../../src/media/sdp/rewrite.ts';
import { decodeSdp } from '../../../src/media/sdp/session-description.ts';
import { carriersOf, controlAddressOf, isRelayable, mediaAddressOf } from '../../../src/media/sdp/stream-address.ts';
import { audioAndVideo, audioCall, browserOffer } from './descriptions.ts';

const address = fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', 'host.example.org', '0.0.0.0', '224.0.0.1', '::'));
const connection = address.map((text) => `c=IN ${text.includes(':') ? 'IP6' : 'IP4'} ${text}`);
const attribute = fc.oneof(
  fc.constantFrom(
    'a=rtcp-mux',
    'a=sendonly',
    'a=inactive',
    'a=mid:x',
    'a=ice-ufrag:abcd',
    'a=rtcp:5017',
    'b=AS:64',
    'i=info',
  ),
  fc.ipV4().map((text) => `a=candidate:1 1 UDP 99 ${text} 5000 typ host`),
  fc.ipV4().map((text) => `a=rtcp:4000 IN IP4 ${text}`),
  fc.string({ maxLength: 12 }).map((text) => `a=${text.replaceAll(/[\r\n]/g, '')}`),
);
const stream = fc
  .tuple(
    fc.constantFrom('audio', 'video', 'image'),
    fc.integer({ min: 0, max: 65_534 }),
    fc.constantFrom('RTP/AVP', 'udptl', 'TCP/MSRP', 'UDP/TLS/RTP/SAVPF'),
    fc.option(connection),
    fc.array(attribute, { maxLength: 5 }),
  )
  .map(([media, port, protocol, own, attributes]) => [
    `m=${media} ${port} ${protocol} 0`,
    ...(own === null ? [] : [own]),
    ...attributes,
  ]);
const description = fc
  .tuple(fc.option(connection), fc.array(stream, { maxLength: 4 }), fc.constantFrom('\r\n', '\n'))
  .map(([own, streams, end]) =>
    Buffer.from(
      ['v=0', 's=-', ...(own === null ? [] : [own]), ...streams.flat()].map((line) => line + end).join(''),
      'latin1',
    ),
  );
/** Those and what chance makes of them. */
const mutated = fc
  .tuple(
    fc.oneof(description, fc.constantFrom(audioCall, audioAndVideo, browserOffer)),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
    fc.nat(),
  )
  .map(([bytes, changes, cut]) => {
    const copy = Buffer.from(bytes);
    for (const [at, value] of changes) copy[at % copy.length] = value;
    return cut % 4 === 0 ? copy.subarray(0, cut % copy.length) : copy;
  });

const places = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ address: '203.0.113.1', port: 10_000 + 2 * index }));

describe('session descriptions', () => {
  test('that nothing is changed in come out byte for byte', () => {
    fc.assert(
      fc.property(mutated, (bytes) => {
        const sdp = decodeSdp(bytes);
        if (sdp.kind === 'sdp') expect(rewriteSdp(sdp, [])).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test('that are relayed say the relay for each stream that is, and read as before in all else', () => {
    fc.assert(
      fc.property(description, (bytes) => {
        const sdp = decodeSdp(bytes);
        if (sdp.kind === 'bad') throw new Error(sdp.reason);
        const wanted = places(sdp.streams.length).map((place, index) =>
          isRelayable(sdp.streams[index]!) ? place : undefined,
        );
        const after = decodeSdp(rewriteSdp(sdp, wanted));
        if (after.kind === 'bad') throw new Error(after.reason);
        expect(after.streams.length).toBe(sdp.streams.length);
        for (const [index, now] of after.streams.entries()) {
          const before = sdp.streams[index]!;
          const place = wanted[index];
          expect([now.direction, now.protocol, now.isMuxed, now.mid]).toEqual([
            before.direction,
            before.protocol,
            before.isMuxed,
            before.mid,
          ]);
          if (place === undefined) expect(mediaAddressOf(now)).toEqual(mediaAddressOf(before));
          else if (mediaAddressOf(now) !== undefined) expect(mediaAddressOf(now)).toEqual(place);
          else expect(now.connection?.isNowhere).toBe(true);
          if (place !== undefined) expect(now.candidates.every((one) => one.address === place.address)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('however broken never throw, and what is read of them has addresses within bounds', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const sdp = decodeSdp(bytes);
        if (sdp.kind === 'bad') return;
        rewriteSdp(sdp, places(sdp.streams.length));
        for (const role of ['offer', 'answer'] as const) {
          for (const [index, carrier] of carriersOf(sdp, role).entries()) {
            expect(carrier).toBeGreaterThanOrEqual(0);
            expect(carrier).toBeLessThan(sdp.streams.length);
            if (role === 'offer') expect(carrier).toBeLessThanOrEqual(index);
          }
        }
        for (const stream of sdp.streams) {
          for (const place of [mediaAddressOf(stream), controlAddressOf(stream)]) {
            if (place !== undefined) expect(place.port > 0 && place.port < 65_536).toBe(true);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
