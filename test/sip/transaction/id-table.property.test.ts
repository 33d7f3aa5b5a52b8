import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdTable } from '../../../src/sip/transaction/id-table.ts';

/** Few different ones, some of which have the same place in the table, so that there are collisions. */
const word = fc.constantFrom(0, 1, 2, 0xffff_ffff, 0x8000_0000, 1024, 2048, 1 << 20);
const step = fc.record({ isSet: fc.boolean(), high: word, low: word, place: fc.nat(1_000_000) });

describe('the table of identifiers', () => {
  test('holds what a map would hold', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new IdTable();
        const map = new Map<string, number>();
        for (const { isSet, high, low, place } of steps) {
          if (isSet) {
            table.set(high, low, place);
            map.set(`${high} ${low}`, place);
          } else {
            table.delete(high, low);
            map.delete(`${high} ${low}`);
          }
          expect(table.size).toBe(map.size);
          expect(table.get(high, low)).toBe(map.get(`${high} ${low}`) ?? -1);
        }
        for (const [key, place] of map) {
          const [high = 0, low = 0] = key.split(' ').map(Number);
          expect(table.get(high, low)).toBe(place);
        }
      }),
    );
  });

  test('grows, and finds all of ten thousand, until they are gone', () => {
    const table = new IdTable();
    const key = (at: number): [number, number] => [Math.imul(at, 0x9e37_79b1) >>> 0, Math.imul(at, 0x85eb_ca6b) >>> 0];
    for (let at = 0; at < 10_000; at++) table.set(...key(at), at);
    for (let at = 0; at < 10_000; at += 2) table.delete(...key(at));
    expect(table.size).toBe(5000);
    for (let at = 0; at < 10_000; at++) expect(table.get(...key(at))).toBe(at % 2 === 0 ? -1 : at);
  });
});
