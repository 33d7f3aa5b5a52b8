import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded, type Backplane } from '#backplane';
import { createNodeClock } from '#io/node';

/** A store in a folder of its own, that can be closed and opened again. */
export class TestStore {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hubfarm-hub-'));
  backplane!: Backplane;

  static async open(): Promise<TestStore> {
    const store = new TestStore();
    await store.open();
    return store;
  }

  async reopen(): Promise<void> {
    await this.backplane.close();
    await this.open();
  }

  async remove(): Promise<void> {
    await this.backplane.close();
    rmSync(this.#folder, { recursive: true });
  }

  private async open(): Promise<void> {
    this.backplane = await openEmbedded({ path: join(this.#folder, 'store.db'), clock: createNodeClock() });
  }
}
