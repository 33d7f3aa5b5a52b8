import { flushCompileCache } from 'node:module';
import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import type { Heap } from '../heap.ts';
import { loadNativeLibrary } from './native-library.ts';

/** Young objects come and go all the time; the rest is read-only, or shared. */
const keptSpaces: ReadonlySet<string> = new Set(['old_space', 'large_object_space']);

/**
 * Gives back what the C library keeps of memory that was freed: tens of megabytes after a start with many records, in some
 * milliseconds. Nothing where there is no such function (other C libraries) or no koffi.
 */
async function findTrim(): Promise<() => void> {
  const { call } = await loadNativeLibrary();
  const trim = call('int malloc_trim(size_t pad)');
  return () => void trim(0);
}

/** Pages that objects have left are given back, too; otherwise the runtime keeps them for the next ones. */
const thorough = { type: 'major', execution: 'sync', flavor: 'last-resort' } as const;

/** `collect` is there when the runtime was started with `--expose-gc`, as `hubfarm serve` does. */
export function createNodeHeap(): Heap {
  const { gc } = globalThis;
  let trim = (): void => undefined;
  if (gc !== undefined) {
    findTrim().then(
      (found) => (trim = found),
      () => undefined,
    );
  }
  let last = performance.eventLoopUtilization();
  return {
    keptBytes: () =>
      getHeapSpaceStatistics()
        .filter(({ space_name: name }) => keptSpaces.has(name))
        .reduce((total, { space_used_size: bytes }) => total + bytes, 0),
    busyShare: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    residentBytes: () => process.memoryUsage.rss(),
    ...(gc === undefined
      ? {}
      : {
          collect: (how) => {
            if (how === 'thorough') {
              // The cache of compiled code is held in memory, 14 MB, until it has been written: by default at the end.
              flushCompileCache();
              gc(thorough);
            } else if (how === 'quick') gc();
            trim();
          },
        }),
  };
}
