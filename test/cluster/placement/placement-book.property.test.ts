import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pointsOf, type MemberId } from '#cluster';
import { PlacementBook, type PlacedMember } from '../../../src/cluster/placement/placement-book.ts';

const ticketLifeMs = 30_000;
const names = ['a', 'b', 'c', 'd', 'e'] as const;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('place' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      name: fc.constantFrom(...names),
      taken: fc.nat(5),
      ended: fc.nat(5),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(20_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), name: fc.constantFrom(...names) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('exclude' as const),
      name: fc.constantFrom(...names),
      isOut: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), name: fc.constantFrom(...names) }) },
);

/** What the book should know, kept the slow and obvious way. */
interface Model {
  boot: number;
  isOut: boolean;
  sequence: number;
  sessions: number;
  taken: number;
  tickets: number[];
  readonly weight: number;
  readonly capacity: number;
}

test('the heap, the tickets and the reports always add up to what a slow model says', () => {
  const member = fc.record({
    weight: fc.constantFrom(0, 10, 50, 100, 200, 333),
    capacity: fc.constantFrom(5, 100, 4_096),
  });
  const run = fc.property(
    fc.tuple(member, member, member, member, member),
    fc.array(step, { maxLength: 200 }),
    (of, steps) => {
      const book = new PlacementBook(ticketLifeMs);
      let nowMs = 0;
      const models = new Map<MemberId, Model>(
        names.map((name, index) => [
          `${name}/0`,
          { ...of[index]!, boot: 0, isOut: false, sequence: 0, sessions: 0, taken: 0, tickets: [] },
        ]),
      );
      const tell = (id: MemberId): void => {
        const { boot, weight, capacity, isOut, sequence, sessions, taken } = models.get(id)!;
        const exclusion = isOut ? 'draining' : undefined;
        const load = { sequence, sessions, ticketsTaken: taken };
        book.update({ id, boot: String(boot), weight, capacity, exclusion, load } satisfies PlacedMember);
      };
      for (const id of models.keys()) tell(id);
      for (const one of steps) {
        for (const model of models.values()) model.tickets = model.tickets.filter((endsAtMs) => endsAtMs > nowMs);
        if (one.kind === 'pass') nowMs += one.ms;
        else if (one.kind === 'place') {
          const chosen = book.choose(nowMs);
          for (const model of models.values()) model.tickets = model.tickets.filter((endsAtMs) => endsAtMs > nowMs);
          const open = [...models].filter(([, m]) => !m.isOut && m.sessions + m.tickets.length < m.capacity);
          const points = ([, m]: [MemberId, Model]): number =>
            pointsOf(m.sessions + m.tickets.length, m.weight, m.capacity);
          expect(chosen === undefined).toBe(open.length === 0);
          if (chosen === undefined) continue;
          expect(points([chosen, models.get(chosen)!])).toBe(Math.max(...open.map(points)));
          book.place(chosen, nowMs);
          models.get(chosen)!.tickets.push(Math.ceil((nowMs + ticketLifeMs) / 1_000) * 1_000);
        } else {
          const id: MemberId = `${one.name}/0`;
          const model = models.get(id)!;
          model.tickets = model.tickets.filter((endsAtMs) => endsAtMs > nowMs);
          book.row(id, nowMs);
          if (one.kind === 'withdraw') {
            book.withdraw(id);
            model.tickets.pop();
          } else if (one.kind === 'exclude') model.isOut = one.isOut;
          else if (one.kind === 'restart') {
            Object.assign(model, { boot: model.boot + 1, sequence: 0, sessions: 0, taken: 0, tickets: [] });
          } else {
            model.sequence++;
            model.taken += one.taken;
            model.sessions = Math.max(0, model.sessions + one.taken - one.ended);
            model.tickets.splice(0, one.taken);
          }
          tell(id);
        }
      }
      for (const [id, model] of models) {
        const pending = model.tickets.filter((endsAtMs) => endsAtMs > nowMs).length;
        expect(book.row(id, nowMs)).toMatchObject({ pending, sessions: model.sessions + pending });
      }
    },
  );
  fc.assert(run, { numRuns: 300 });
});

test('10,000 members and a million placements take seconds, not minutes', () => {
  const book = new PlacementBook(ticketLifeMs);
  for (let index = 0; index < 10_000; index++) {
    const load = { sequence: 1, sessions: 0, ticketsTaken: 0 };
    const weight = 50 + (index % 7) * 50;
    book.update({ id: `m${index}/0`, boot: 'b', weight, capacity: 100_000, exclusion: undefined, load });
  }
  for (let placed = 0; placed < 1_000_000; placed++) book.place(book.choose(placed / 100)!, placed / 100);
  const rows = book.rows(10_000);
  const relative = rows.map(({ sessions }, index) => sessions / (50 + (index % 7) * 50));
  expect(rows.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(1_000_000);
  // Never more than one session of the weakest off.
  expect(Math.max(...relative) - Math.min(...relative)).toBeLessThanOrEqual(1 / 50);
});
