import { backUp } from './backup.ts';
import type { Engine } from './engine.ts';
import { openDatabase } from './open-database.ts';
import { Store } from './store.ts';

/** The store in the calling thread: each group blocks the loop for one fsync. */
export function inlineEngine(path: string, isLive?: (lease: string) => boolean): Engine {
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
