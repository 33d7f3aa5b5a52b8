import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Unavailable, type Backplane, type BackplaneState } from '#backplane';
import type { Subject } from './conformance.ts';
import { text, View } from './view.ts';

export function endingSuite(subject: () => Subject): void {
  describe('S7 no engine', () => {
    const calls: [string, (store: Backplane) => Promise<unknown>][] = [
      ['get', (store) => store.get('k')],
      ['list', (store) => store.list('')],
      ['put', (store) => store.put('k', 'v')],
      ['txn', (store) => store.txn([{ kind: 'delete', key: 'k' }], [])],
    ];
    test.each(calls)('%s rejects with Unavailable within the call time-out', async (_, call) => {
      const { harness } = subject();
      const store = harness.hasty;
      await harness.interrupt();
      const outcome = expect(call(store)).rejects.toBeInstanceOf(Unavailable);
      await harness.passTime(harness.callTimeoutMs + 1);
      await outcome;
      await harness.restore();
    });

    test('the state says lost, then ok again, and tells those who asked', async () => {
      const { harness } = subject();
      const store = harness.hasty;
      const states: BackplaneState[] = [];
      const stop = store.onState((state) => states.push(state));
      expect(store.state()).toBe('ok');
      await harness.interrupt();
      const outcome = expect(store.put('k', 'v')).rejects.toBeInstanceOf(Unavailable);
      await harness.passTime(harness.callTimeoutMs + 1);
      await outcome;
      expect(store.state()).toBe('lost');
      await harness.restore();
      await harness.passTime(5_000);
      await store.put('k', 'again');
      expect(store.state()).toBe('ok');
      expect(states).toEqual(['lost', 'ok']);
      stop();
    });

    test('watches are silent meanwhile and miss nothing', async () => {
      const { harness, other } = subject();
      const store = harness.hasty;
      const view = new View(other, '');
      await view.reached(await store.put('before', '1'));
      await harness.interrupt();
      const heard = view.batches.length;
      const outcome = expect(store.put('during', '2')).rejects.toBeInstanceOf(Unavailable);
      await harness.passTime(harness.callTimeoutMs + 1);
      await outcome;
      expect(view.batches).toHaveLength(heard);
      await harness.restore();
      await harness.passTime(5_000);
      await view.reached(await store.put('after', '3'));
      const { entries } = await other.list('');
      expect(view.texts).toEqual(Object.fromEntries(entries.map((entry) => [entry.key, text(entry)])));
      expect(view.faults).toEqual([]);
    });
  });

  describe('backup', () => {
    test('writes a copy while the store is in use, and never over a file', async () => {
      const { harness, store } = subject();
      await store.put('k', 'v');
      const path = harness.newPath();
      const writing = Promise.all(Array.from({ length: 200 }, (_, i) => store.put(`k/${i}`, 'v')));
      await store.backup(path);
      await writing;
      expect(existsSync(path)).toBe(true);
      const copy = readFileSync(path);
      await expect(store.backup(path)).rejects.toThrow(/exists/);
      expect(readFileSync(path).equals(copy)).toBe(true);
    });
  });

  describe('close', () => {
    test('what was asked before is answered; what is asked after is refused', async () => {
      const { store } = subject();
      const before = Promise.allSettled(Array.from({ length: 50 }, (_, i) => store.put(`k/${i}`, 'v')));
      const closing = store.close();
      const calls = [store.get('k'), store.put('k', 'v'), store.lease(1_000), store.backup('x')];
      const after = Promise.allSettled(calls);
      expect((await before).every((outcome) => outcome.status === 'fulfilled')).toBe(true);
      for (const outcome of await after) {
        expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(Unavailable);
      }
      expect(() => store.watch('', () => undefined)).toThrow(Unavailable);
      await closing;
      await store.close();
    });

    test('leases, leaderships and candidates hear of it', async () => {
      const { store } = subject();
      const lease = await store.lease(5_000);
      const leader = await store.elect('controller', 'm1', lease);
      const candidate = store.elect('controller', 'm2', lease);
      const refused = expect(candidate).rejects.toBeInstanceOf(Unavailable);
      await store.close();
      await Promise.all([lease.lost, leader.lost, refused]);
      expect(leader.isValid()).toBe(false);
    });
  });
}
