import { DecodeError } from '#base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeControl } from '../../../src/media/rtp/control.ts';
import { decodeRtpHeader, staticClockRate } from '../../../src/media/rtp/rtp-header.ts';
import { control, rtp } from './packets.ts';

describe('an RTP header (RFC 3550 §5.1)', () => {
  test('gives all its fields', () => {
    const bytes = rtp({ payloadType: 0x80 | 8, sequence: 0xfffe, timestamp: 0xfffffff0, source: 0xdeadbeef });
    expect(decodeRtpHeader(bytes)).toEqual({
      payloadType: 8,
      isMarked: true,
      sequence: 0xfffe,
      timestamp: 0xfffffff0,
      source: 0xdeadbeef,
      contributingSources: [],
      length: 12,
    });
  });

  test('has its payload behind contributing sources and extension', () => {
    const bytes = Buffer.from('92000001000000020000000300000004000000050000000100000009', 'hex');
    expect(decodeRtpHeader(bytes)).toMatchObject({ contributingSources: [4, 5], length: 28 });
  });

  test('knows the clock of payload types that stand for one encoding (RFC 3551 §6)', () => {
    expect([0, 8, 3, 18, 31, 11, 96].map(staticClockRate)).toEqual([8000, 8000, 8000, 8000, 90_000, 44_100, undefined]);
  });
});

describe('an RTCP compound packet (RFC 3550 §6)', () => {
  test('gives reports, names and goodbyes', () => {
    expect(decodeControl(control(9))).toEqual([
      {
        kind: 'senderReport',
        source: 9,
        wallClock: 0x0102030405060708n,
        timestamp: 160,
        packets: 10,
        octets: 1600,
        reports: [
          {
            source: 99,
            fractionLost: 25,
            cumulativeLost: -2,
            highestSequence: 0x1_0005,
            jitter: 44,
            lastSenderReport: 0x0304_0506,
            delaySinceLastReport: 65_536,
          },
        ],
      },
      { kind: 'description', names: [{ source: 9, name: 'x@example.org' }] },
      { kind: 'goodbye', sources: [9] },
    ]);
  });

  test('may have padding, and kinds that we do not know', () => {
    expect(decodeControl(Buffer.from('a0c90002000000070000000480ce000100000001', 'hex').fill(4, 11, 12))).toEqual([
      { kind: 'receiverReport', source: 7, reports: [] },
      { kind: 'other', type: 206 },
    ]);
  });

  test.each([
    ['nothing', ''],
    ['a length beyond the end', '81c8000c00000007'],
    ['reports that are not there', '82c9000100000007'],
    ['a name beyond the end', '81ca000200000007010a6162'],
    ['padding of nothing', 'a0c9000100000000'],
    ['another version', '41c9000100000007'],
  ])('with %s is refused', (_what, hex) => {
    expect(() => decodeControl(Buffer.from(hex, 'hex'))).toThrow(DecodeError);
  });

  test('of any bytes is decoded or refused, and does nothing else', () => {
    const damaged = fc.tuple(fc.nat(99), fc.nat(255), fc.nat(100)).map(([at, value, cut]) => {
      const bytes = Buffer.from(control());
      bytes[at % bytes.length] = value;
      return bytes.subarray(0, cut === 0 ? bytes.length : cut);
    });
    fc.assert(
      fc.property(
        fc.oneof(
          damaged,
          fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          for (const decode of [decodeControl, decodeRtpHeader]) {
            try {
              decode(bytes);
            } catch (error) {
              expect(error).toBeInstanceOf(DecodeError);
            }
          }
        },
      ),
      { numRuns: 5000 },
    );
  });
});
