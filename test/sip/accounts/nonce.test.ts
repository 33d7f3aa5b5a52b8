import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NonceMaker } from '../../../src/sip/accounts/nonce.ts';
import { NonceWindow } from '../../../src/sip/accounts/nonce-window.ts';

const key = Buffer.alloc(32, 7);
const now = Date.UTC(2026, 10, 22);
const maker = (issuer = 1, of = key): NonceMaker => new NonceMaker(of, Buffer.from([0, 0, 0, issuer]), 300);

describe('a nonce', () => {
  test('is checked by any member that has the key', () => {
    const nonce = maker(1).make('example.org', now, 'call-1');
    expect(maker(2).check(nonce, 'example.org', now)).toEqual({
      kind: 'known',
      isExpired: false,
      ageS: 0,
      issuer: '00000001',
      sequence: 0,
      call: maker(2).callMark('call-1'),
    });
  });

  test('is another one each time', () => {
    const one = maker();
    const made = new Set(Array.from({ length: 100 }, () => one.make('example.org', now, 'call-1')));
    expect(made.size).toBe(100);
    expect(one.sequence).toBe(100);
  });

  test('expires after its lifetime, and is not from the future', () => {
    const one = maker();
    const nonce = one.make('example.org', now, 'call-1');
    const isExpired = (at: number): boolean => {
      const verdict = one.check(nonce, 'example.org', at);
      return verdict.kind === 'forged' || verdict.isExpired;
    };
    expect([now + 300_000, now + 301_000, now - 60_000, now - 61_000].map(isExpired)).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  test('of another key, another realm, or with any digit changed is forged', () => {
    const nonce = maker().make('example.org', now, 'call-1');
    expect(maker(1, Buffer.alloc(32, 8)).check(nonce, 'example.org', now).kind).toBe('forged');
    expect(maker().check(nonce, 'example.net', now).kind).toBe('forged');
    for (let at = 0; at < nonce.length; at++) {
      const changed = nonce.slice(0, at) + (nonce[at] === '0' ? '1' : '0') + nonce.slice(at + 1);
      expect(maker().check(changed, 'example.org', now).kind).toBe('forged');
    }
    for (const text of ['', 'x', nonce.toUpperCase(), `${nonce}0`]) {
      expect(maker().check(text, 'example.org', now).kind).toBe(text === nonce ? 'known' : 'forged');
    }
  });
});

describe('the counts of a nonce', () => {
  test('are each good once, in any order within sixteen', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 120 }), (counts) => {
        const window = new NonceWindow();
        const used = new Set<number>();
        let largest = 0;
        for (const count of counts) {
          const expected = !used.has(count) && count > largest - 16;
          expect(window.useOwn(5, 6, count)).toBe(expected);
          if (expected) used.add(count);
          largest = Math.max(largest, expected ? count : 0);
        }
      }),
    );
  });

  test('of neighbours do not mix', () => {
    const window = new NonceWindow();
    for (let sequence = 0; sequence < 40_000; sequence++) expect(window.useOwn(sequence, 40_000, 1)).toBe(true);
    for (let sequence = 0; sequence < 40_000; sequence += 997) expect(window.useOwn(sequence, 40_000, 1)).toBe(false);
  });

  test('of nonces so old that their place is needed are used up', () => {
    const window = new NonceWindow();
    expect(window.useOwn(0, 1, 1)).toBe(true);
    expect(window.useOwn(0, 2_000_000, 2)).toBe(false);
    expect(window.useOwn(1_048_576, 1_048_577, 1)).toBe(true);
    expect(window.useOwn(1_048_576, 1_048_577, 1)).toBe(false);
  });

  test('that no nonce was made for yet, that are 0 or too large, are refused', () => {
    const window = new NonceWindow();
    expect(window.useOwn(7, 7, 1)).toBe(false);
    expect(window.useOwn(7, 8, 0)).toBe(false);
    expect(window.useOwn(7, 8, 65_536)).toBe(false);
    expect(window.useOwn(7, 8, 65_535)).toBe(true);
  });

  test('of other members are followed, the oldest nonces forgotten at the cap', () => {
    const window = new NonceWindow();
    expect(window.useForeign('first', 1)).toBe(true);
    expect(window.useForeign('first', 1)).toBe(false);
    for (let other = 0; other < 131_072; other++) window.useForeign(`n${other}`, 1);
    expect(window.useForeign('n131071', 1)).toBe(false);
    expect(window.useForeign('first', 1)).toBe(true);
  });
});
