import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShortMd5 } from '../../../src/sip/accounts/short-md5.ts';

const md5 = new ShortMd5(400);

function digest(bytes: Uint8Array, cut: number): string {
  md5.begin();
  md5.bytes(bytes, 0, cut);
  md5.text(Buffer.from(bytes.subarray(cut)).toString('latin1'));
  md5.finish();
  const { a, b, c, d } = md5;
  return [a, b, c, d]
    .map((word) => {
      const out = Buffer.alloc(4);
      out.writeInt32LE(word);
      return out.toString('hex');
    })
    .join('');
}

test('MD5 of what is short is what RFC 1321 says, wherever it ends in a block', () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = Buffer.alloc(length, 'a');
    expect(digest(bytes, length >> 1)).toBe(createHash('md5').update(bytes).digest('hex'));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(digest(bytes, bytes.length >> 1)).toBe(createHash('md5').update(bytes).digest('hex'));
    }),
  );
});

test('hashes that are kept as bytes go in as hex digits', () => {
  const packed = '\x00\x0f\xa0\xff';
  md5.begin();
  md5.hexOf(packed, 0, packed.length);
  md5.finish();
  const { a, b, c, d } = md5;
  md5.begin();
  md5.hexOfResult(a, b, c, d);
  md5.finish();
  const inner = createHash('md5').update('000fa0ff').digest('hex');
  const out = Buffer.alloc(4);
  out.writeInt32LE(md5.a);
  expect(out.toString('hex')).toBe(createHash('md5').update(inner).digest('hex').slice(0, 8));
});
