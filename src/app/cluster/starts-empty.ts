import type { Backplane, Batch } from '#backplane';
import type { Logger } from '#base';
import type { Clock } from '#io';

const patienceMs = 500;
const nothing: Batch = { revision: 0, isSnapshot: true, changes: [] };

/**
 * The cluster's store, for a server that starts while the engine is away: then watches begin with an empty snapshot, so that everything comes up and administrators get answers; the true one follows as ever. What is written
 * rests on guards, which an empty view does not satisfy by mistake.
 */
export function startsEmpty(store: Backplane, clock: Clock, logger: Logger): Backplane {
  let hasAnswered = store.state() === 'ok';
  let waitMs = patienceMs;
  const watch: Backplane['watch'] = (prefix, deliver) => {
    if (hasAnswered) return store.watch(prefix, deliver);
    let isWaiting = true;
    // A moment, for an engine that is only slow.
    const giveUp = clock.after(waitMs, () => {
      if (!isWaiting) return;
      waitMs = 0;
      isWaiting = false;
      logger.debug({ prefix }, 'the engine does not answer: begins with nothing');
      deliver(nothing);
    });
    const watched = store.watch(prefix, (batch) => {
      hasAnswered = true;
      isWaiting = false;
      giveUp.cancel();
      deliver(batch);
    });
    return {
      close: () => {
        isWaiting = false;
        giveUp.cancel();
        watched.close();
      },
    };
  };
  return {
    mode: store.mode,
    state: () => store.state(),
    onState: (changed) => store.onState(changed),
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    put: (key, value, options) => store.put(key, value, options),
    txn: (operations, guards) => store.txn(operations, guards),
    watch,
    lease: (ttlMs) => store.lease(ttlMs),
    elect: (name, self, lease, signal) => store.elect(name, self, lease, signal),
    backup: (path) => store.backup(path),
    close: () => store.close(),
  };
}
