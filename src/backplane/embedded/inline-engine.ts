import { backUp } from './backup.ts';
import type { Engine } from './engine.ts';
import { openDatabase } from './open-database.ts';
import { entriesOf } from './listed.ts';
import type { Reply, Request, StoreReply } from './requests.ts';
import { Store } from './store.ts';

/** As an engine, with the store's own replies. */
export interface StoreEngine extends Omit<Engine, 'run'> {
  run(requests: readonly Request[]): Promise<readonly StoreReply[]>;
}

/** The store in the calling thread: each group blocks the loop for one fsync. */
export function inlineEngine(path: string): Engine {
  const engine = storeEngine(path);
  const plain = (reply: StoreReply): Reply => (reply.kind === 'listed' ? entriesOf(reply) : reply);
  return { ...engine, run: async (requests) => (await engine.run(requests)).map(plain) };
}

/** As `inlineEngine`. `isLive`: whether keys may still be put under a lease; absent = always. */
export function storeEngine(path: string, isLive?: (lease: string) => boolean): StoreEngine {
  const { database, boot } = openDatabase(path);
  const store = new Store(database, path, isLive);
  return {
    leasePrefix: `${boot}`,
    run: (requests) => Promise.resolve(store.answer(requests)),
    backup: (to) => backUp(database, to),
    close: () => {
      database.close();
      return Promise.resolve();
    },
  };
}
