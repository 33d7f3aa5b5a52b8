import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { backplaneLimits, BadRequest, Conflict, type Backplane, type Operation } from '#backplane';
import type { Subject } from './conformance.ts';
import { text } from './view.ts';

const keysUnder = async (store: Backplane, prefix: string): Promise<string[]> =>
  (await store.list(prefix)).entries.map((entry) => entry.key);

export function keyValueSuite(subject: () => Subject): void {
  describe('S1 revisions', () => {
    test('each write takes a larger revision, which the entry shows', async () => {
      const { store } = subject();
      const first = await store.put('k', '1');
      const second = await store.put('k', '2');
      expect(second).toBeGreaterThan(first);
      expect(await store.get('k')).toMatchObject({ createRevision: first, modRevision: second });
    });

    test('all writes of a transaction have one revision', async () => {
      const { store } = subject();
      const puts = ['a', 'b', 'c'].map((key) => ({ kind: 'put', key, value: key }) as const);
      const revision = await store.txn(puts, []);
      const { entries } = await store.list('');
      expect(entries.map((entry) => [entry.createRevision, entry.modRevision])).toEqual(
        Array.from({ length: 3 }, () => [revision, revision]),
      );
    });

    test('a key that is deleted and made again has a new create revision', async () => {
      const { store } = subject();
      const first = await store.put('k', '1');
      await store.txn([{ kind: 'delete', key: 'k' }], []);
      expect(await store.get('k')).toBeUndefined();
      const again = await store.put('k', '1');
      expect(again).toBeGreaterThan(first);
      expect((await store.get('k'))?.createRevision).toBe(again);
    });

    test('writes asked at once each have their own revision', async () => {
      const { store } = subject();
      const revisions = await Promise.all(Array.from({ length: 100 }, (_, i) => store.put(`k/${i}`, 'v')));
      expect(new Set(revisions).size).toBe(100);
      expect((await store.list('k/')).entries.map((entry) => entry.modRevision).sort((a, b) => a - b)).toEqual(
        revisions.sort((a, b) => a - b),
      );
    });
  });

  describe('S2 guards and transactions', () => {
    test('a guard of revision 0 makes a key only once', async () => {
      const { store } = subject();
      const guard = { key: 'k', modRevision: 0 };
      await store.put('k', 'first', { guard });
      await expect(store.put('k', 'second', { guard })).rejects.toBeInstanceOf(Conflict);
      expect(text(await store.get('k'))).toBe('first');
    });

    test('of many who ask at once for the same key, one gets it', async () => {
      const { harness } = subject();
      const asked = Array.from({ length: 20 }, (_, i) => {
        const client = harness.clients[i % harness.clients.length]!;
        return client.put('k', String(i), { guard: { key: 'k', createRevision: 0 } });
      });
      const outcomes = await Promise.allSettled(asked);
      const winners = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []));
      expect(winners).toHaveLength(1);
      expect(text(await harness.clients[0]!.get('k'))).toBe(String(winners[0]));
      const losers = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(losers.every((outcome) => outcome.reason instanceof Conflict)).toBe(true);
    });

    test('one guard that does not hold: nothing is applied', async () => {
      const { store } = subject();
      const revision = await store.put('a', '1');
      const guards = [
        { key: 'a', modRevision: revision },
        { key: 'b', createRevision: revision },
      ];
      const operations: Operation[] = [
        { kind: 'put', key: 'a', value: '2' },
        { kind: 'put', key: 'c', value: '1' },
      ];
      await expect(store.txn(operations, guards)).rejects.toMatchObject({ code: 'CONFLICT' });
      expect((await store.list('')).entries.map((entry) => [entry.key, text(entry)])).toEqual([['a', '1']]);
    });

    test('a guard holds on the revision that was read, not on an older one', async () => {
      const { store } = subject();
      const old = await store.put('k', '1');
      const now = await store.put('k', '2');
      await expect(store.put('k', '3', { guard: { key: 'k', modRevision: old } })).rejects.toBeInstanceOf(Conflict);
      await store.put('k', '3', { guard: { key: 'k', modRevision: now } });
      await store.put('k', '4', { guard: { key: 'k', createRevision: old } });
      expect(text(await store.get('k'))).toBe('4');
    });

    test('counting with guards loses no step, however many count', async () => {
      const { harness } = subject();
      await Promise.all(Array.from({ length: 10 }, (_, i) => count(harness.clients[i % harness.clients.length]!, 5)));
      expect(text(await harness.clients[0]!.get('counter'))).toBe('50');
    });

    test('operations are applied in the order in which they stand', async () => {
      const { store } = subject();
      await store.txn(
        ['a/1', 'a/2', 'b'].map((key) => ({ kind: 'put', key, value: 'old' }) as const),
        [],
      );
      const operations: Operation[] = [
        { kind: 'deletePrefix', prefix: 'a/' },
        { kind: 'put', key: 'a/2', value: 'new' },
        { kind: 'put', key: 'b', value: 'twice' },
        { kind: 'delete', key: 'b' },
      ];
      const revision = await store.txn(operations, []);
      const { entries } = await store.list('');
      expect(entries.map((entry) => [entry.key, text(entry)])).toEqual([['a/2', 'new']]);
      expect(entries[0]).toMatchObject({ modRevision: revision });
    });

    test('a key that one transaction deletes and puts again is changed, not made anew', async () => {
      const { store } = subject();
      const first = await store.put('a/1', 'old');
      const operations: Operation[] = [
        { kind: 'deletePrefix', prefix: 'a/' },
        { kind: 'put', key: 'a/1', value: 'new' },
        { kind: 'put', key: 'a/2', value: 'new' },
      ];
      const second = await store.txn(operations, []);
      const { entries } = await store.list('');
      expect(entries.map((entry) => [entry.createRevision, entry.modRevision])).toEqual([
        [first, second],
        [second, second],
      ]);
    });

    test('a prefix is deleted to its end and no further', async () => {
      const { store } = subject();
      const keys = ['h/A', 'h/A/u/1', 'h/A/u/ü', 'h/A/u/\u{10fffe}', 'h/AB', 'h/B'];
      await store.txn(
        keys.map((key) => ({ kind: 'put', key, value: '' }) as const),
        [],
      );
      await store.txn([{ kind: 'deletePrefix', prefix: 'h/A/' }], []);
      expect(await keysUnder(store, '')).toEqual(['h/A', 'h/AB', 'h/B']);
    });

    test('a value belongs to the store from the call on', async () => {
      const { store } = subject();
      const value = Buffer.from('before');
      const put = store.put('k', value);
      value.fill('x');
      await put;
      expect(text(await store.get('k'))).toBe('before');
    });
  });

  describe('S3 reads', () => {
    test('every client sees what was acknowledged before it asked', async () => {
      const { store, other } = subject();
      for (let i = 0; i < 20; i++) {
        await store.put('k', String(i));
        expect(text(await other.get('k'))).toBe(String(i));
      }
    });

    test('a list has the keys under the prefix in the order of their bytes', async () => {
      const { store } = subject();
      const keys = ['c/b', 'c/a', 'c/é', 'c/Z', 'c/😀', 'c/a/x', 'c', 'd', 'c/\ufffd'];
      for (const key of keys) await store.put(key, key);
      const under = keys.filter((key) => key.startsWith('c/'));
      const sorted = under.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await keysUnder(store, 'c/')).toEqual(sorted);
      expect(await keysUnder(store, 'nothing')).toEqual([]);
      expect(await keysUnder(store, '')).toHaveLength(keys.length);
    });

    test('a list is one moment of the store, never half a transaction', async () => {
      const { store, other } = subject();
      const writes = Array.from({ length: 50 }, (_, i) =>
        store.txn(
          ['x', 'y'].map((key) => ({ kind: 'put', key, value: String(i) }) as const),
          [],
        ),
      );
      const lists = Array.from({ length: 50 }, () => other.list(''));
      for (const { revision, entries } of await Promise.all(lists)) {
        expect(new Set(entries.map(text)).size).toBeLessThanOrEqual(1);
        for (const entry of entries) expect(entry.modRevision).toBeLessThanOrEqual(revision);
      }
      await Promise.all(writes);
    });

    test('a value comes back byte by byte, the empty and the largest too', async () => {
      const { store } = subject();
      const values = [Buffer.alloc(0), Buffer.from(Array.from({ length: 256 }, (_, i) => i)), Buffer.from('√ 😀\0')];
      for (const value of [...values, Buffer.alloc(backplaneLimits.valueMaxBytes, 0xa5)]) {
        await store.put('k', value);
        expect(Buffer.compare((await store.get('k'))!.value, value)).toBe(0);
      }
    });
  });

  describe('limits', () => {
    const bad: [string, (store: Backplane) => Promise<unknown>][] = [
      ['an empty key', (store) => store.put('', 'v')],
      ['a key with a control character', (store) => store.put('a\nb', 'v')],
      ['a key with half a surrogate pair', (store) => store.put('a\ud800', 'v')],
      ['a key that is too long', (store) => store.put('é'.repeat(backplaneLimits.keyMaxBytes / 2) + 'x', 'v')],
      ['a value that is too large', (store) => store.put('k', Buffer.alloc(backplaneLimits.valueMaxBytes + 1))],
      ['a bad guard', (store) => store.put('k', 'v', { guard: { key: '\0', modRevision: 0 } })],
      ['a lease without time', (store) => store.lease(0)],
      ['a lease for ever', (store) => store.lease(Infinity)],
    ];
    test.each(bad)('%s is refused, and nothing is written', async (_, ask) => {
      const { store } = subject();
      await expect(ask(store)).rejects.toBeInstanceOf(BadRequest);
      expect((await store.list('')).entries).toEqual([]);
    });

    test('the longest key works', async () => {
      const { store } = subject();
      const key = 'é'.repeat(backplaneLimits.keyMaxBytes / 2);
      await store.put(key, 'v');
      expect(await keysUnder(store, key)).toEqual([key]);
    });
  });

  test('any row of guarded transactions leaves what a plain map would hold', async () => {
    const { store } = subject();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(operation, { maxLength: 4 }), { maxLength: 12 }), async (transactions) => {
        await store.txn([{ kind: 'deletePrefix', prefix: '' }], []);
        const model = new Map<string, string>();
        for (const operations of transactions) {
          const before = await store.get('a');
          await store.txn(operations, [{ key: 'a', modRevision: before?.modRevision ?? 0 }]);
          operations.forEach((each) => applyTo(model, each));
        }
        const { entries } = await store.list('');
        expect(Object.fromEntries(entries.map((entry) => [entry.key, text(entry)]))).toEqual(Object.fromEntries(model));
      }),
      { numRuns: 60 },
    );
  });
}

const key = fc.constantFrom('a', 'a/b', 'a/b/c', 'ab', 'b');
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value: fc.string({ maxLength: 3 }) }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('deletePrefix' as const), prefix: fc.constantFrom('a', 'a/', 'a/b/', 'b') }),
);

function applyTo(model: Map<string, string>, operation: Operation): void {
  if (operation.kind === 'put') model.set(operation.key, String(operation.value));
  else if (operation.kind === 'delete') model.delete(operation.key);
  else for (const each of [...model.keys()]) if (each.startsWith(operation.prefix)) model.delete(each);
}

/** Adds 1 `times` times, each step guarded by what was read. */
async function count(store: Backplane, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const entry = await store.get('counter');
    const guard = { key: 'counter', modRevision: entry?.modRevision ?? 0 };
    try {
      await store.put('counter', String(Number(text(entry) ?? 0) + 1), { guard });
      done++;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }
}
