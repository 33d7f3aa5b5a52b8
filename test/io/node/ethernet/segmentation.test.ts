import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { finishChecksum } from '../../../../src/io/node/ethernet/checksum.ts';
import { segment, type LargeFrame, type SegmentTarget } from '../../../../src/io/node/ethernet/segmentation.ts';

/** RFC 1071 §4.1, the plain way: 0 if the words and their checksum agree. */
function internetSum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) sum += i % 2 === 0 ? bytes[i]! * 256 : bytes[i]!;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return 0xffff - sum;
}

interface Shape {
  readonly isV4: boolean;
  readonly protocol: 'tcp' | 'udp';
  readonly tags: number;
  readonly ipOptions: number;
  readonly tcpOptions: number;
  readonly payload: Uint8Array;
  readonly segmentBytes: number;
  readonly sequence: number;
  readonly identification: number;
  readonly flags: number;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  isV4: fc.boolean(),
  protocol: fc.constantFrom('tcp', 'udp'),
  tags: fc.integer({ min: 0, max: 2 }),
  ipOptions: fc.integer({ min: 0, max: 10 }),
  tcpOptions: fc.integer({ min: 0, max: 10 }),
  payload: fc.uint8Array({ maxLength: 9_000 }),
  segmentBytes: fc.integer({ min: 1, max: 1380 }),
  sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
  identification: fc.integer({ min: 0, max: 0xffff }),
  flags: fc.integer({ min: 0, max: 0xff }),
});

const protocolNumber = { tcp: 6, udp: 17 } as const;

/** A frame as the kernel hands it over: lengths of the whole, checksums unfinished. */
function largeFrame(of: Shape): LargeFrame {
  const ethernet = Buffer.alloc(12 + 4 * of.tags + 2, 0x02);
  for (let i = 0; i < of.tags; i++) ethernet.writeUInt32BE(0x8100_0005, 12 + 4 * i);
  ethernet.writeUInt16BE(of.isV4 ? 0x0800 : 0x86dd, 12 + 4 * of.tags);
  const ip = Buffer.alloc(of.isV4 ? 20 + 4 * of.ipOptions : 40, 1);
  ip[0] = of.isV4 ? 0x40 + 5 + of.ipOptions : 0x60;
  if (of.isV4) ip.writeUInt16BE(of.identification, 4);
  ip[of.isV4 ? 9 : 6] = protocolNumber[of.protocol];
  const transport = Buffer.alloc(of.protocol === 'tcp' ? 20 + 4 * of.tcpOptions : 8, 3);
  if (of.protocol === 'tcp') {
    transport.writeUInt32BE(of.sequence, 4);
    transport[12] = (5 + of.tcpOptions) << 4;
    transport[13] = of.flags;
  }
  // At least as long as a TCP header behind the IP header, which every large frame is.
  const payload = Buffer.concat([of.payload, Buffer.alloc(Math.max(0, 12 - of.payload.length))]);
  const buffer = Buffer.concat([ethernet, ip, transport, payload]);
  const { protocol, segmentBytes } = of;
  return { buffer, size: buffer.length, protocol, segmentBytes, transportOffset: ethernet.length + ip.length };
}

class Pieces implements SegmentTarget {
  readonly buffer = Buffer.alloc(65_536);
  readonly frames: Buffer[] = [];
  #at = 0;

  room(frameBytes: number): number {
    this.#at = (this.#at + 2_000) % (this.buffer.length - 2_000);
    expect(frameBytes).toBeLessThanOrEqual(1518);
    return this.#at;
  }

