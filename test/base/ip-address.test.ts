import { isIP } from 'node:net';
import { formatIpAddress, isIpAddress, parseIpAddress } from '#base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const text = (address: string): string | undefined => {
  const bytes = parseIpAddress(address);
  return bytes === undefined ? undefined : formatIpAddress(bytes);
};

describe('IP addresses', () => {
  // RFC 5952 §4 and §5
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1::1', '2001:0:0:1::1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is written %s', (given, expected) => {
    expect(text(given)).toBe(expected);
  });

  test.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.+4',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
  ])('"%s" is none', (given) => {
    expect(text(given)).toBeUndefined();
  });

  test.each([
    '1::2::3',
    '12345::',
    '::g',
    '1.2.3.4::',
    '::1.2.3',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:1.2.3.4',
  ])('"%s" is none either', (given) => {
    expect(text(given)).toBeUndefined();
  });

  test('are bytes of 4 or 16', () => {
    expect(formatIpAddress(Buffer.alloc(5))).toBeUndefined();
    expect(parseIpAddress('::1')).toHaveLength(16);
    expect(parseIpAddress('1.2.3.4')).toEqual(Buffer.from([1, 2, 3, 4]));
  });

  test('in any form are what the runtime takes for addresses, and come back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/)), (given) => {
        const bytes = parseIpAddress(given);
        expect(bytes !== undefined).toBe(isIP(given) !== 0);
        if (bytes === undefined) return;
        const written = formatIpAddress(bytes);
        const again = parseIpAddress(written ?? '');
        expect(again).toEqual(bytes.length === 16 && again?.length === 4 ? bytes.subarray(12) : bytes);
      }),
      { numRuns: 500 },
    );
  });

  test('are told from other text as the reader does', () => {
    const almost = fc.string({
      unit: fc.constantFrom('0', '1', '2', '5', '6', '9', '.', ':', 'f', ' '),
      maxLength: 17,
    });
    fc.assert(
      fc.property(fc.oneof(almost, fc.ipV4(), fc.ipV6()), (given) => {
        expect(isIpAddress(given)).toBe(parseIpAddress(given) !== undefined);
        if (!given.includes(':')) expect(isIpAddress(given)).toBe(isIP(given) === 4);
      }),
    );
  });
});
