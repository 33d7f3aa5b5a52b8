import { describe, expect, test } from 'vitest';
import { Conflict, type Leadership } from '#backplane';
import type { Subject } from './conformance.ts';
import { text, View } from './view.ts';

const ttlMs = 2_000;

export function coordinationSuite(subject: () => Subject): void {
  describe('S5 lease', () => {
    test('keys of a lease stay as long as its holder runs', async () => {
      const { harness, store, other } = subject();
      const lease = await store.lease(ttlMs);
      await store.put('k', 'v', { lease });
      await harness.passTime(3 * ttlMs);
      expect(await other.get('k')).toMatchObject({ lease: lease.id });
    });

    test('keys of a lease whose holder was held up vanish together, and watches are told', async () => {
      const { harness, store, other } = subject();
      const view = new View(other, '');
      const lease = await store.lease(ttlMs);
      await store.txn(
        ['a', 'b'].map((key) => ({ kind: 'put', key, value: 'v', lease }) as const),
        [],
      );
      await store.put('c', 'not leased');
      await harness.holdUp(store, 2 * ttlMs);
      await view.until(() => view.entries.size === 1);
      expect(view.texts).toEqual({ c: 'not leased' });
      expect(
        view.batches
          .at(-1)
          ?.changes.map((change) => change.key)
          .sort(),
      ).toEqual(['a', 'b']);
      expect((await other.list('')).entries.map((entry) => entry.key)).toEqual(['c']);
      expect(view.faults).toEqual([]);
      expect(await lease.lost).not.toBe('');
    });

    test('a short pause does no harm', async () => {
      const { harness, store, other } = subject();
      const lease = await store.lease(ttlMs);
      await store.put('k', 'v', { lease });
      await harness.holdUp(store, ttlMs / 4);
      await harness.passTime(2 * ttlMs);
      expect(text(await other.get('k'))).toBe('v');
    });

    test('the holder counts it as lost before anybody can see its keys gone', async () => {
      const { harness, store, other } = subject();
      const view = new View(other, 'k');
      await view.until(() => view.batches.length > 0);
      const lease = await store.lease(ttlMs);
      await store.put('k', 'v', { lease });
      await view.until(() => view.entries.size === 1);
      let isLost = false;
      void lease.lost.then(() => (isLost = true));
      await harness.holdUp(store, ttlMs * 0.95);
      await lease.lost;
      expect(isLost).toBe(true);
      expect(view.entries.has('k')).toBe(true);
      await harness.passTime(ttlMs);
      await view.until(() => view.entries.size === 0);
    });

    test('a revoked lease takes its keys with it at once', async () => {
      const { store, other } = subject();
      const lease = await store.lease(ttlMs);
      await store.put('k', 'v', { lease });
      await lease.revoke();
      expect(await other.get('k')).toBeUndefined();
      await lease.lost;
      await lease.revoke();
    });

    test('nothing can be written under a lease that is gone', async () => {
      const { store } = subject();
      const lease = await store.lease(ttlMs);
      await lease.revoke();
      await expect(store.put('k', 'v', { lease })).rejects.toBeInstanceOf(Conflict);
      expect(await store.get('k')).toBeUndefined();
    });

    test('a key written without the lease does not belong to it any more', async () => {
      const { store } = subject();
      const lease = await store.lease(ttlMs);
      await store.put('k', 'leased', { lease });
      await store.put('k', 'durable');
      expect(await store.get('k')).not.toHaveProperty('lease');
      await lease.revoke();
      expect(text(await store.get('k'))).toBe('durable');
    });

    test('two leases do not touch each other', async () => {
      const { store } = subject();
      const [one, two] = await Promise.all([store.lease(ttlMs), store.lease(ttlMs)]);
      expect(one.id).not.toBe(two.id);
      await store.put('one', '1', { lease: one });
      await store.put('two', '2', { lease: two });
      await one.revoke();
      expect((await store.list('')).entries.map((entry) => entry.key)).toEqual(['two']);
    });
  });

  describe('S6 elections and fencing', () => {
    const elected = async ({ store }: Subject, self: string): Promise<Leadership> =>
      store.elect('controller', self, await store.lease(ttlMs));

    test('the first candidate leads; its epoch is the create revision of the key', async () => {
      const { store, other } = subject();
      const leader = await elected(subject(), 'm1');
      expect(leader.isValid()).toBe(true);
      const { entries } = await other.list('elect/');
      expect(entries.map((entry) => [text(entry), entry.createRevision])).toEqual([['m1', leader.epoch]]);
      await store.txn([{ kind: 'put', key: 'k', value: 'by the leader' }], [leader.guard]);
    });

    test('the next candidate waits its turn, and leads with a larger epoch', async () => {
      const { other } = subject();
      const first = await elected(subject(), 'm1');
      let isSecond = false;
      const waiting = other.elect('controller', 'm2', await other.lease(ttlMs)).then((leader) => {
        isSecond = true;
        return leader;
      });
      await other.put('k', 'v');
      expect(isSecond).toBe(false);
      await first.resign();
      const second = await waiting;
      expect(second.epoch).toBeGreaterThan(first.epoch);
      expect([first.isValid(), second.isValid()]).toEqual([false, true]);
      await first.lost;
    });

    test('candidates lead in the order in which they came', async () => {
      const { store } = subject();
      const order: string[] = [];
      const names = ['m1', 'm2', 'm3', 'm4'];
      const terms = names.map(async (name) => {
        const leader = await store.elect('controller', name, await store.lease(ttlMs));
        order.push(name);
        await leader.resign();
        return leader.epoch;
      });
      const epochs = await Promise.all(terms);
      expect(order).toEqual(names);
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
    });

    test('a deposed leader cannot write, however late it tries', async () => {
      const { harness, store, other } = subject();
      const first = await elected(subject(), 'm1');
      await harness.holdUp(store, 2 * ttlMs);
      await first.lost;
      expect(first.isValid()).toBe(false);
      const second = await other.elect('controller', 'm2', await other.lease(ttlMs));
      const write = [{ kind: 'put', key: 'k', value: 'zombie' }] as const;
      await expect(store.txn(write, [first.guard])).rejects.toBeInstanceOf(Conflict);
      await other.txn([{ kind: 'put', key: 'k', value: 'rightful' }], [second.guard]);
      expect(text(await store.get('k'))).toBe('rightful');
    });

    test('leadership ends with its lease, and the next candidate follows', async () => {
      const { store, other } = subject();
      const lease = await store.lease(ttlMs);
      const first = await store.elect('controller', 'm1', lease);
      const next = other.elect('controller', 'm2', await other.lease(ttlMs));
      await lease.revoke();
      await first.lost;
      expect((await next).epoch).toBeGreaterThan(first.epoch);
    });

    test('a leader learns that its key was taken away', async () => {
      const { other } = subject();
      const leader = await elected(subject(), 'm1');
      await other.txn([{ kind: 'delete', key: leader.guard.key }], []);
      await leader.lost;
      expect(leader.isValid()).toBe(false);
      await leader.resign();
    });

    test('a candidate may give up; those behind it do not notice', async () => {
      const { store } = subject();
      const leader = await elected(subject(), 'm1');
      const aborter = new AbortController();
      const lease = await store.lease(ttlMs);
      const reason = new Error('changed my mind');
      const second = expect(store.elect('controller', 'm2', lease, aborter.signal)).rejects.toBe(reason);
      const third = store.elect('controller', 'm3', lease);
      aborter.abort(reason);
      await second;
      await expect(store.elect('controller', 'm4', lease, aborter.signal)).rejects.toBe(reason);
      await leader.resign();
      expect(text(await store.get((await third).guard.key))).toBe('m3');
    });

    test('a candidate whose lease goes is out', async () => {
      const { store } = subject();
      await elected(subject(), 'm1');
      const lease = await store.lease(ttlMs);
      const second = expect(store.elect('controller', 'm2', lease)).rejects.toBeInstanceOf(Conflict);
      await lease.revoke();
      await second;
      await expect(store.elect('controller', 'm2', lease)).rejects.toBeInstanceOf(Conflict);
    });

    test('elections of other names do not matter', async () => {
      const { store } = subject();
      await elected(subject(), 'm1');
      const other = await store.elect('controller/second', 'm2', await store.lease(ttlMs));
      expect(other.isValid()).toBe(true);
    });
  });
}
