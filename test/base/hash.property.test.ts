import { createRequire } from 'node:module';
import { sha0 } from '#base';
import fc from 'fast-check';
import { expect, test } from 'vitest';

interface Hash {
  update(bytes: Buffer): Hash;
  digest(): Buffer;
}

/** An implementation by others; the package has no types. */
const reference = createRequire(import.meta.url)('sha.js') as (algorithm: 'sha') => Hash;

test('SHA-0 of any bytes, in any parts, is what another implementation computes', () => {
  const part = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      expect(sha0(...parts)).toEqual(reference('sha').update(Buffer.concat(parts)).digest());
    }),
    { numRuns: 500 },
  );
});

test('SHA-0 is right for every length around the block size', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Buffer.alloc(length, length);
    expect(sha0(bytes)).toEqual(reference('sha').update(bytes).digest());
  }
});
