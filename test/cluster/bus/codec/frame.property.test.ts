import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BufferPool, DecodeError } from '#base';
import { SeededRandom } from '#io/sim';
import { FrameDecoder } from '../../../../src/cluster/bus/codec/frame-decoder.ts';
import { FrameWriter } from '../../../../src/cluster/bus/codec/frame-writer.ts';
import { MAX_FIRST_FRAME_BYTES, type Frame } from '../../../../src/cluster/bus/codec/frame.ts';
import { mutate } from '../../../fuzz/mutate.ts';
import { anyFrame, anyHello, BLOCK_BYTES, encode } from './any-frame.ts';

const MAX = 100_000;

/** Cuts `bytes` at `cuts` and gives the pieces to `decoder`, each overwritten afterwards. */
function decode(bytes: Buffer, cuts: readonly number[], decoder = new FrameDecoder(MAX)): Frame[] {
  const frames: Frame[] = [];
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    const chunk = Buffer.from(bytes.subarray(start, end));
    decoder.push(chunk, (frame) => frames.push(frame) > 0);
    chunk.fill(0xee);
    start = end;
  }
  return frames;
}

describe('frames of the bus', () => {
  test('come out as they went in, however the bytes are cut', () => {
    const cuts = fc.array(fc.nat(), { maxLength: 20 });
    fc.assert(
      fc.property(anyHello, fc.array(anyFrame, { maxLength: 20 }), cuts, (hello, rest, at) => {
        const frames = [hello, ...rest];
        expect(decode(encode(frames), at)).toEqual(frames);
      }),
      { numRuns: 300 },
    );
  });

  test('come out byte by byte', () => {
    fc.assert(
      fc.property(anyHello, anyFrame, (hello, frame) => {
        const bytes = encode([hello, frame]);
        expect(decode(bytes, [...bytes.keys()])).toEqual([hello, frame]);
      }),
      { numRuns: 50 },
    );
  });

  test('that are longer than the cap are refused before a byte of them is kept', () => {
    const decoder = new FrameDecoder(1000);
    const head = Buffer.alloc(4);
    decode(encode([{ kind: 'memory', memory: 1 }]), [], decoder);
    head.writeUInt32BE(1001);
    expect(() => decode(head, [], decoder)).toThrow(DecodeError);
  });

  test('before the hello are short', () => {
    const json = JSON.stringify('x'.repeat(MAX_FIRST_FRAME_BYTES));
    expect(() => decode(encode([{ kind: 'send', service: 'a', json }]), [])).toThrow(DecodeError);
  });

  test('of a kind that is not known are passed over', () => {
    const unknown = Buffer.from([0, 0, 0, 3, 200, 1, 2]);
    const ping: Frame = { kind: 'ping', token: 7 };
    expect(decode(Buffer.concat([unknown, encode([ping])]), [])).toEqual([ping]);
  });

  test('that say nothing, or less than their kind needs, are refused', () => {
    for (const hex of ['00000000', '0000000104', '0000000304010203', '000000020b05', '0000000706000000000001']) {
      expect(() => decode(Buffer.from(hex, 'hex'), []), hex).toThrow(DecodeError);
    }
  });

  test('are not decoded any more when their taker has had enough', () => {
    const pings = [1, 2, 3].map((token): Frame => ({ kind: 'ping', token }));
    const seen: Frame[] = [];
    new FrameDecoder(MAX).push(encode(pings), (frame) => {
      seen.push(frame);
      return seen.length < 2;
    });
    expect(seen).toEqual(pings.slice(0, 2));
  });

  test('borrow their memory and give it back', () => {
    const pool = new BufferPool(BLOCK_BYTES, 4);
    encode(
      Array.from({ length: 100 }, (_, token): Frame => ({
        kind: 'send',
        service: 'a',
        json: JSON.stringify('x'.repeat(token * 20)),
      })),
      pool,
    );
    expect(pool.idleCount).toBe(4);
  });

  test('cut a code that is too long between characters', () => {
    const frame: Frame = { kind: 'refused', seq: 1, code: 'ä'.repeat(200), text: 'why' };
    expect(decode(encode([frame]), [])).toEqual([{ ...frame, code: 'ä'.repeat(127) }]);
  });
});

describe('damaged frames', () => {
  test('are refused with a DecodeError or are other frames, never anything else', () => {
    const random = new SeededRandom(20_261_122);
    const seeds = fc
      .sample(fc.array(anyFrame, { minLength: 1, maxLength: 4 }), { numRuns: 200, seed: 7 })
      .map((frames) => encode(frames));
    let accepted = 0;
    for (let n = 0; n < 20_000; n++) {
      const input = mutate(random, seeds);
      try {
        const cuts = [random.below(input.length + 1), random.below(input.length + 1)];
        for (const frame of decode(input, cuts)) encode([frame]);
        accepted++;
      } catch (error) {
        if (!(error instanceof DecodeError)) throw new Error(`input ${input.toString('hex')}`, { cause: error });
      }
    }
    expect(accepted).toBeGreaterThan(200);
    expect(accepted).toBeLessThan(20_000);
  });
});

test('a writer tells how much it holds', () => {
  const writer = new FrameWriter(new BufferPool(BLOCK_BYTES, 1));
  writer.ping(1);
  expect(writer.length).toBe(9);
});
