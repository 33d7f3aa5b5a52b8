import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pairsOf, parsePortRange, PortPool, shareOf } from '../../src/media/port-pool.ts';

describe('a pool of media ports', () => {
  test('gives the pair that has been free for the longest', () => {
    const pool = new PortPool({ first: 10_001, last: 10_007 });
    expect([pool.take(), pool.take()]).toEqual([10_002, 10_004]);
    pool.give(10_002);
    expect([pool.take(), pool.take(), pool.take()]).toEqual([10_006, 10_002, undefined]);
    expect(pool.figures).toMatchObject({ total: 3, taken: 3, refused: 1 });
    expect([pool.isTaken(10_003), pool.isTaken(9_999), pool.isTaken(10_008)]).toEqual([true, false, false]);
  });

  test('never gives a pair twice, nor one out of its range, whatever is given back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1024, max: 2000 }),
        fc.integer({ min: 2, max: 40 }),
        fc.array(fc.nat(60)),
        (first, size, steps) => {
          const pool = new PortPool({ first, last: first + size });
          const taken = new Set<number>();
          for (const step of steps) {
            const port = step % 3 === 0 ? [...taken][step % Math.max(1, taken.size)] : undefined;
            if (port !== undefined) {
              pool.give(port);
              pool.give(port);
              taken.delete(port);
              continue;
            }
            const got = pool.take();
            if (got === undefined) {
              expect(taken.size).toBe(pool.figures.total);
              continue;
            }
            expect(taken.has(got)).toBe(false);
            expect(got % 2 === 0 && got >= first && got + 1 <= first + size).toBe(true);
            taken.add(got);
          }
          expect(pool.figures.taken).toBe(taken.size);
        },
      ),
    );
  });

  test('of members on one machine does not overlap, and nothing is left over', () => {
    const range = { first: 10_000, last: 10_020 };
    const shares = [0, 1, 2].map((index) => shareOf(range, index, 3));
    expect(shares).toEqual([
      { first: 10_000, last: 10_005 },
      { first: 10_006, last: 10_011 },
      { first: 10_012, last: 10_019 },
    ]);
    expect(shares.reduce((sum, share) => sum + pairsOf(share), 0)).toBe(pairsOf(range));
  });

  test.each([
    ['10000-19999', { first: 10_000, last: 19_999 }],
    [' 30000 - 30001 ', { first: 30_000, last: 30_001 }],
  ])('%s is a range', (text, range) => {
    expect(parsePortRange(text)).toEqual(range);
  });

  test.each(['', '10000', '80-90', '60000-70000', '20000-10000', '10001-10002', '10000-'])('%s is none', (text) => {
    expect(typeof parsePortRange(text)).toBe('string');
  });
});
