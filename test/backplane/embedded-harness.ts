import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backplane } from '#backplane';
import { silentLogger } from '#base';
import type { Clock, Threads } from '#io';
import { createNodeThreads } from '#io/node';
import { EmbeddedBackplane } from '../../src/backplane/embedded/embedded-backplane.ts';
import type { Engine, OtherClients } from '../../src/backplane/embedded/engine.ts';
import { inlineEngine } from '../../src/backplane/embedded/inline-engine.ts';
import { run as runStore } from '../../src/backplane/embedded/store-thread.ts';
import { joinEngine, threadEngine } from '../../src/backplane/embedded/thread-engine.ts';
import type { Harness } from './harness.ts';
import { HeldClock } from './held-clock.ts';
import { ManualClock } from './manual-clock.ts';

const callTimeoutMs = 5_000;

/** A folder of its own, removed by `remove`. */
export function newFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'hubfarm-store-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The embedded store behind a gate that can be shut: then it is as silent as a disk that hangs. */
export async function embeddedHarness(threads?: Threads): Promise<Harness> {
  const folder = newFolder();
  const clock = new ManualClock();
  const path = join(folder.path, 'hubfarm.db');
  const engine = new GatedEngine(threads === undefined ? inlineEngine(path) : await threadEngine(path, threads));
  const store = new EmbeddedBackplane(engine, clock, callTimeoutMs, silentLogger);
  let paths = 0;
  return {
    clients: [store],
    hasty: store,
    callTimeoutMs,
    passTime: (ms) => clock.advance(ms),
    holdUp: (_, ms) => clock.jump(ms),
    interrupt: () => {
      engine.shut();
      return Promise.resolve();
    },
    restore: () => {
      engine.open();
      return Promise.resolve();
    },
    newPath: () => join(folder.path, `new-${++paths}.db`),
    close: async () => {
      engine.open();
      await store.close();
      folder.remove();
    },
  };
}

/** Two clients of one store, as in two threads; each has time of its own, which can be held up. */
export async function sharedHarness(): Promise<Harness> {
  const folder = newFolder();
  const clock = new ManualClock();
  const path = join(folder.path, 'hubfarm.db');
  const owner = await threadEngine(path, threadsInThisLoop(clock));
  const engines = [new GatedEngine(await joinEngine(owner.invite())), new GatedEngine(owner)];
  const clocks = engines.map(() => new HeldClock(clock));
  const clients: Backplane[] = engines.map(
    (engine, i) => new EmbeddedBackplane(engine, clocks[i]!, callTimeoutMs, silentLogger),
  );
  let paths = 0;
  return {
    clients,
    hasty: clients[0]!,
    callTimeoutMs,
    passTime: (ms) => clock.advance(ms),
    holdUp: async (client, ms) => {
      const held = clocks[clients.indexOf(client)]!;
      held.hold();
      await clock.advance(ms);
      held.release();
      await clock.advance(0);
    },
    interrupt: () => {
      for (const engine of engines) engine.shut();
      return Promise.resolve();
    },
    restore: () => {
      for (const engine of engines) engine.open();
      return Promise.resolve();
    },
    newPath: () => join(folder.path, `new-${++paths}.db`),
    close: async () => {
      for (const engine of engines) engine.open();
      for (const client of clients) await client.close();
      folder.remove();
    },
  };
}

/** The body of the store's thread in this one, on the test's clock; messages travel as between real threads. */
export function threadsInThisLoop(clock: Clock): Threads {
  const real = createNodeThreads();
  return {
    channel: () => real.channel(),
    start: (_module, input, sink) => {
      const [ours, theirs] = real.channel();
      ours.receive((message, ends) => sink.message(message, ends));
      ours.onClosed(() => sink.ended(undefined));
      runStore(theirs, input, clock);
      return { post: (message, ends) => ours.post(message, ends), terminate: () => theirs.close() };
    },
  };
}

class GatedEngine implements Engine {
  readonly leasePrefix: string;
  readonly others?: OtherClients;
  readonly #engine: Engine;
  #gate = Promise.withResolvers<undefined>();

  constructor(engine: Engine) {
    this.leasePrefix = engine.leasePrefix;
    if (engine.others !== undefined) this.others = engine.others;
    this.#engine = engine;
    this.open();
  }

  open(): void {
    this.#gate.resolve(undefined);
  }

  shut(): void {
    this.#gate = Promise.withResolvers<undefined>();
  }

  async run(requests: Parameters<Engine['run']>[0]): ReturnType<Engine['run']> {
    await this.#gate.promise;
    return this.#engine.run(requests);
  }

  backup(path: string): Promise<void> {
    return this.#engine.backup(path);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}
