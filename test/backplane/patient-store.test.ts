import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Conflict, openEmbedded, PatientStore, Unavailable, type Backplane } from '#backplane';
import { createNodeClock } from '#io/node';
import { VirtualClock } from '#io/sim';
import { newFolder } from './embedded-harness.ts';

/** What becomes of the next calls: the engine does not answer, before or after it has done what was asked. */
type Fate = 'lost' | 'done' | 'closed' | ((store: Backplane) => Promise<unknown>);

const key = 'cfg/hub/A';
const unsure = (): Unavailable => new Unavailable('it is not certain whether the change was made');

describe('a store for orders of people', () => {
  let store: Backplane;
  let patient: PatientStore;
  let clock: VirtualClock;
  let fates: Fate[];
  /** Calls that the store is busy with: no time passes meanwhile. */
  let underWay: number;

  beforeEach(async () => {
    const folder = newFolder();
    store = await openEmbedded({ path: `${folder.path}/store.db`, clock: createNodeClock() });
    onTestFinished(async () => {
      await store.close();
      folder.remove();
    });
    clock = new VirtualClock();
    fates = [];
    underWay = 0;
    const meet = async <T>(ask: () => Promise<T>): Promise<T> => {
      underWay++;
      try {
        return await meetFate(ask);
      } finally {
        underWay--;
      }
    };
    const meetFate = async <T>(ask: () => Promise<T>): Promise<T> => {
      const fate = fates.shift();
      if (fate === 'closed') throw new Unavailable('the store is closed', undefined, 'STORE_CLOSED');
      if (fate === 'lost') throw unsure();
      if (fate === undefined) return ask();
      await (fate === 'done' ? ask() : fate(store));
      throw unsure();
    };
    const slow: Backplane = {
      mode: 'cluster',
      state: () => store.state(),
      onState: (changed) => store.onState(changed),
      get: (name) => meet(() => store.get(name)),
      list: (prefix) => meet(() => store.list(prefix)),
      put: (name, value, options) => store.put(name, value, options),
      txn: (operations, guards) => meet(() => store.txn(operations, guards)),
      watch: (prefix, deliver) => store.watch(prefix, deliver),
      lease: (ttlMs) => store.lease(ttlMs),
      elect: (...candidature) => store.elect(...candidature),
      backup: (path) => store.backup(path),
      close: () => store.close(),
    };
    patient = new PatientStore(slow, clock);
  });

  /** Lets the time pass that it waits for. */
  async function settled<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    promise.then(over, over);
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      if (underWay === 0) clock.advance(250);
    }
    return promise;
  }

  const textOf = async (name = key): Promise<string | undefined> => {
    const entry = await store.get(name);
    return entry && Buffer.from(entry.value).toString();
  };
  const create = (value: string): Promise<number> =>
    settled(patient.txn([{ kind: 'put', key, value }], [{ key, modRevision: 0 }]));

  test('makes a change that was lost on the way', async () => {
    fates = ['lost', 'lost', 'lost'];
    const revision = await create('new');
    expect(await store.get(key)).toMatchObject({ modRevision: revision });
  });

  test('finds a change made whose answer was lost, with its revision, and does not make it again', async () => {
    fates = ['done'];
    const revision = await create('new');
    expect(await store.get(key)).toMatchObject({ modRevision: revision, createRevision: revision });
  });

  test('finds a change made that came late, when its second try is refused for that very reason', async () => {
    // Nothing is there when it is looked after; then the first try arrives.
    const late = (real: Backplane): Promise<unknown> => real.put(key, 'new');
    fates = ['lost', late];
    const revision = await create('new');
    expect(await store.get(key)).toMatchObject({ modRevision: revision });
    expect(await textOf()).toBe('new');
  });

  test('finds a large change made by some of its keys: it was made as a whole', async () => {
    const keys = Array.from({ length: 1_000 }, (_, at) => `${key}/${at}`);
    fates = ['done'];
    const made = patient.txn(
      keys.map((each) => ({ kind: 'put', key: each, value: 'x' }) as const),
      keys.map((each) => ({ key: each, modRevision: 0 })),
    );
    expect(await settled(made)).toBe((await store.get(keys[999]!))?.modRevision);
  });

  test('says that somebody else was faster', async () => {
    fates = ['lost', (real) => real.put(key, 'of somebody else')];
    await expect(create('new')).rejects.toBeInstanceOf(Conflict);
    expect(await textOf()).toBe('of somebody else');
  });

  test('finds deleted what was deleted, one by one or as a folder', async () => {
    const first = await store.put(`${key}/1`, 'x');
    await store.put(`${key}/2`, 'x');
    fates = ['done'];
    const one = patient.txn([{ kind: 'delete', key: `${key}/1` }], [{ key: `${key}/1`, modRevision: first }]);
    expect(await settled(one)).toBe(0);
    fates = ['done'];
    await settled(patient.txn([{ kind: 'deletePrefix', prefix: `${key}/` }], []));
    expect((await store.list(key)).entries).toEqual([]);
  });

  test('reads when the engine answers again', async () => {
    await store.put(key, 'there');
    fates = ['lost', 'lost', 'lost'];
    expect(await settled(patient.get(key))).toMatchObject({ key });
    fates = ['lost'];
    expect((await settled(patient.list(key))).entries).toHaveLength(1);
  });

  test('gives up after 20 s, and at once where waiting does not help', async () => {
    fates = Array.from({ length: 1_000 }, () => 'lost');
    const began = clock.nowMs();
    await expect(create('never')).rejects.toBeInstanceOf(Unavailable);
    expect(clock.nowMs() - began).toBeGreaterThan(20_000);
    expect(clock.nowMs() - began).toBeLessThan(25_000);
    fates = ['closed', 'lost'];
    await expect(settled(patient.get(key))).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    expect(fates).toHaveLength(1);
  });
});
