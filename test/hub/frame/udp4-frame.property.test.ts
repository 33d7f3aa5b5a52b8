import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUdp4Frame, encodeUdp4Frame } from '#hub';
import { SeededRandom } from '#io/sim';
import { mutate } from '../../fuzz/mutate.ts';

const bytes = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
const port = fc.integer({ min: 0, max: 65_535 });

const datagram = fc.record({
  destinationMac: bytes(6),
  sourceMac: bytes(6),
  sourceAddress: bytes(4),
  destinationAddress: bytes(4),
  sourcePort: port,
  destinationPort: port,
  payload: fc.uint8Array({ maxLength: 1472 }).map((array) => Buffer.from(array)),
});

/** RFC 1071: the sum over a header with its checksum is all ones. */
function sum(parts: readonly Buffer[]): number {
  let total = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) total += (part[at]! << 8) | (part[at + 1] ?? 0);
  }
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

describe('a UDP datagram in an Ethernet frame', () => {
  test('comes out as it went in, with sums that are right', () => {
    fc.assert(
      fc.property(datagram, (udp) => {
        const frame = encodeUdp4Frame(udp);
        expect(decodeUdp4Frame(frame)).toEqual(udp);
        expect(sum([frame.subarray(14, 34)])).toBe(0xffff);
        const pseudo = Buffer.concat([frame.subarray(26, 34), Buffer.from([0, 17]), frame.subarray(38, 40)]);
        expect(sum([pseudo, frame.subarray(34)])).toBe(0xffff);
      }),
    );
  });

  test('may be followed by padding, as short frames are', () => {
    fc.assert(
      fc.property(datagram, fc.integer({ min: 1, max: 46 }), (udp, padding) => {
        const padded = Buffer.concat([encodeUdp4Frame(udp), Buffer.alloc(padding, 0xcc)]);
        expect(decodeUdp4Frame(padded)).toEqual(udp);
      }),
    );
  });

  test('that is damaged is refused or read, never more', () => {
    const seeds = fc.sample(datagram, { numRuns: 8, seed: 5 }).map(encodeUdp4Frame);
    for (let seed = 0; seed < 20_000; seed++) {
      const frame = mutate(new SeededRandom(seed), seeds);
      const udp = decodeUdp4Frame(frame);
      if (udp !== undefined) expect(udp.payload.length).toBeLessThanOrEqual(frame.length - 42);
    }
  });

  test.each([
    ['ARP', (frame: Buffer) => frame.writeUInt16BE(0x0806, 12)],
    ['IPv6 by its version', (frame: Buffer) => (frame[14] = 0x65)],
    ['TCP', (frame: Buffer) => (frame[23] = 6)],
    ['a fragment', (frame: Buffer) => frame.writeUInt16BE(0x2000, 20)],
    ['a later fragment', (frame: Buffer) => frame.writeUInt16BE(0x0010, 20)],
    ['a header shorter than a header', (frame: Buffer) => (frame[14] = 0x44)],
    ['a length beyond the packet', (frame: Buffer) => frame.writeUInt16BE(4000, 38)],
  ])('is told from %s', (_name, change) => {
    const [udp] = fc.sample(datagram, { numRuns: 1, seed: 9 });
    const frame = encodeUdp4Frame(udp!);
    change(frame);
    expect(decodeUdp4Frame(frame)).toBeUndefined();
  });
});
