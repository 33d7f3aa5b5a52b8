import { deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCompression } from '#io/node';

const frame = fc.uint8Array({ maxLength: 1600 }).map((bytes) => Buffer.from(bytes));

describe('compression', () => {
  test('gives back any frame, and any zlib reads what it writes', () => {
    fc.assert(
      fc.property(frame, (bytes) => {
        const deflated = nodeCompression.deflate(bytes);
        expect(deflated.toString('hex', 0, 2)).toBe('789c');
        expect(inflateSync(deflated).equals(bytes)).toBe(true);
        expect(nodeCompression.inflate(deflated, 1600)?.equals(bytes)).toBe(true);
        expect(nodeCompression.inflate(deflateSync(bytes), 1600)?.equals(bytes)).toBe(true);
      }),
    );
  });

  test('refuses what would grow above the limit', () => {
    expect(nodeCompression.inflate(deflateSync(Buffer.alloc(1601)), 1600)).toBeUndefined();
    expect(nodeCompression.inflate(deflateSync(Buffer.alloc(100_000_000)), 1600)).toBeUndefined();
  });

  test('refuses what is not zlib or is cut short, and survives any bytes', () => {
    const deflated = deflateSync(Buffer.from('hello hello hello'));
    expect(nodeCompression.inflate(deflated.subarray(0, -1), 1600)).toBeUndefined();
    fc.assert(
      fc.property(frame, (bytes) => {
        const inflated = nodeCompression.inflate(bytes, 1600);
        expect(inflated === undefined || inflated.length <= 1600).toBe(true);
      }),
    );
  });
});
