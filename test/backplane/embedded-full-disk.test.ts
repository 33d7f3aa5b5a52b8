import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbedded, Unavailable, type Backplane, type BackplaneState } from '#backplane';
import type { Threads } from '#io';
import { createNodeThreads } from '#io/node';
import { newFolder } from './embedded-harness.ts';
import { ManualClock } from './manual-clock.ts';
import { text, View } from './view.ts';

const diskBytes = 1024 * 1024;
const canMount = process.getuid?.() === 0;

/** A file system of 1 MB. */
class SmallDisk {
  readonly folder = newFolder();
  readonly path = join(this.folder.path, 'disk');

  constructor() {
    mkdirSync(this.path);
    this.#mount('-t', 'tmpfs', '-o', `size=${diskBytes}`, 'hubfarm-test', this.path);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** A file of another program takes all but `leaving` bytes. */
  fill(leaving: number): void {
    writeFileSync(join(this.path, 'ballast'), Buffer.alloc(this.freeBytes - leaving));
  }

  empty(): void {
    rmSync(join(this.path, 'ballast'));
  }

  remove(): void {
    spawnSync('umount', ['-l', this.path]);
    this.folder.remove();
  }

  #mount(...args: string[]): void {
    const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`);
  }
}

interface Subject {
  readonly disk: SmallDisk;
  readonly clock: ManualClock;
  readonly store: Backplane;
  readonly states: BackplaneState[];
  readonly path: string;
}

async function outcomes(store: Backplane, count: number): Promise<PromiseSettledResult<number>[]> {
  const settled: PromiseSettledResult<number>[] = [];
  for (let i = 0; i < count; i++) {
    settled.push(...(await Promise.allSettled([store.put(`fill/${i}`, Buffer.alloc(8_000, i))])));
  }
  return settled;
}

function describeFullDisk(name: string, threads?: Threads): void {
  describe(`a full disk (${name})`, () => {
    let disk: SmallDisk;
    let subject: Subject;

    beforeEach(async () => {
      disk = new SmallDisk();
      const clock = new ManualClock();
      const path = join(disk.path, 'hubfarm.db');
      const store = await openEmbedded({ path, clock, ...(threads === undefined ? {} : { threads }) });
      const states: BackplaneState[] = [];
      store.onState((state) => states.push(state));
      subject = { disk, clock, store, states, path };
    });

    afterEach(async () => {
      await subject.store.close();
      disk.remove();
    });

    test('refuses with Unavailable and a message for people; what was acknowledged stays', async () => {
      const { store, states, path } = subject;
      const settled = await outcomes(store, 200);
      const kept = settled.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [`fill/${i}`] : []));
      const refused = settled.filter((outcome) => outcome.status === 'rejected');
      expect(kept.length).toBeGreaterThan(10);
      expect(refused.length).toBeGreaterThan(10);
      for (const { reason } of refused) {
        expect(reason).toBeInstanceOf(Unavailable);
        expect(String(reason)).toContain(`${path}: the disk is full; nothing was changed`);
      }
      expect(states[0]).toBe('lost');
      const stored = (await store.list('fill/')).entries.map((entry) => entry.key);
      expect(stored.sort()).toEqual(kept.sort());
    });

    test('goes on by itself when there is room again, and its watches have missed nothing', async () => {
      const { store, states, clock } = subject;
      const view = new View(store, '');
      await store.put('before', '1');
      disk.fill(0);
      await expect(store.put('during', Buffer.alloc(20_000))).rejects.toBeInstanceOf(Unavailable);
      expect(store.state()).toBe('lost');
      expect(text(await store.get('before'))).toBe('1');
      disk.empty();
      await until(clock, () => store.state() === 'ok');
      expect(states).toEqual(['lost', 'ok']);
      await view.reached(await store.put('after', '3'));
      expect(view.texts).toEqual({ before: '1', after: '3' });
      expect(view.faults).toEqual([]);
    });

    test('a lease that ends meanwhile loses its keys as soon as they can be removed', async () => {
      const { store, clock } = subject;
      const lease = await store.lease(2_000);
      await store.put('leased', Buffer.alloc(2_000), { lease });
      disk.fill(0);
      await expect(store.put('during', Buffer.alloc(20_000))).rejects.toBeInstanceOf(Unavailable);
      const view = new View(store, 'leased');
      await view.until(() => view.entries.size === 1);
      await lease.revoke().catch(() => undefined);
      disk.empty();
      await until(clock, () => view.entries.size === 0);
    });

    test('nothing acknowledged is lost when the process is started again', async () => {
      const { store, path } = subject;
      const settled = await outcomes(store, 150);
      const kept = settled.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [`fill/${i}`] : []));
      await store.close();
      const again = await openEmbedded({ path, clock: subject.clock }).catch((error: unknown) => error);
      if (again instanceof Error) {
        // Not even the count of openings could be written: it says so, and keeps what is there.
        expect(again).toMatchObject({ code: 'STORE_DISK_FULL' });
        return;
      }
      const stored = (await (again as Backplane).list('fill/')).entries.map((entry) => entry.key);
      expect(stored.sort()).toEqual(kept.sort());
      await (again as Backplane).close();
    });

    test('a disk that is full from the start is named as the reason', async () => {
      disk.fill(0);
      const opening = openEmbedded({ path: join(disk.path, 'second.db'), clock: subject.clock });
      await expect(opening).rejects.toMatchObject({ code: 'STORE_DISK_FULL' });
    });

    test('a backup that does not fit says so and may be tried again', async () => {
      const { store } = subject;
      await store.put('k', Buffer.alloc(100_000));
      disk.fill(20_000);
      const path = join(disk.path, 'copy.db');
      await expect(store.backup(path)).rejects.toMatchObject({ code: 'BACKUP_FAILED' });
      disk.empty();
      await store.backup(path);
    });
  });
}

/** Moves time until `condition` holds; what the thread of the store does meanwhile takes its real time. */
async function until(clock: ManualClock, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition() && performance.now() < deadline) {
    await clock.advance(50);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(condition()).toBe(true);
}

if (canMount) {
  describeFullDisk('in the caller’s loop');
  describeFullDisk('in its own thread', createNodeThreads());
} else {
  test('the tests of the full disk did not run: only root may mount a small file system', () => {
    expect(process.env['CI']).not.toBe('true');
  });
}
