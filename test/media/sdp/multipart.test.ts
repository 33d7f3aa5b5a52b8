import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findSdp, replaceSdp } from '../../../src/media/sdp/multipart.ts';

const mixed = Buffer.from(
  [
    'preamble',
    '--b1',
    'Content-Type: application/isup; version=nxv3',
    'Content-Transfer-Encoding: binary',
    '',
    '\x01\x02--b1not-a-line',
    '--b1',
    'Content-Type: application/sdp',
    'Content-Length: 6',
    '',
    'v=0',
    '',
    '--b1--',
    '',
  ].join('\r\n'),
  'latin1',
);

function sdpIn(body: Buffer, type: string): string | undefined {
  const place = findSdp(body, type);
  return place && body.toString('latin1', place.start, place.end);
}

describe('the session description of a body', () => {
  test('is all of it, whatever parameters its type has', () => {
    expect(sdpIn(Buffer.from('v=0\r\n'), 'Application/SDP; charset=utf-8')).toBe('v=0\r\n');
    expect(sdpIn(Buffer.alloc(0), 'application/sdp')).toBeUndefined();
    expect(sdpIn(Buffer.from('v=0\r\n'), 'text/plain')).toBeUndefined();
  });

  test('is a part of a body of several (RFC 5621), and replacing it leaves the others as they are', () => {
    const type = 'multipart/mixed;boundary="b1"';
    expect(sdpIn(mixed, type)).toBe('v=0\r\n');
    const after = Buffer.from(replaceSdp(mixed, findSdp(mixed, type)!, Buffer.from('v=0\r\nlonger\r\n')));
    expect(after.toString('latin1')).toBe(
      mixed.toString('latin1').replace('Length: 6', 'Length: 13').replace('v=0\r\n', 'v=0\r\nlonger\r\n'),
    );
  });

  test('is not looked for in an encoded part, a missing boundary or an unfinished body', () => {
    const encoded = Buffer.from(
      mixed.toString('latin1').replace('Content-Length: 6', 'Content-Transfer-Encoding: base64'),
    );
    expect(findSdp(encoded, 'multipart/mixed; boundary=b1')).toBeUndefined();
    expect(findSdp(mixed, 'multipart/mixed')).toBeUndefined();
    expect(findSdp(mixed, 'multipart/mixed; boundary=other')).toBeUndefined();
    expect(findSdp(mixed.subarray(0, mixed.indexOf('--b1--')), 'multipart/mixed; boundary=b1')).toBeUndefined();
  });

  test('is found within the body, or not at all, whatever comes', () => {
    const cases = fc.tuple(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.nat());
    fc.assert(
      fc.property(cases, ([changes, cut]) => {
        const body = Buffer.from(mixed.subarray(0, cut % 3 === 0 ? cut % mixed.length : mixed.length));
        for (const [at, value] of changes) if (body.length > 0) body[at % body.length] = value;
        const place = findSdp(body, 'multipart/mixed; boundary=b1');
        if (place === undefined) return;
        expect(place.start).toBeLessThanOrEqual(place.end);
        const own = body.subarray(place.start, place.end);
        const same = Buffer.from(replaceSdp(body, place, own));
        if (place.length === undefined) expect(same).toEqual(body);
      }),
      { numRuns: 2000 },
    );
  });
});
