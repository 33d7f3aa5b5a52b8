import { describe, expect, test } from 'vitest';
import type { Operation } from '#backplane';
import type { Subject } from './conformance.ts';
import { View } from './view.ts';

export function watchSuite(subject: () => Subject): void {
  describe('S4 watch', () => {
    test('begins with a snapshot of what is there, empty or not', async () => {
      const { store, other } = subject();
      await store.put('a/1', 'one');
      const view = new View(other, 'a/');
      const empty = new View(other, 'b/');
      await view.until(() => view.batches.length > 0);
      await empty.until(() => empty.batches.length > 0);
      expect(view.batches[0]).toMatchObject({ isSnapshot: true });
      expect(view.texts).toEqual({ 'a/1': 'one' });
      expect(empty.batches[0]).toMatchObject({ isSnapshot: true, changes: [] });
    });

    test('never calls back before watch has returned', async () => {
      const { store } = subject();
      let hasReturned = false;
      const calledAt = await new Promise<boolean>((resolve) => {
        store.watch('', () => resolve(hasReturned));
        hasReturned = true;
      });
      expect(calledAt).toBe(true);
    });

    test('tells every change once, in order of revision, those of a transaction together', async () => {
      const { store, other } = subject();
      const view = new View(other, 'a/');
      await view.until(() => view.batches.length > 0);
      const first = await store.put('a/1', '1');
      const second = await store.txn(
        [
          { kind: 'put', key: 'a/2', value: '2' },
          { kind: 'put', key: 'b/1', value: 'not ours' },
          { kind: 'delete', key: 'a/1' },
        ],
        [],
      );
      await store.put('b/2', 'not ours');
      const third = await store.txn([{ kind: 'deletePrefix', prefix: 'a/' }], []);
      await view.reached(third);
      const changes = view.batches.filter((batch) => !batch.isSnapshot && batch.revision > first);
      expect(changes.map((batch) => batch.revision)).toEqual([second, third]);
      expect(changes[0]?.changes.map((change) => [change.key, change.entry === undefined]).sort()).toEqual([
        ['a/1', true],
        ['a/2', false],
      ]);
      expect(changes[1]?.changes).toEqual([{ key: 'a/2', entry: undefined }]);
      expect(view.faults).toEqual([]);
    });

    test('a transaction that writes a key twice tells its last state only', async () => {
      const { store } = subject();
      const view = new View(store, '');
      await view.until(() => view.batches.length > 0);
      const operations: Operation[] = [
        { kind: 'put', key: 'k', value: '1' },
        { kind: 'delete', key: 'k' },
        { kind: 'put', key: 'k', value: '2' },
      ];
      await view.reached(await store.txn(operations, []));
      expect(view.texts).toEqual({ k: '2' });
      expect(view.faults).toEqual([]);
    });

    test('what was acknowledged is durable before anybody is told', async () => {
      const { store, other } = subject();
      const seen: number[] = [];
      const watch = store.watch('k', (batch) => {
        if (!batch.isSnapshot) seen.push(batch.revision);
      });
      const view = new View(store, 'k');
      const revision = await store.put('k', 'v');
      await view.reached(revision);
      expect((await other.get('k'))?.modRevision).toBe(revision);
      watch.close();
    });

    test('watches begun at any moment of a busy time add up to what a list shows', async () => {
      const { harness, store, other } = subject();
      const views: View[] = [];
      const writes: Promise<number>[] = [];
      for (let i = 0; i < 300; i++) {
        const client = harness.clients[i % harness.clients.length]!;
        if (i % 30 === 0) views.push(new View(client, i % 60 === 0 ? 'k/' : ''));
        const key = `k/${(i * 7) % 23}`;
        if (i % 5 === 4) writes.push(store.txn([{ kind: 'delete', key }], []));
        else writes.push(client.put(key, String(i)));
        if (i % 11 === 0) await writes.at(-1);
      }
      await Promise.all(writes);
      const end = await store.put('k/end', 'end');
      const { entries } = await other.list('k/');
      for (const view of views) {
        await view.reached(end);
        expect([...view.entries.values()].map((entry) => [entry.key, entry.modRevision]).sort()).toEqual(
          entries.map((entry) => [entry.key, entry.modRevision]).sort(),
        );
        expect(view.faults).toEqual([]);
      }
    });

    test('a closed watch hears nothing more, not even what is under way', async () => {
      const { store } = subject();
      const open = new View(store, '');
      const closed = new View(store, '');
      await open.until(() => open.batches.length > 0);
      const put = store.put('k', 'v');
      const heard = closed.batches.length;
      closed.close();
      await open.reached(await put);
      expect(closed.batches).toHaveLength(heard);
      closed.close();
    });

    test('a watch may write, watch and close from within its own call', async () => {
      const { store } = subject();
      const inner: View[] = [];
      const outer = new View(store, 'out/');
      const others = new View(store, 'in/');
      const watch = store.watch('in/', (batch) => {
        if (batch.isSnapshot || inner.length > 0) return;
        inner.push(new View(store, 'in/'));
        void store.put('out/1', 'from within');
        watch.close();
      });
      await others.until(() => others.batches.length > 0);
      await others.reached(await store.put('in/1', '1'));
      await outer.until(() => outer.entries.has('out/1'));
      await inner[0]!.until(() => inner[0]!.entries.has('in/1'));
      expect(outer.texts).toEqual({ 'out/1': 'from within' });
    });
  });
}
