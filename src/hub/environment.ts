import { BufferPool } from '#base';
import type { Clock } from '#io';
import { FlushScheduler } from './flush-scheduler.ts';
import { defaultHubLimits, type HubLimits } from './limits.ts';
import type { BlockPools } from './output-queue.ts';

const smallBlockBytes = 4 * 1024;
const largeBlockBytes = 64 * 1024;
/** Idle output buffers kept for reuse, for all hubs of a loop: 4 MiB and 16 MiB. */
const smallBlocksKept = 1024;
const largeBlocksKept = 256;
/** What the hubs of one event loop share. */
export interface HubEnvironment {
  readonly clock: Clock;
  readonly scheduler: FlushScheduler;
  readonly pools: BlockPools;
  readonly limits: HubLimits;
  /** Any 32 bits, not to be guessed: hides the hashing of addresses from those who send them. */
  readonly seed: number;
}

export function createHubEnvironment(clock: Clock, seed: number, limits: HubLimits = defaultHubLimits): HubEnvironment {
  return {
    clock,
    scheduler: new FlushScheduler(clock),
    pools: {
      small: new BufferPool(smallBlockBytes, smallBlocksKept),
      large: new BufferPool(largeBlockBytes, largeBlocksKept),
      scarcity: {
        largeBlocks: limits.outputMemoryBytes / largeBlockBytes,
        queueMaxBytes: limits.outputQueueScarceBytes,
      },
    },
    limits,
    seed,
  };
}
