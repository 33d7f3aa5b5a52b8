import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { DigestInput } from '../../../src/sip/accounts/digest-input.ts';

const latin1 = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));

test('what is put in piece by piece is hashed as one text', () => {
  const input = new DigestInput(400);
  fc.assert(
    fc.property(latin1, latin1, latin1, fc.nat(255), (text, bytes, packed, byte) => {
      input.begin();
      input.text(text.toString('latin1'));
      input.byte(byte);
      input.bytes(bytes, 0, bytes.length);
      input.hexOf(packed.toString('latin1'), 0, packed.length);
      const whole = Buffer.concat([text, Buffer.of(byte), bytes, Buffer.from(packed.toString('hex'))]);
      expect(input.md5()).toBe(createHash('md5').update(whole).digest('hex'));
    }),
  );
});
