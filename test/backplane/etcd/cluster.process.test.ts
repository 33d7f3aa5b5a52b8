import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Forbidden, Unavailable, type Backplane, type BackplaneState } from '#backplane';
import { FairStopwatch } from '../../io/node/fair-stopwatch.ts';
import { newFolder } from '../embedded-harness.ts';
import { View } from '../view.ts';
import { AcknowledgedWrites } from './acknowledged-writes.ts';
import { io, newClient, newTestCluster, type TestCluster, type TestEngine } from './test-engine.ts';
import { stopped } from './process-state.ts';
import { requireEtcd } from './require-etcd.ts';
import { administer, joinEngine, startThreeEngines, type ThreeEngines } from './three-engines.ts';

const folder = newFolder();
/** Three seconds are the goal; a busy machine takes its time to choose another leader. */
const gapMaxMs = 15_000;
let cluster: TestCluster;
let three: ThreeEngines;
let store: Backplane;

describe.runIf(requireEtcd())('three engines', () => {
  beforeAll(async () => {
    cluster = await newTestCluster(folder.path);
    three = await startThreeEngines(cluster);
    store = await newClient(cluster, three.engines, 'm1');
  });

  afterAll(async () => {
    await store.close();
    await three.stop();
    folder.remove();
  });

  // Whatever has failed, the next test finds them running.
  afterEach(() => {
    for (const engine of three.engines) engine.signalIfThere('SIGCONT');
  });

  const pass = (ms: number): Promise<void> => new Promise((resolve) => void io.clock.after(ms, resolve));

  async function until(what: string, condition: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
    const endMs = performance.now() + withinMs;
    while (!(await condition())) {
      if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
      await pass(50);
    }
  }

  /** Puts `key` until that is acknowledged: an engine that has just come back is still busy with itself. */
  async function taken(key: string, value = ''): Promise<number> {
    let revision: number | undefined;
    await until(`${key} is written`, async () => {
      revision = await store.put(key, value).catch((error: unknown) => {
        if (error instanceof Unavailable) return undefined;
        throw error;
      });
      return revision !== undefined;
    });
    return revision!;
  }

  const allAreHealthy = async (): Promise<boolean> => {
    const states = await Promise.all(three.engines.map(({ engine }) => engine.status().catch(() => undefined)));
    return states.every((state) => state !== undefined && state.leader !== '0');
  };

  test('the second server keeps a copy, and with the third all three get a vote', async () => {
    const members = await three.administration.members();
    expect(members.map(({ name, isLearner }) => [name, isLearner]).sort()).toEqual([
      ['m1', false],
      ['m2', false],
      ['m3', false],
    ]);
    const admission = await three.administration.admit({ name: 'm4', host: '127.0.0.1', peerPort: 1 });
    expect(admission).toEqual({ role: 'client', memberId: undefined, join: [] });
  });

  test('a server that is not eligible writes its own records and nothing else', async () => {
    await three.administration.access.allow('plain', 'member');
    const plain = await newClient(cluster, three.engines, 'plain');
    await plain.put('member/plain/0/info', 'mine', { lease: await plain.lease(5_000) });
    await plain.put('load/plain/0/now', 'mine');
    for (const left of ['sip/publish/a.test/ben/presence/1', 'sip/message/a.test/ben/1']) {
      await plain.put(left, 'by a telephone');
      await plain.txn([{ kind: 'delete', key: left }], []);
    }
    await store.put('cfg/hub/DEFAULT', 'a hub');
    await store.put('cfg/cluster/secret/key', 'secret');
    for (const key of [
      'member/m1/0/info',
      'member/plain2/0',
      'load/m1/0/now',
      'cfg/hub/X',
      'elect/controller',
      'sip/location/a.test/ben',
    ]) {
      await expect(plain.put(key, 'not mine'), key).rejects.toBeInstanceOf(Forbidden);
    }
    await expect(plain.txn([{ kind: 'deletePrefix', prefix: 'cfg/hub/' }], [])).rejects.toBeInstanceOf(Forbidden);
    await expect(plain.list('cfg/cluster/secret/')).rejects.toBeInstanceOf(Forbidden);
    await expect(plain.get('cfg/cluster/secret/key')).rejects.toBeInstanceOf(Forbidden);
    await expect(plain.backup(`${folder.path}/stolen`)).rejects.toBeInstanceOf(Forbidden);
    expect((await plain.list('cfg/hub/')).entries.map((entry) => entry.key)).toEqual(['cfg/hub/DEFAULT']);
    const orders = await administer(cluster, three.engines, 'plain');
    await expect(orders.access.allow('plain', 'eligible')).rejects.toBeInstanceOf(Forbidden);
    await expect(orders.remove((await orders.members())[0]!.id)).rejects.toBeInstanceOf(Forbidden);
    orders.close();
    await three.administration.access.allow('plain', 'eligible');
    await plain.put('cfg/hub/X', 'promoted');
    await three.administration.access.allow('plain', 'member');
    await expect(plain.put('cfg/hub/X', 'degraded')).rejects.toBeInstanceOf(Forbidden);
    await three.administration.access.forbid('plain');
    await expect(plain.put('load/plain/0/now', 'removed')).rejects.toBeInstanceOf(Forbidden);
    await plain.close();
  });

  test('a certificate that nobody was told of gets nothing', async () => {
    const stranger = await newClient(cluster, three.engines, 'stranger');
    await expect(stranger.list('member/')).rejects.toBeInstanceOf(Forbidden);
    await stranger.close();
  });

  test('kill -9 of the leading engine loses no acknowledged write, no lease and no leadership', async () => {
    const view = new View(store, 'k1/');
    const lease = await store.lease(5_000);
    const leadership = await store.elect('test', 'm1', lease);
    const writes = new AcknowledgedWrites(store, 'k1/');
    await writes.grow(20);
    (await three.leader()).signal('SIGKILL');
    // Over the time in which another one is chosen, and its lease would have ended.
    await Promise.all([writes.grow(80), pass(5_000)]);
    await writes.stop();
    expect(await writes.lost()).toEqual([]);
    expect(writes.longestGapMs).toBeLessThan(gapMaxMs);
    expect(leadership.isValid()).toBe(true);
    await store.txn([{ kind: 'put', key: 'led', value: '' }], [leadership.guard]);
    await view.reached(await taken('k1/end'));
    expect(view.faults).toEqual([]);
    expect(view.batches.filter((batch) => batch.isSnapshot)).toHaveLength(1);
    expect([...writes.acknowledged.keys()].filter((key) => !view.entries.has(key))).toEqual([]);
    view.close();
    await lease.revoke();
    // Its supervisor has started it again.
    await until('all three answer', allAreHealthy);
  });

  test('a leading engine that hangs is replaced; acknowledged writes stay', async () => {
    const writes = new AcknowledgedWrites(store, 'k2/');
    await writes.grow(20);
    const leader = await three.leader();
    leader.signal('SIGSTOP');
    await stopped(leader.pid());
    await writes.grow(60);
    leader.signal('SIGCONT');
    // It has to find out that it does not lead any more.
    await Promise.all([writes.grow(20), pass(500)]);
    await writes.stop();
    expect(await writes.lost()).toEqual([]);
    expect(writes.longestGapMs).toBeLessThan(gapMaxMs);
    await until('all three answer', allAreHealthy);
  });

  test('without a majority the state is lost and calls are refused in time; it comes back by itself', async () => {
    const states: BackplaneState[] = [];
    const stop = store.onState((state) => states.push(state));
    const view = new View(store, 'q/');
    const lease = await store.lease(3_000);
    await view.reached(await store.put('q/before', '1', { lease }));
    const [first, second] = three.engines;
    for (const engine of [first!, second!]) {
      engine.signal('SIGSTOP');
      await stopped(engine.pid());
    }
    const refused = new FairStopwatch();
    await expect(store.put('q/during', '1')).rejects.toBeInstanceOf(Unavailable);
    await expect(store.get('q/before')).rejects.toBeInstanceOf(Unavailable);
    expect(refused.ms).toBeLessThan(12_000);
    expect(store.state()).toBe('lost');
    expect(await lease.lost).toContain('not renewed');
    first!.signal('SIGCONT');
    second!.signal('SIGCONT');
    await until('the engine is back', () => store.state() === 'ok');
    await view.reached(await taken('q/after', '1'));
    expect(states.slice(0, 2)).toEqual(['lost', 'ok']);
    expect(view.entries.has('q/after')).toBe(true);
    expect(view.faults).toEqual([]);
    await until('the dead lease is gone', () => !view.entries.has('q/before'));
    stop();
    view.close();
  });

  test('servers that are started one after the other find together again', async () => {
    const revision = await taken('kept', 'v');
    await three.stopAndRenew();
    const [first, second, third] = three.engines;
    // Alone it does not answer, but runs: it must not be given up.
    await first!.engine.start();
    expect(first!.engine.state).toBe('running');
    expect(store.state()).toBe('lost');
    await second!.engine.start();
    await until('two of three are a majority', () => store.state() === 'ok');
    expect(await store.get('kept')).toMatchObject({ modRevision: revision });
    await third!.engine.start();
    await until('all three answer', allAreHealthy);
  });

  test('a server that is taken out stops its engine for good, however long the others take; they go on', async () => {
    const members = await three.administration.members();
    const [first, second, third] = three.engines as [TestEngine, TestEngine, TestEngine];
    for (const engine of [first, second]) {
      engine.signal('SIGSTOP');
      await stopped(engine.pid());
    }
    const removed = three.administration.remove(members.find(({ name }) => name === third.name)!.id);
    await Promise.race([removed, pass(6_000)]);
    for (const engine of [first, second]) engine.signal('SIGCONT');
    await removed;
    await until('its engine has stopped', () => third.engine.state === 'stopped');
    await taken('after', 'v');
    expect(await three.administration.members()).toHaveLength(2);
    // It comes back as a new one, with an empty directory.
    const again = await joinEngine({ ...cluster, folder: `${folder.path}/again` }, three.administration, 'm3');
    await until('it has a vote', async () => !(await again.engine.status()).isLearner);
    const client = await newClient(cluster, [again], 'm1');
    expect(await client.get('after')).toBeDefined();
    await client.close();
    three.engines[2] = again;
  });

  test('a server takes itself out, its engine first and its rights last', async () => {
    await three.administration.access.allow('m2', 'eligible');
    const [first, second, third] = three.engines as [TestEngine, TestEngine, TestEngine];
    const itself = await administer(cluster, [first, second, third], 'm1');
    await itself.remove((await itself.members()).find(({ name }) => name === 'm1')!.id);
    await itself.access.forbid('m1');
    itself.close();
    const successor = await administer(cluster, [second, third], 'm2');
    expect(await successor.access.servers()).not.toContain('m1');
    expect((await successor.members()).map(({ name }) => name).sort()).toEqual(['m2', 'm3']);
    successor.close();
  });
});
