import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FarmSet, mostEras, type SetMember } from '../../../src/sip/farm/farm-set.ts';
import { Rendezvous } from '../../../src/sip/farm/rendezvous.ts';
import { mixed } from '../../../src/sip/transaction/wide-hash.ts';

const KEYS = 20_000;
const hashOf = (key: number): number => mixed(key * 2 + 1);
const farmOf = (count: number, weight = 100): SetMember[] =>
  Array.from({ length: count }, (_, at) => ({ token: `m${at.toString(36)}`, weight }));
const ownersOf = (members: readonly SetMember[]): string[] => {
  const rendezvous = new Rendezvous(members);
  return Array.from({ length: KEYS }, (_, key) => rendezvous.owner(hashOf(key))!.token);
};
const sharesOf = (owners: readonly string[]): Map<string, number> => {
  const shares = new Map<string, number>();
  for (const owner of owners) shares.set(owner, (shares.get(owner) ?? 0) + 1 / owners.length);
  return shares;
};
const token = fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdefz')), minLength: 1, maxLength: 16 });
const members = (min: number): fc.Arbitrary<SetMember[]> =>
  fc.uniqueArray(fc.record({ token, weight: fc.constantFrom(100, 100, 50, 200) }), {
    selector: (one) => one.token,
    minLength: min,
    maxLength: 9,
  });

describe('rendezvous hashing', () => {
  test.each([2, 3, 5, 16])('gives each of %i equal members its share, within a tenth of it', (count) => {
    for (const share of sharesOf(ownersOf(farmOf(count))).values()) {
      expect(Math.abs(share * count - 1)).toBeLessThan(0.1);
    }
  });

  test('gives each member a share by its weight', () => {
    const shares = sharesOf(ownersOf([...farmOf(3), { token: 'heavy', weight: 300 }]));
    expect(Math.abs(shares.get('heavy')! - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(shares.get('m0')! - 1 / 6)).toBeLessThan(0.02);
  });

  test('asks members without weight only when there are no others', () => {
    const idle = { token: 'idle', weight: 0 };
    expect(sharesOf(ownersOf([...farmOf(2), idle])).has('idle')).toBe(false);
    expect(new Rendezvous([idle]).owner(7)).toBe(idle);
    expect(new Rendezvous<SetMember>([]).owner(7)).toBeUndefined();
  });

  test('moves no key but those of the member that comes or goes, whatever the order', () => {
    fc.assert(
      fc.property(members(2), fc.nat(), (all, at) => {
        const gone = all[at % all.length]!;
        const before = new Rendezvous(all);
        const after = new Rendezvous(all.filter((one) => one !== gone).toReversed());
        for (let key = 0; key < 100; key++) {
          const owner = before.owner(hashOf(key))!;
          if (owner === gone) continue;
          expect(after.owner(hashOf(key))!.token).toBe(owner.token);
        }
      }),
    );
  });

  test('moves a quarter of the keys to the fourth member', () => {
    const before = ownersOf(farmOf(3));
    const moved = ownersOf(farmOf(4)).filter((owner, key) => owner !== before[key]);
    expect(new Set(moved)).toEqual(new Set(['m3']));
    expect(Math.abs(moved.length / KEYS - 0.25)).toBeLessThan(0.02);
  });
});

describe('the set of a farm', () => {
  const times = { workMs: 32_000, lateMs: 217_000 };

  test('knows the owners of before for as long as their work may last', () => {
    const set = new FarmSet(times, farmOf(3));
    expect(set.isSettled(0)).toBe(true);
    expect(set.change(farmOf(4), 1000)).toBe(true);
    expect(set.change(farmOf(4).toReversed(), 1500)).toBe(false);
    const moved = Array.from({ length: 100 }, (_, key) => hashOf(key)).find((hash) => set.owner(hash) === 'm3')!;
    const before = new Rendezvous(farmOf(3)).owner(moved)!.token;
    expect(set.owners(moved, 33_000, 'other')).toEqual([before, 'm3']);
    expect(set.owners(moved, 33_001, 'other')).toEqual(['m3']);
    expect(set.owners(moved, 33_001, 'late')).toEqual([before, 'm3']);
    expect(set.isSettled(218_000)).toBe(false);
    expect(set.owners(moved, 218_001, 'late')).toEqual(['m3']);
    expect(set.isSettled(218_001)).toBe(true);
  });

  test('takes a set that comes and goes for one', () => {
    const set = new FarmSet(times, farmOf(3));
    for (let at = 0; at < 20; at++) set.change(farmOf(2 + (at % 2)), at * 1000);
    expect(set.owners(1, 20_000, 'other').length).toBeLessThanOrEqual(2);
  });

  test('knows who worked before this member came', () => {
    const set = new FarmSet(times, farmOf(4));
    set.before(farmOf(3), 0);
    const moved = Array.from({ length: 100 }, (_, key) => hashOf(key)).find((hash) => set.owner(hash) === 'm3')!;
    expect(set.owners(moved, 1, 'other')).toEqual([new Rendezvous(farmOf(3)).owner(moved)!.token, 'm3']);
  });

  test('gives the owner of every set that counts, the earliest first, none twice, and the present one last', () => {
    fc.assert(
      fc.property(fc.array(members(0), { minLength: 1, maxLength: 12 }), fc.nat(), (sets, key) => {
        const hash = hashOf(key % 1_000_000);
        const set = new FarmSet(times, sets[0]!);
        for (const [at, next] of sets.slice(1).entries()) set.change(next, at * 100);
        const owners = set.owners(hash, 1200, 'other');
        expect(new Set(owners).size).toBe(owners.length);
        expect(owners.length).toBeLessThanOrEqual(mostEras + 1);
        const present = new Rendezvous(sets.at(-1)!).owner(hash)?.token;
        expect(set.owner(hash)).toBe(present);
        if (present !== undefined) expect(owners.at(-1)).toBe(present);
        const known = sets.map((one) => new Rendezvous(one).owner(hash)?.token);
        for (const owner of owners) expect(known).toContain(owner);
        const last = new Rendezvous(sets.at(-2) ?? sets[0]!).owner(hash)?.token;
        if (last !== undefined) expect(owners).toContain(last);
      }),
    );
  });
});