  commit(frameBytes: number): void {
    this.frames.push(Buffer.from(this.buffer.subarray(this.#at, this.#at + frameBytes)));
  }
}

describe('a large frame is taken apart', () => {
  test('into frames that add up to it, each right in itself', () => {
    fc.assert(
      fc.property(shape, (of) => {
        const large = largeFrame(of);
        const target = new Pieces();
        expect(segment(large, target)).toBe(true);
        const ipAt = 14 + 4 * of.tags;
        const headerBytes = large.transportOffset + (of.protocol === 'tcp' ? 20 + 4 * of.tcpOptions : 8);
        const payloads = target.frames.map((frame) => frame.subarray(headerBytes));
        expect(Buffer.concat(payloads).equals(large.buffer.subarray(headerBytes))).toBe(true);
        expect(payloads.slice(0, -1).every((payload) => payload.length === of.segmentBytes)).toBe(true);
        let offset = 0;
        target.frames.forEach((frame, i) => {
          const isFirst = i === 0;
          const isLast = i === target.frames.length - 1;
          expect(frame.subarray(0, ipAt).equals(large.buffer.subarray(0, ipAt))).toBe(true);
          checkNetwork(of, frame.subarray(ipAt), i);
          const transport = frame.subarray(large.transportOffset);
          expect(internetSum(pseudoHeader(of, frame.subarray(ipAt), transport))).toBe(0);
          if (of.protocol === 'udp') {
            expect(transport.readUInt16BE(4)).toBe(transport.length);
          } else {
            expect(transport.readUInt32BE(4)).toBe((of.sequence + offset) % 0x1_0000_0000);
            const kept = of.flags & ~(isLast ? 0 : 0x09) & ~(isFirst ? 0 : 0x80);
            expect(transport[13]).toBe(kept);
          }
          offset += payloads[i]!.length;
        });
      }),
      { numRuns: 300 },
    );
  });

  test('never into anything when it is not what it is said to be, and never with an exception', () => {
    const anything = fc.record({
      bytes: fc.uint8Array({ maxLength: 200 }),
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      segmentBytes: fc.integer({ min: 0, max: 65_535 }),
      transportOffset: fc.integer({ min: 0, max: 65_535 }),
    });
    fc.assert(
      fc.property(anything, ({ bytes, protocol, segmentBytes, transportOffset }) => {
        const target = new Pieces();
        const buffer = Buffer.from(bytes);
        const done = segment({ buffer, size: buffer.length, protocol, segmentBytes, transportOffset }, target);
        if (!done) expect(target.frames).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('not when its segments would be longer than Ethernet carries', () => {
    const target = new Pieces();
    const of = { isV4: true, protocol: 'tcp', tags: 0, ipOptions: 0, tcpOptions: 0, flags: 0 } as const;
    const large = { ...of, payload: Buffer.alloc(9_000), segmentBytes: 1465, sequence: 0, identification: 0 };
    expect(segment(largeFrame(large), target)).toBe(false);
    expect(segment(largeFrame({ ...large, segmentBytes: 1464 }), target)).toBe(true);
    expect(target.frames[0]).toHaveLength(1518);
  });
});

function checkNetwork(of: Shape, ip: Buffer, index: number): void {
  if (!of.isV4) {
    expect(ip.readUInt16BE(4)).toBe(ip.length - 40);
    return;
  }
  expect(ip.readUInt16BE(2)).toBe(ip.length);
  expect(ip.readUInt16BE(4)).toBe((of.identification + index) % 0x10000);
  expect(internetSum(ip.subarray(0, 20 + 4 * of.ipOptions))).toBe(0);
}

/** What the TCP or UDP checksum covers. */
function pseudoHeader(of: Shape, ip: Buffer, transport: Buffer): Buffer {
  const addresses = of.isV4 ? ip.subarray(12, 20) : ip.subarray(8, 40);
  const rest = Buffer.alloc(8);
  rest.writeUInt32BE(transport.length);
  rest[7] = protocolNumber[of.protocol];
  return Buffer.concat([addresses, rest, transport]);
}

describe('a checksum that was left to the network card', () => {
  test('is finished so that the receiver finds it right', () => {
    const datagram = fc.record({
      payload: fc.uint8Array({ maxLength: 1_460 }),
      before: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(datagram, ({ payload, before }) => {
        const pseudo = Buffer.from('0a0000010a0000020011', 'hex');
        const udp = Buffer.concat([Buffer.from('1234567800000000', 'hex'), payload]);
        udp.writeUInt16BE(udp.length, 4);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(udp.length);
        const header = Buffer.concat([pseudo, length]);
        udp.writeUInt16BE(0xffff - internetSum(header), 6);
        const frame = Buffer.concat([Buffer.alloc(before, 0xee), udp, Buffer.alloc(3, 0xee)]);
        finishChecksum(frame, before, before + 6, before + udp.length);
        const finished = frame.subarray(before, before + udp.length);
        expect(internetSum(Buffer.concat([header, finished]))).toBe(0);
        expect(finished.readUInt16BE(6)).not.toBe(0);
        expect(frame.subarray(before + udp.length).equals(Buffer.alloc(3, 0xee))).toBe(true);
      }),
    );
  });
});
