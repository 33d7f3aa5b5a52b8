import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '#base';
import type { Threads } from '#io';
import { EmbeddedBackplane } from '../../src/backplane/embedded/embedded-backplane.ts';
import type { Engine } from '../../src/backplane/embedded/engine.ts';
import { inlineEngine } from '../../src/backplane/embedded/inline-engine.ts';
import { threadEngine } from '../../src/backplane/embedded/thread-engine.ts';
import type { Harness } from './harness.ts';
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

class GatedEngine implements Engine {
  readonly boot: number;
  readonly #engine: Engine;
  #gate = Promise.withResolvers<undefined>();

  constructor(engine: Engine) {
    this.boot = engine.boot;
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
