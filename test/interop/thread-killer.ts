/**
 * Loaded before hubfarm (`node --import`): at SIGUSR2 the thread of a member that has lived longest ends at once, as if it had run out
 * of memory. The server itself has no way to do that.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { isMainThread, Worker } from 'node:worker_threads';

interface Started {
  readonly workerData?: { readonly module?: string };
}

const members = new Set<Worker>();

class SeenWorker extends Worker {
  constructor(entry: string | URL, options?: ConstructorParameters<typeof Worker>[1]) {
    super(entry, options);
    const { module = '' } = (options as Started | undefined)?.workerData ?? {};
    if (!module.includes('thread-body')) return;
    members.add(this);
    this.on('exit', () => members.delete(this));
  }
}

if (isMainThread) {
  const exported = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
  exported.Worker = SeenWorker;
  syncBuiltinESMExports();
  process.on('SIGUSR2', () => {
    const [oldest] = members;
    if (oldest === undefined) return;
    members.delete(oldest);
    void oldest.terminate();
  });
}
