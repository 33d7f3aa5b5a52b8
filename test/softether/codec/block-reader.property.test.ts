import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, encode, items, places, readChunks, type Item } from './block-streams.ts';

const inflate = (block: Buffer): Buffer | undefined => {
  try {
    return inflateSync(block, { maxOutputLength: 1600 });
  } catch {
    return undefined;
  }
};

/** The frames of the stream, found the slow way: from what it was made of. */
function expected(stream: readonly Item[]): { frames: string[]; keepAlives: number[]; dropped: number } {
  const blocks = stream.flatMap((item) => (item.kind === 'blocks' ? item.blocks : []));
  const good = blocks.filter(({ length }) => length >= 14 && length <= 1600);
  return {
    frames: good.map((block) => block.toString('hex')),
    keepAlives: stream.flatMap((item) => (item.kind === 'keepAlive' ? [item.size] : [])),
    dropped: blocks.filter(({ length }) => length > 0).length - good.length,
  };
}

describe('the block reader', () => {
  it('finds the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(items, places, (stream, at) => {
        expect(readChunks(cut(encode(stream), at))).toEqual({ ...expected(stream), broken: undefined });
      }),
      { numRuns: 400 },
    );
  });

  it('finds the same frames when every byte comes alone', () => {
    fc.assert(
      fc.property(items, (stream) => {
        const bytes = encode(stream);
        const chunks = Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));
        expect(readChunks(chunks)).toEqual({ ...expected(stream), broken: undefined });
      }),
      { numRuns: 40 },
    );
  });

  it('finds the same frames in a compressed session, however the stream is cut', () => {
    const small = items.map((stream) => stream.slice(0, 4));
    fc.assert(
      fc.property(small, places, (stream, at) => {
        expect(readChunks(cut(encode(stream, true), at), { inflate })).toEqual({
          ...expected(stream),
          broken: undefined,
        });
      }),
      { numRuns: 100 },
    );
  });
});
