import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Backplane } from '#backplane';
import { newFolder } from '../embedded-harness.ts';
import { View } from '../view.ts';
import { compact } from './compaction.ts';
import { CuttableProxy } from './cuttable-proxy.ts';
import { io, newClient, newTestCluster, newTestEngine, type TestCluster, type TestEngine } from './test-engine.ts';
import { requireEtcd } from './require-etcd.ts';

const folder = newFolder();
let cluster: TestCluster;
let engine: TestEngine;
let proxy: CuttableProxy;
let writer: Backplane;
/** Reaches the engine through the proxy. */
let reader: Backplane;

describe.runIf(requireEtcd())('a watch of the etcd store', () => {
  beforeAll(async () => {
    cluster = await newTestCluster(folder.path);
    engine = await newTestEngine(cluster, 'm1');
    await engine.engine.start();
  });

  afterAll(async () => {
    await engine.engine.stop();
    folder.remove();
  });

  beforeEach(async () => {
    proxy = await CuttableProxy.start(engine.clientPort);
    writer = await newClient(cluster, [engine], 'writer');
    await writer.txn([{ kind: 'deletePrefix', prefix: '' }], []);
    reader = await newClient(cluster, [{ ...engine, clientPort: proxy.port }], 'reader');
  });

  afterEach(async () => {
    proxy.mend();
    await Promise.all([writer.close(), reader.close()]);
    await proxy.close();
  });

  const snapshots = (view: View): number => view.batches.filter((batch) => batch.isSnapshot).length;

  test('a watch whose line was cut goes on where it was, without a new snapshot', async () => {
    const view = new View(reader, 'k/');
    await view.reached(await writer.put('k/0', ''));
    proxy.cut();
    for (let i = 1; i <= 50; i++) await writer.put(`k/${i}`, '');
    proxy.mend();
    await view.reached(await writer.put('k/end', ''));
    expect(view.entries.size).toBe(52);
    expect(snapshots(view)).toBe(1);
    expect(view.faults).toEqual([]);
  });

  test('what was compacted while its line was cut comes as a new snapshot', async () => {
    const view = new View(reader, 'k/');
    await view.reached(await writer.put('k/gone', ''));
    proxy.cut();
    await writer.txn([{ kind: 'delete', key: 'k/gone' }], []);
    for (let i = 0; i < 50; i++) await writer.put('k/changed', String(i));
    await compact(cluster, engine, await writer.put('k/last', ''));
    proxy.mend();
    await view.until(() => snapshots(view) === 2);
    await view.reached(await writer.put('k/end', ''));
    expect(view.texts).toEqual({ 'k/changed': '49', 'k/end': '', 'k/last': '' });
    expect(view.faults).toEqual([]);
  });

  test('voters that come and go are followed', async () => {
    let endpoints = [{ host: '127.0.0.1', port: proxy.port }];
    const follower = await newClient(cluster, [], 'follower', { endpoints: () => endpoints });
    const view = new View(follower, 'k/');
    await view.reached(await writer.put('k/1', ''));
    endpoints = [{ host: '127.0.0.1', port: engine.clientPort }];
    proxy.cut();
    await view.reached(await writer.put('k/2', ''));
    expect((await follower.list('k/')).entries).toHaveLength(2);
    expect(snapshots(view)).toBe(1);
    await follower.close();
  });

  test('at least one endpoint is needed', async () => {
    await expect(newClient(cluster, [], 'nobody')).rejects.toThrow('no endpoint');
  });

  test('a compaction does not disturb a watch that is up to date', async () => {
    const view = new View(reader, 'k/');
    const revision = await writer.put('k/1', '');
    await view.reached(revision);
    await compact(cluster, engine, revision);
    await view.reached(await writer.put('k/2', ''));
    expect(snapshots(view)).toBe(1);
  });

  test('changes that a reader does not take in pile up nowhere, and it catches up', async () => {
    const seen = new Map<string, number>();
    let revision = 0;
    const watch = reader.watch('k/', (batch) => {
      revision = batch.revision;
      for (const { key, entry } of batch.changes) seen.set(key, entry?.modRevision ?? 0);
    });
    const before = heldBytes();
    proxy.stall();
    await writeMuch();
    // What was given up is given back in the background.
    await vi.waitFor(() => expect(heldBytes() - before).toBeLessThan(16 * 1024 * 1024), {
      timeout: 20_000,
      interval: 200,
    });
    proxy.flow();
    const end = await writer.put('k/end', '');
    while (revision < end) await new Promise<void>((resolve) => void io.clock.after(20, resolve));
    const { entries } = await writer.list('k/');
    expect([...seen].sort()).toEqual(entries.map((entry) => [entry.key, entry.modRevision]).sort());
    watch.close();
  });

  /** 60 MB, over and over the same keys. */
  async function writeMuch(): Promise<void> {
    const value = Buffer.alloc(6 * 1024, 1);
    const keys = Array.from({ length: 100 }, (_, i) => `k/${i}`);
    const operations = keys.map((key) => ({ kind: 'put', key, value }) as const);
    for (let round = 0; round < 100; round++) await writer.txn(operations, []);
  }

  /** By this process, once rubbish is gone. */
  function heldBytes(): number {
    setFlagsFromString('--expose_gc');
    runInNewContext('gc()');
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
});
