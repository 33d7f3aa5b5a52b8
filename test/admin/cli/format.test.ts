import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  dateWithDay,
  dateWithMs,
  macText,
  parseLocalTime,
  plainDate,
  versionText,
  withSeparators,
} from '../../../src/admin/cli/output/format.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1234567, '1,234,567'],
  [4294967295, '4,294,967,295'],
  [18446744073709551615n, '18,446,744,073,709,551,615'],
])('%s is written %s', (value, text) => {
  expect(withSeparators(value)).toBe(text);
});

test('versions have two decimals', () => {
  expect([501, 444, 502, 1000].map(versionText)).toEqual(['5.01', '4.44', '5.02', '10.00']);
});

test('MAC addresses are upper-case pairs', () => {
  expect(macText(Buffer.from('5ead950e0459', 'hex'))).toBe('5E-AD-95-0E-04-59');
});

describe('times', () => {
  const before = process.env['TZ'];
  beforeAll(() => {
    // A zone with summer time, half an hour off in neither case.
    process.env['TZ'] = 'America/New_York';
  });
  afterAll(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });

  test('are in the zone of whoever looks, summer time included', () => {
    expect(dateWithDay(Date.UTC(2026, 10, 22, 3, 4, 5))).toBe('2026-11-21 (Sat) 22:04:05');
    expect(dateWithDay(Date.UTC(2026, 6, 1, 3, 4, 5))).toBe('2026-06-30 (Tue) 23:04:05');
    expect(plainDate(Date.UTC(2026, 6, 1, 3, 4, 5))).toBe('2026-06-30 23:04:05');
    expect(dateWithMs(Date.UTC(2026, 6, 1, 3, 4, 5, 7))).toBe('2026-06-30 23:04:05.007');
  });

  test('no time has a word of its own', () => {
    expect(dateWithDay(0)).toBe('(None)');
    expect(plainDate(0)).toBe('(Unknown)');
  });

  test('are read as people type them, in the same zone', () => {
    expect(parseLocalTime('2005/10/08 19:30:00')).toBe(Date.UTC(2005, 9, 8, 23, 30));
    expect(parseLocalTime('2005/12/08 19:30:00')).toBe(Date.UTC(2005, 11, 9, 0, 30));
    expect(dateWithDay(parseLocalTime('2027/01/02 03:04:05') ?? 0)).toBe('2027-01-02 (Sat) 03:04:05');
  });

  test.each(['', 'tomorrow', '2005/10/08', '2005/13/08 0:0:0', '2005/02/30 0:0:0', '2005/1/1 24:00:00', '5/1/1 1:1:1'])(
    '%j is no time',
    (text) => {
      expect(parseLocalTime(text)).toBeUndefined();
    },
  );
});
