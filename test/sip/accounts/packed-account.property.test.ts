import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AccountPacker, unpackAccount } from '../../../src/sip/accounts/packed-account.ts';
import type { AccountRecord } from '../../../src/sip/accounts/records.ts';

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('hex'));
const hash = (bytes: number): fc.Arbitrary<string> =>
  fc.oneof(fc.constant(''), { weight: 3, arbitrary: hex(bytes) }, fc.string({ maxLength: 40 }));
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

const record: fc.Arbitrary<AccountRecord> = fc.record({
  user: fc.string({ minLength: 1, maxLength: 64 }),
  ha1Md5: hash(16),
  ha1Sha256: hash(32),
  ha1Sha512: hash(32),
  ha1bMd5: hash(16),
  aliases: fc.array(fc.string({ minLength: 1, maxLength: 64 }), { maxLength: 32 }),
  displayName: fc.string({ unit: 'grapheme', maxLength: 128 }),
  isEnabled: fc.boolean(),
  maxContacts: fc.integer({ min: 0, max: 100 }),
  createdAtMs: count,
  updatedAtMs: count,
});

const packer = new AccountPacker();

test('an account is the same after it was packed', () => {
  fc.assert(
    fc.property(record, count, count, (account, createRevision, modRevision) => {
      const packed = packer.pack(account, { createRevision, modRevision });
      const aor = `${account.user}@example.org`;
      const kept = { ...account, domain: 'example.org', aor, createRevision, modRevision };
      expect(unpackAccount(packed, account.user, 'example.org')).toEqual(kept);
    }),
  );
});
