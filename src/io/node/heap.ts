import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import type { Heap } from '../heap.ts';

/** Young objects come and go all the time; the rest is read-only, or shared. */
const keptSpaces: ReadonlySet<string> = new Set(['old_space', 'large_object_space']);

/** `collect` is there when the runtime was started with `--expose-gc`, as `hubfarm serve` does. */
export function createNodeHeap(): Heap {
  const { gc } = globalThis;
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
    ...(gc === undefined
      ? {}
      : {
          collect: () => {
            gc();
          },
        }),
  };
}
