import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Reception } from '../../../src/media/rtp/reception.ts';

const rate = 8000;

function receive(reception: Reception, sequences: readonly number[], source = 1): void {
  for (const sequence of sequences) reception.receive(source, sequence & 0xffff, sequence * 160, sequence * 20, rate);
}

describe('loss (RFC 3550 §A.1, §A.3)', () => {
  test('is what was expected and did not come', () => {
    const reception = new Reception();
    receive(reception, [10, 11, 13, 16]);
    expect(reception.lostPackets).toBe(3);
  });

  test('is made good by packets that come late, and goes below zero by doubles', () => {
    const reception = new Reception();
    receive(reception, [10, 12, 11]);
    expect(reception.lostPackets).toBe(0);
    receive(reception, [11]);
    expect(reception.lostPackets).toBe(-1);
  });

  test('goes on where the sequence numbers wrap', () => {
    const reception = new Reception();
    receive(reception, [0xfffe, 0xffff, 0x10000, 0x10002]);
    expect(reception.lostPackets).toBe(1);
  });

  test('is not made by a source that begins anew: with a jump, or with another SSRC', () => {
    const reception = new Reception();
    receive(reception, [10, 11, 13]);
    receive(reception, [30_000, 30_001, 30_002]);
    receive(reception, [5, 6], 2);
    expect(reception.lostPackets).toBe(1);
  });

  test('does not count one stray packet', () => {
    const reception = new Reception();
    receive(reception, [10, 30_000, 11]);
    expect(reception.lostPackets).toBe(0);
  });

  test('does not grow while others forward the stream', () => {
    const reception = new Reception();
    receive(reception, [10, 12]);
    reception.interrupt();
    receive(reception, [500, 501]);
    expect(reception.lostPackets).toBe(1);
  });

  test('of a stream that loses and swaps a little is exact', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.array(fc.boolean(), { minLength: 2, maxLength: 300 }), (first, kept) => {
        const sequences = kept.flatMap((isKept, i) => (isKept || i === 0 || i === kept.length - 1 ? [first + i] : []));
        const reception = new Reception();
        receive(reception, sequences);
        expect(reception.lostPackets).toBe(kept.length - sequences.length);
      }),
    );
  });
});

describe('jitter (RFC 3550 §A.8)', () => {
  test('is nothing for a steady stream', () => {
    const reception = new Reception();
    receive(reception, [1, 2, 3, 4, 5]);
    expect(reception.jitterMs).toBe(0);
  });

  test('follows what §A.8 computes', () => {
    const reception = new Reception();
    const arrivals = [0, 25, 38, 66, 80];
    arrivals.forEach((atMs, i) => reception.receive(1, i, i * 160, atMs, rate));
    // Transits 0, 5, −2, 6, 0 ms: differences 5, 7, 8, 6.
    const expected = [5, 7, 8, 6].reduce((jitter, difference) => jitter + (difference - jitter) / 16, 0);
    expect(reception.jitterMs).toBeCloseTo(expected, 9);
  });

  test('does not mind where the timestamps wrap', () => {
    const reception = new Reception();
    [0, 1, 2, 3].forEach((i) => reception.receive(1, i, (0xffff_ff00 + i * 160) >>> 0, i * 20, rate));
    expect(reception.jitterMs).toBeCloseTo(0, 6);
  });

  test('is not known where the clock is not', () => {
    const reception = new Reception();
    reception.receive(1, 1, 160, 20, 0);
    expect(reception.jitterMs).toBeUndefined();
  });
});
