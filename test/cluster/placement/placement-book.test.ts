import { describe, expect, test } from 'vitest';
import type { MemberId } from '#cluster';
import { PlacementBook, type PlacedMember } from '../../../src/cluster/placement/placement-book.ts';

const ticketLifeMs = 30_000;
const id = (name: string): MemberId => `${name}/0`;

const member = (name: string, change: Partial<PlacedMember> = {}): PlacedMember => ({
  id: id(name),
  boot: 'first',
  weight: 100,
  capacity: 100_000,
  exclusion: undefined,
  load: { sequence: 1, sessions: 0, ticketsTaken: 0 },
  ...change,
});

function book(...members: readonly PlacedMember[]): PlacementBook {
  const made = new PlacementBook(ticketLifeMs);
  for (const one of members) made.update(one);
  return made;
}

function placeMany(on: PlacementBook, count: number, nowMs = 0): Map<MemberId, number> {
  const counts = new Map<MemberId, number>();
  for (let placed = 0; placed < count; placed++) {
    const chosen = on.choose(nowMs);
    if (chosen === undefined) break;
    on.place(chosen, nowMs);
    counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  }
  return counts;
}

describe('placement', () => {
  test('3,000 sessions on weights 100, 200 and 100 are spread exactly, without any report in between (V6)', () => {
    const counts = placeMany(book(member('a'), member('b', { weight: 200 }), member('c')), 3_000);
    expect(Object.fromEntries(counts)).toEqual({ 'a/0': 750, 'b/0': 1_500, 'c/0': 750 });
  });

  test('a burst of 500 is never a whole session off, at any point of it', () => {
    const weights = { a: 100, b: 200, c: 100, d: 50, e: 130 };
    const members = Object.entries(weights).map(([name, weight]) => member(name, { weight }));
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    const burst = book(...members);
    const counts = new Map<MemberId, number>(members.map((one) => [one.id, 0]));
    for (let placed = 1; placed <= 500; placed++) {
      for (const [chosen, count] of placeMany(burst, 1)) counts.set(chosen, counts.get(chosen)! + count);
      for (const { id: of, weight } of members) {
        // Some member is one session ahead of the common level: so each is within one of it, by its weight.
        expect(Math.abs(counts.get(of)! - (placed * weight) / total)).toBeLessThan(2);
      }
    }
  });

  test('the member with the most points is chosen, whatever the order in which they came (§9.7)', () => {
    const busy = member('a', { load: { sequence: 1, sessions: 10, ticketsTaken: 0 } });
    const free = member('b', { load: { sequence: 1, sessions: 9, ticketsTaken: 0 } });
    expect(book(busy, free).choose(0)).toBe('b/0');
    expect(book(free, busy).choose(0)).toBe('b/0');
  });

  test.each(['silent', 'suspect', 'draining', 'controllerOnly', 'unreachable'] as const)(
    'nothing is placed on a member that is %s',
    (exclusion) => {
      const places = book(member('a', { exclusion }), member('b'));
      expect(placeMany(places, 10)).toEqual(new Map([['b/0', 10]]));
      expect(places.row(id('a'), 0)?.exclusion).toBe(exclusion);
      expect(book(member('a', { exclusion })).choose(0)).toBeUndefined();
    },
  );

  test('a member takes as many sessions as its capacity, then the next one does', () => {
    const places = book(member('a', { capacity: 3, weight: 1_000 }), member('b', { capacity: 2 }));
    expect(placeMany(places, 10)).toEqual(
      new Map([
        ['a/0', 3],
        ['b/0', 2],
      ]),
    );
    expect(places.rows(0).map(({ exclusion }) => exclusion)).toEqual(['full', 'full']);
  });

  test('members without points left are still chosen by how far beyond they are', () => {
    const over = (name: string, sessions: number): PlacedMember =>
      member(name, { weight: 10, capacity: 100, load: { sequence: 1, sessions, ticketsTaken: 0 } });
    const places = book(over('a', 30), over('b', 20));
    expect(places.rows(0).map(({ points }) => points)).toEqual([0, 0]);
    expect(places.choose(0)).toBe('b/0');
  });

  test('those that are passed over come back', () => {
    const places = book(member('a', { weight: 300 }), member('b', { weight: 200 }), member('c'));
    expect(places.choose(0, new Set([id('a'), id('b')]))).toBe('c/0');
    expect(places.choose(0, new Set([id('a'), id('b'), id('c')]))).toBeUndefined();
    expect(places.choose(0)).toBe('a/0');
  });

  test('a report counts the tickets that were taken before it, and no others', () => {
    const places = book(member('a'));
    placeMany(places, 10);
    places.update(member('a', { load: { sequence: 2, sessions: 4, ticketsTaken: 4 } }));
    expect(places.row(id('a'), 0)).toMatchObject({ sessions: 10, pending: 6 });
    places.update(member('a', { load: { sequence: 3, sessions: 9, ticketsTaken: 10 } }));
    expect(places.row(id('a'), 0)).toMatchObject({ sessions: 9, pending: 0 });
  });

  test('an older report, and the same one again, change nothing', () => {
    const places = book(member('a', { load: { sequence: 5, sessions: 7, ticketsTaken: 3 } }));
    placeMany(places, 2);
    places.update(member('a', { load: { sequence: 4, sessions: 1, ticketsTaken: 2 } }));
    places.update(member('a', { load: { sequence: 5, sessions: 1, ticketsTaken: 9 } }));
    expect(places.row(id('a'), 0)).toMatchObject({ sessions: 9, pending: 2 });
  });

  test('tickets that another controller gave out are not counted as ours', () => {
    const places = book(member('a', { load: { sequence: 8, sessions: 50, ticketsTaken: 60 } }));
    placeMany(places, 3);
    expect(places.row(id('a'), 0)).toMatchObject({ sessions: 53, pending: 3 });
  });

  test('a ticket that nobody came with is forgotten when it has expired', () => {
    const places = book(member('a'), member('b'));
    placeMany(places, 4, 0);
    placeMany(places, 2, 10_000);
    expect(places.row(id('a'), 29_999)?.pending).toBe(3);
    expect(places.row(id('a'), 31_000)?.pending).toBe(1);
    expect(places.row(id('a'), 41_000)?.pending).toBe(0);
  });

  test('a withdrawn placement counts no longer', () => {
    const places = book(member('a'));
    placeMany(places, 2);
    places.withdraw(id('a'));
    expect(places.row(id('a'), 0)?.pending).toBe(1);
    places.withdraw(id('a'));
    places.withdraw(id('a'));
    expect(places.row(id('a'), 0)?.pending).toBe(0);
  });

  test('a member that was started again begins anew: what the earlier boot was sent is gone', () => {
    const places = book(member('a', { load: { sequence: 900, sessions: 80, ticketsTaken: 500 } }));
    placeMany(places, 5);
    places.update(member('a', { boot: 'second', load: { sequence: 1, sessions: 0, ticketsTaken: 0 } }));
    expect(places.row(id('a'), 0)).toMatchObject({ sessions: 0, pending: 0 });
    expect(places.row(id('a'), 60_000)).toMatchObject({ sessions: 0, pending: 0 });
  });

  test('a member that has gone is not chosen', () => {
    const places = book(member('a'), member('b'));
    places.remove(id('a'));
    places.place(id('a'), 0);
    expect(placeMany(places, 2)).toEqual(new Map([['b/0', 2]]));
    expect(places.size).toBe(1);
  });
});
