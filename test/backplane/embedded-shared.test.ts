import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { joinEmbedded, openEmbeddedStore, Unavailable, type Backplane, type EmbeddedStore } from '#backplane';
import type { ThreadPort } from '#io';
import { newFolder, threadsInThisLoop } from './embedded-harness.ts';
import { ManualClock } from './manual-clock.ts';
import { View } from './view.ts';

let folder: ReturnType<typeof newFolder>;
let clock: ManualClock;
let store: EmbeddedStore;
let invitation: ThreadPort;
let guest: Backplane;

beforeEach(async () => {
  folder = newFolder();
  clock = new ManualClock();
  store = await openEmbeddedStore({ path: join(folder.path, 'hubfarm.db'), clock, threads: threadsInThisLoop(clock) });
  invitation = store.invite();
  guest = await joinEmbedded(invitation, { clock });
});

afterEach(async () => {
  await store.backplane.close();
  folder.remove();
});

test('a client whose thread ends takes its leased keys with it at once, long before their TTL', async () => {
  const view = new View(store.backplane, '');
  await guest.put('member/a', 'here', { lease: await guest.lease(60_000) });
  await guest.put('kept', 'here');
  await view.until(() => view.entries.size === 2);
  invitation.close();
  await view.until(() => view.entries.size === 1);
  expect(view.texts).toEqual({ kept: 'here' });
});

test('clients in two threads never give their leases the same name', async () => {
  const names = [await guest.lease(1_000), await store.backplane.lease(1_000)].map(({ id }) => id);
  expect(new Set(names).size).toBe(2);
});

test('a client that leaves in order ends its leases and nobody else', async () => {
  await guest.put('k', 'v', { lease: await guest.lease(60_000) });
  await guest.close();
  expect(await store.backplane.get('k')).toBeUndefined();
  await expect(guest.get('k')).rejects.toBeInstanceOf(Unavailable);
  await store.backplane.put('k', 'mine');
});

test('a hundred writers in two threads see every change once, in the order of the store', async () => {
  const views = [new View(store.backplane, 'n/'), new View(guest, 'n/')];
  await Promise.all(
    Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? guest : store.backplane).put(`n/${n % 10}`, `${n}`)),
  );
  for (const view of views) await view.until(() => view.entries.size === 10);
  const stored = await store.backplane.list('n/');
  for (const view of views) {
    await view.until(() => view.revision >= stored.revision);
    expect(view.faults).toEqual([]);
    expect([...view.entries.values()].map(({ modRevision }) => modRevision).sort()).toEqual(
      stored.entries.map(({ modRevision }) => modRevision).sort(),
    );
  }
});
