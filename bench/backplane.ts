import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded, type Backplane } from '#backplane';
import { createNodeClock, createNodeThreads } from '#io/node';

/**
 * How fast the embedded store is on this disk.
 *   node -C hubfarm-source bench/backplane.ts [directory]
 * The directory (default: the system's temporary one) decides which disk is measured; a tmpfs measures nothing.
 */
const value = 'v'.repeat(300);
const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'hubfarm-bench-'));

async function perSecond(count: number, work: () => Promise<unknown>): Promise<string> {
  const started = performance.now();
  await work();
  return `${Math.round((count / (performance.now() - started)) * 1000).toLocaleString('en')}/s`;
}

function percentiles(samples: number[]): string {
  const sorted = samples.sort((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor(sorted.length * share)]!.toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

async function sequentialPuts(store: Backplane, count: number): Promise<string> {
  const samples: number[] = [];
  const rate = await perSecond(count, async () => {
    for (let i = 0; i < count; i++) {
      const started = performance.now();
      await store.put(`one/${i}`, value);
      samples.push(performance.now() - started);
    }
  });
  return `${rate} (${percentiles(samples)})`;
}

async function watchLatency(store: Backplane, count: number): Promise<string> {
  const samples: number[] = [];
  let putAt = 0;
  const watch = store.watch('seen/', (batch) => {
    if (!batch.isSnapshot) samples.push(performance.now() - putAt);
  });
  for (let i = 0; i < count; i++) {
    putAt = performance.now();
    await store.put(`seen/${i}`, value);
  }
  watch.close();
  return percentiles(samples);
}

/** How long the loop stands still at worst while puts are durable one by one. */
async function loopDelay(store: Backplane, count: number): Promise<string> {
  const samples: number[] = [];
  let last = performance.now();
  let isRunning = true;
  const tick = (): void => {
    const now = performance.now();
    samples.push(now - last);
    last = now;
    if (isRunning) setImmediate(tick);
  };
  tick();
  for (let i = 0; i < count; i++) await store.put(`tick/${i}`, value);
  isRunning = false;
  return `${percentiles(samples)}, worst ${samples.at(-1)!.toFixed(1)} ms`;
}

async function measure(name: string, store: Backplane): Promise<void> {
  const concurrent = 50_000;
  const puts = (): Promise<unknown> =>
    Promise.all(Array.from({ length: concurrent }, (_, i) => store.put(`many/${i}`, value)));
  console.log(name);
  console.log('  put, durable one by one ', await sequentialPuts(store, 2_000));
  console.log('  put, 50,000 at once     ', await perSecond(concurrent, puts));
  console.log('  get, one by one         ', await perSecond(10_000, () => gets(store, 10_000)));
  console.log('  list of 50,000          ', await perSecond(1, () => store.list('many/')));
  console.log('  put to watcher          ', await watchLatency(store, 1_000));
  console.log('  loop turn during puts   ', await loopDelay(store, 1_000));
  await store.close();
}

async function gets(store: Backplane, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await store.get(`many/${i}`);
}

try {
  const clock = createNodeClock();
  await measure('in the caller’s loop', await openEmbedded({ path: join(folder, 'loop.db'), clock }));
  const threads = createNodeThreads();
  await measure('in its own thread', await openEmbedded({ path: join(folder, 'thread.db'), clock, threads }));
} finally {
  rmSync(folder, { recursive: true });
}
