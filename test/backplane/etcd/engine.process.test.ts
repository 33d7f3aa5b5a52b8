import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EngineUpkeep, Unavailable } from '#backplane';
import { newFolder } from '../embedded-harness.ts';
import { text } from '../view.ts';
import { compact } from './compaction.ts';
import { io, newClient, newTestCluster, newTestEngine, type TestCluster, type TestEngine } from './test-engine.ts';
import { isRunning } from './process-state.ts';
import { requireEtcd } from './require-etcd.ts';
import { restore } from './restore.ts';
import { administer } from './three-engines.ts';

const folder = newFolder();
let cluster: TestCluster;
const started: TestEngine[] = [];

describe.runIf(requireEtcd())('the engine of one server', () => {
  beforeAll(async () => {
    cluster = await newTestCluster(folder.path);
  });

  afterEach(async () => {
    await Promise.all(started.splice(0).map(({ engine }) => engine.stop()));
  });

  afterAll(() => folder.remove());

  async function start(name: string, settings: Parameters<typeof newTestEngine>[2] = {}): Promise<TestEngine> {
    const engine = await newTestEngine(cluster, name, settings);
    started.push(engine);
    await engine.engine.start();
    return engine;
  }

  const pidOf = (name: string): number =>
    Number(readFileSync(join(folder.path, name, 'engine.pid'), 'utf8').split(' ')[0]);

  /** A program that says it is etcd. */
  function pretender(name: string, script: string): string {
    const path = join(folder.path, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o700);
    return path;
  }

  describe('an engine that cannot be started says why and what to do:', () => {
    test('it is not installed', async () => {
      const { engine } = await newTestEngine(cluster, 'missing', { program: '/nowhere/etcd' });
      await expect(engine.start()).rejects.toMatchObject({
        code: 'ENGINE_MISSING',
        message: expect.stringMatching(/\/nowhere\/etcd .*apt-get install etcd-server.*HUBFARM_ETCD/) as unknown,
      });
    });

    test('it is too old', async () => {
      const program = pretender('old-etcd', 'echo "etcd Version: 3.3.25"');
      const { engine } = await newTestEngine(cluster, 'old', { program });
      await expect(engine.start()).rejects.toMatchObject({ code: 'ENGINE_TOO_OLD' });
    });

    test('it is another program', async () => {
      const { engine } = await newTestEngine(cluster, 'other', { program: pretender('no-etcd', 'echo hello') });
      await expect(engine.start()).rejects.toThrow(/which version of etcd it is: hello/);
    });

    test('one of its ports is taken', async () => {
      const other = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const address = other.address();
      const clientPort = typeof address === 'object' && address !== null ? address.port : 0;
      const { engine } = await newTestEngine(cluster, 'taken', { clientPort });
      await expect(engine.start()).rejects.toMatchObject({
        code: 'ENGINE_PORT_TAKEN',
        message: expect.stringContaining(String(clientPort)) as unknown,
      });
      expect(engine.state).toBe('stopped');
      await new Promise((resolve) => other.close(resolve));
    });

    test('it ends at once', async () => {
      const script = 'test "$1" = --version && echo "etcd Version: 3.4.23" && exit; echo "no room"; exit 3';
      const { engine } = await newTestEngine(cluster, 'ends', { program: pretender('short-etcd', script) });
      await expect(engine.start()).rejects.toMatchObject({ code: 'ENGINE_FAILED', message: /no room/ });
    });
  });

  test('an engine that dies is started again, with all that was acknowledged', async () => {
    const { engine, signal } = await start('dies');
    const store = await newClient(cluster, started, 'dies');
    await store.put('k', 'v');
    const before = pidOf('dies');
    signal('SIGKILL');
    const endMs = performance.now() + 60_000;
    for (;;) {
      const entry = await store.get('k').catch((error: unknown) => {
        if (!(error instanceof Unavailable) || performance.now() > endMs) throw error;
        return undefined;
      });
      if (entry !== undefined) {
        expect(text(entry)).toBe('v');
        break;
      }
    }
    expect(pidOf('dies')).not.toBe(before);
    expect(engine.state).toBe('running');
    await store.close();
  });

  test('an engine whose server is killed ends with it, and the next server takes its data over', async () => {
    const { clientPort, peerPort } = await newTestEngine(cluster, 'left');
    const script = join(import.meta.dirname, 'engine-server.ts');
    const args = ['-C', 'hubfarm-source', script, folder.path, 'left', String(clientPort), String(peerPort)];
    const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(server.stdout, 'data');
    const leftPid = pidOf('left');
    server.kill('SIGKILL');
    await once(server, 'exit');
    await start('left', { clientPort, peerPort });
    expect(isRunning(leftPid)).toBe(false);
    const store = await newClient(cluster, started, 'left');
    expect(text(await store.get('k'))).toBe('of the killed server');
    await store.close();
  });

  test('it answers nobody without a certificate of the cluster', async () => {
    const { host, clientPort } = await start('closed');
    const stranger = await newTestCluster(folder.path);
    const ours = await cluster.authority.issue('x');
    const theirs = await stranger.authority.issue('x');
    const timeouts = { attemptMs: 500, bulkAttemptMs: 500, callMs: 800 };
    // A certificate of another authority; the engine's own is taken, so that its refusal is what counts.
    const identity = { ...theirs, authorityPem: ours.authorityPem };
    const store = await newClient(cluster, started, 'x', { tls: () => ({ identity }), timeouts });
    expect(store.state()).toBe('lost');
    await expect(store.get('k')).rejects.toBeInstanceOf(Unavailable);
    await store.close();
    // And we take no engine of another authority.
    const distrustful = await newClient(cluster, started, 'x', { tls: () => ({ identity: theirs }), timeouts });
    expect(distrustful.state()).toBe('lost');
    await expect(distrustful.get('k')).rejects.toThrow(new RegExp(`${host}:${clientPort}.*TLS`));
    await distrustful.close();
  });

  test('renewed certificates count from the next connection', async () => {
    const { engine, host, clientPort, options } = await start('renewed');
    await engine.renewTls({ ...options.tls, client: await cluster.authority.issue('renewed-again') });
    const own = await cluster.authority.issue('x');
    const name = await new Promise((resolve, reject) => {
      const socket = connect({
        host,
        port: clientPort,
        ca: own.authorityPem,
        cert: own.certificatePem,
        key: own.privateKeyPem,
      });
      socket.on('error', reject);
      socket.on('secureConnect', () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      });
    });
    expect(name).toBe('renewed-again');
  });

  test('a backup becomes a new engine with all that was in it, by the command that the documentation gives', async () => {
    const before = await start('before');
    const store = await newClient(cluster, [before], 'before');
    const values = Array.from({ length: 300 }, (_, i) => [`cfg/hub/${i}`, String(i)] as const);
    await store.txn(
      values.map(([key, value]) => ({ kind: 'put', key, value })),
      [],
    );
    const backup = join(folder.path, 'backup.db');
    await store.backup(backup);
    await store.put('later', 'not in it');
    await store.close();
    await before.engine.stop();

    const again = await newTestEngine(cluster, 'restored');
    const damaged = join(folder.path, 'damaged.db');
    const bytes = readFileSync(backup);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(damaged, bytes);
    await expect(restore(again, damaged)).rejects.toThrow(/sha256/);
    rmSync(join(again.options.directory, 'data'), { recursive: true, force: true });
    await restore(again, backup);
    started.push(again);
    await again.engine.start();
    const restored = await newClient(cluster, [again], 'restored');
    const { entries } = await restored.list('');
    expect(entries.map((entry) => [entry.key, text(entry)])).toEqual(values.toSorted(([a], [b]) => (a < b ? -1 : 1)));
    await restored.close();
  });

  test('upkeep gives the disk back what old changes have left', async () => {
    const { engine } = await start('kept');
    const store = await newClient(cluster, started, 'kept');
    const administration = await administer(cluster, started, 'kept');
    const upkeep = new EngineUpkeep({ administration, clock: io.clock, logger: cluster.logger });
    expect(await upkeep.run()).toEqual([]);
    const value = Buffer.alloc(1024 * 1024, 1);
    for (let i = 0; i < 80; i++) await store.put(`k/${i % 4}`, value);
    await compact(cluster, started[0]!, (await store.list('none/')).revision);
    // The engine cuts in the background.
    while ((await engine.status()).dbUsedBytes > 32 * 1024 * 1024) await store.put('k/small', '');
    expect(await upkeep.run()).toEqual(['kept']);
    expect((await engine.status()).dbBytes).toBeLessThan(32 * 1024 * 1024);
    expect(text(await store.get('k/0'))?.length).toBe(value.length);
    administration.close();
    await store.close();
  });
});
