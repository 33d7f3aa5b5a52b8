import { join } from 'node:path';
import type { Harness } from '../harness.ts';
import { HeldClock } from '../held-clock.ts';
import { stopped } from './process-state.ts';
import { io, newClient, type TestCluster, type TestEngine } from './test-engine.ts';

/** Short, so that tests which wait for them take seconds. */
const hastyTimeouts = { attemptMs: 1_000, bulkAttemptMs: 2_000, callMs: 3_000 };
/** Long enough for a busy machine. */
const timeouts = { attemptMs: 10_000, bulkAttemptMs: 10_000, callMs: 20_000 };

/** Two clients of one real engine, emptied for each test. Time is real. */
export async function etcdHarness(cluster: TestCluster, engine: TestEngine): Promise<Harness> {
  const clock = new HeldClock(io.clock);
  const store = await newClient(cluster, [engine], 'first', { timeouts, clock });
  const other = await newClient(cluster, [engine], 'other', { timeouts });
  const hasty = await newClient(cluster, [engine], 'hasty', { timeouts: hastyTimeouts });
  await other.txn([{ kind: 'deletePrefix', prefix: '' }], []);
  let paths = 0;
  return {
    clients: [store, other],
    hasty,
    callTimeoutMs: hastyTimeouts.callMs,
    passTime: (ms) => new Promise((resolve) => void io.clock.after(ms, resolve)),
    holdUp: async (client, ms) => {
      if (client !== store) throw new Error('only the first client can be held up');
      await clock.holdFor(ms);
    },
    interrupt: async () => {
      engine.signal('SIGSTOP');
      await stopped(engine.pid());
    },
    restore: () => {
      engine.signal('SIGCONT');
      return Promise.resolve();
    },
    newPath: () => join(cluster.folder, `backup-${Date.now()}-${++paths}.db`),
    close: async () => {
      engine.signal('SIGCONT');
      await Promise.all([store, other, hasty].map((client) => client.close()));
    },
  };
}
