import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kindOf, packetKind } from '../../../src/media/rtp/packet-kind.ts';
import { control, dtls, rtp, stun, zrtp } from './packets.ts';

const kind = (bytes: Buffer): number => kindOf(bytes, bytes.length);

describe('what shares a media port (RFC 7983 §7)', () => {
  test('is told apart by its first bytes', () => {
    expect(kind(rtp())).toBe(packetKind.rtp);
    expect(kind(control())).toBe(packetKind.control);
    expect(kind(stun)).toBe(packetKind.stun);
    expect(kind(dtls)).toBe(packetKind.dtls);
    expect(kind(zrtp)).toBe(packetKind.zrtp);
  });

  test('is DTLS 1.3 also when it is encrypted, and its header short (RFC 9147 §4)', () => {
    expect(kind(Buffer.concat([Buffer.from('2fa10b0018', 'hex'), Buffer.alloc(24, 0xaa)]))).toBe(packetKind.dtls);
    expect(kind(Buffer.from('2fa10b0018aa', 'hex'))).toBe(packetKind.other);
  });

  test('is RTP also with the marker bit, contributing sources and an extension', () => {
    const sources = Buffer.concat([rtp({ payload: Buffer.alloc(0) }), Buffer.alloc(8)]);
    sources[0] = 0x82;
    expect(kind(sources)).toBe(packetKind.rtp);
    const extended = Buffer.concat([rtp({ payload: Buffer.alloc(0) }), Buffer.from('bede000112345678', 'hex')]);
    extended[0] = 0x90;
    expect(kind(extended)).toBe(packetKind.rtp);
    expect(kind(rtp({ payloadType: 0x80 | 111 }))).toBe(packetKind.rtp);
  });

  test.each([
    ['an RTP header that is cut', rtp().subarray(0, 11)],
    ['contributing sources that are cut', Buffer.concat([Buffer.from([0x8f]), rtp().subarray(1, 40)])],
    ['an extension that is cut', Buffer.from('9000000100000002000000030000ffff', 'hex')],
    ['RTCP that is longer than the datagram', Buffer.from('81c8000cffffffff', 'hex')],
    ['STUN without its cookie', Buffer.from(stun).fill(0, 4, 8)],
    ['STUN of another length', Buffer.concat([stun, Buffer.alloc(4)])],
    ['DTLS whose record is cut', dtls.subarray(0, -1)],
    ['version 1', Buffer.from(rtp()).fill(0x40, 0, 1)],
    ['a SIP keep-alive', Buffer.from('\r\n\r\n')],
    ['nothing', Buffer.alloc(0)],
  ])('%s is none of them', (_what, bytes) => {
    expect(kind(bytes)).toBe(packetKind.other);
  });

  test('is looked for within the datagram only: what was in the memory before does not count', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes, rest) => {
        const area = new Uint8Array([...bytes, ...rest]);
        const alone = kindOf(bytes, bytes.length);
        expect(kindOf(area, bytes.length)).toBe(alone);
      }),
      { numRuns: 2000 },
    );
  });
});
