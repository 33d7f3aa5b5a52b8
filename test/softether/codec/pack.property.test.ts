import { DecodeError } from '#base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Pack } from '../../../src/softether/codec/pack.ts';
import type { PackElement } from '../../../src/softether/codec/pack-element.ts';
import { preAuthPackLimits } from '../../../src/softether/codec/pack-limits.ts';

/** Text that survives the wire: whole characters, no NUL. */
const text = fc
  .string({ unit: 'binary', maxLength: 40 })
  .filter((value) => value.isWellFormed() && !value.includes('\0'));
const name = fc.stringMatching(/^[A-Za-z0-9_:.@]{1,63}$/);
const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => Buffer.from(value));
const some = { minLength: 1, maxLength: 6 };
const element = fc.oneof(
  fc.record({ name, type: fc.constant('int' as const), values: fc.array(fc.nat(0xffffffff), some) }),
  fc.record({ name, type: fc.constant('int64' as const), values: fc.array(fc.bigInt(0n, 2n ** 64n - 1n), some) }),
  fc.record({ name, type: fc.constant('str' as const), values: fc.array(text, some) }),
  fc.record({ name, type: fc.constant('unistr' as const), values: fc.array(text, some) }),
  fc.record({ name, type: fc.constant('data' as const), values: fc.array(bytes, some) }),
);
const elements = fc.uniqueArray<PackElement, string>(element, {
  maxLength: 12,
  selector: (one) => one.name.toLowerCase(),
});

describe('any PACK', () => {
  test('comes back from the wire as it was sent', () => {
    fc.assert(
      fc.property(elements, (sent) => {
        expect(Pack.decode(new Pack(sent).encode(), preAuthPackLimits).elements).toEqual(sent);
      }),
    );
  });

  test('is refused wherever it is cut off', () => {
    fc.assert(
      fc.property(
        elements.filter((sent) => sent.length > 0),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (sent, part) => {
          const whole = new Pack(sent).encode();
          const cut = whole.subarray(0, Math.floor(whole.length * part));
          expect(() => Pack.decode(cut, preAuthPackLimits)).toThrow(DecodeError);
        },
      ),
    );
  });

  test('times and addresses come back as they were set', () => {
    const time = fc.oneof(fc.constant(0), fc.integer({ min: 32_400_001, max: 8_640_000_000_000_000 }));
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(time, address, (unixMs, ip) => {
        const pack = Pack.decode(new Pack().setTimeMs('t', unixMs).setIp('ip', ip).encode(), preAuthPackLimits);
        expect(pack.timeMs('t')).toBe(unixMs);
        const again = new Pack().setIp('ip', pack.ip('ip')!);
        expect(again.encode()).toEqual(new Pack().setIp('ip', ip).encode());
      }),
    );
  });
});
