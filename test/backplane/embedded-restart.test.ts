import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openEmbedded, type Backplane } from '#backplane';
import { newFolder } from './embedded-harness.ts';
import { realClock } from './manual-clock.ts';
import { text, View } from './view.ts';

let folder: ReturnType<typeof newFolder>;
let opened: Backplane[] = [];

beforeEach(() => {
  folder = newFolder();
});

afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
  opened = [];
  folder.remove();
});

async function open(name = 'hubfarm.db'): Promise<Backplane> {
  const store = await openEmbedded({ path: join(folder.path, name), clock: realClock });
  opened.push(store);
  return store;
}

describe('after a restart', () => {
  test('everything durable is there, with its revisions, and new ones are larger', async () => {
    const first = await open();
    const revisions = [await first.put('a', '1'), await first.put('b', '2')];
    await first.close();
    const second = await open();
    const { revision, entries } = await second.list('');
    expect(entries.map((entry) => [entry.key, text(entry), entry.modRevision])).toEqual([
      ['a', '1', revisions[0]],
      ['b', '2', revisions[1]],
    ]);
    expect(revision).toBe(revisions[1]);
    expect(await second.put('c', '3')).toBeGreaterThan(revisions[1]!);
  });

  test('leased keys are gone, and epochs go on growing', async () => {
    const first = await open();
    const lease = await first.lease(5_000);
    const leader = await first.elect('controller', 'm1', lease);
    await first.put('member/m1', 'here', { lease });
    await first.put('cfg/a', 'stays');
    await first.close();
    const second = await open();
    const view = new View(second, '');
    await view.until(() => view.batches.length > 0);
    expect(view.texts).toEqual({ 'cfg/a': 'stays' });
    const again = await second.lease(5_000);
    expect(again.id).not.toBe(lease.id);
    expect((await second.elect('controller', 'm1', again)).epoch).toBeGreaterThan(leader.epoch);
    const late = second.txn([{ kind: 'put', key: 'k', value: 'late' }], [leader.guard]);
    await expect(late).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('a closed store leaves one file behind', async () => {
    const store = await open();
    await store.put('k', 'v');
    await store.close();
    expect(existsSync(join(folder.path, 'hubfarm.db'))).toBe(true);
    expect(existsSync(join(folder.path, 'hubfarm.db-wal'))).toBe(false);
  });
});

describe('a backup', () => {
  test('opens as a store and holds what was acknowledged before it was asked for', async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 2_500 }, (_, i) => store.put(`k/${i}`, 'before')));
    const lease = await store.lease(5_000);
    await store.put('leased', 'v', { lease });
    const backup = store.backup(join(folder.path, 'copy.db'));
    const during = Promise.all(Array.from({ length: 2_500 }, (_, i) => store.put(`k/${i}`, 'after')));
    await backup;
    await during;
    const copy = await open('copy.db');
    const { entries } = await copy.list('');
    expect(entries).toHaveLength(2_500);
    expect(new Set(entries.map(text)).size).toBe(1);
    expect(await copy.put('k', 'v')).toBeGreaterThan(2_500);
  });

  test('into a directory that is not there says so and writes nothing', async () => {
    const store = await open();
    const path = join(folder.path, 'none', 'copy.db');
    await expect(store.backup(path)).rejects.toMatchObject({ code: 'BACKUP_FAILED' });
    await store.put('k', 'v');
  });

  test('an empty file, as a broken-off backup leaves it, may be written', async () => {
    const store = await open();
    const path = join(folder.path, 'copy.db');
    new DatabaseSync(path).close();
    await store.backup(path);
    await expect(store.backup(path)).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
  });
});
