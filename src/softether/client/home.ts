import { BufferPool } from '#base';
import type { BlockPools } from '#hub';
import type { Clock, NameResolver, Network, Random } from '#io';
import type { BlockReaderOptions } from '../codec/block-reader.ts';
import { maxBlockBytes } from '../codec/block-reader.ts';
import { inflateFrame } from '../codec/frame-compression.ts';
import { TimerWheel } from '../timer-wheel.ts';
import type { ClientIdentity } from './account.ts';
import type { ClientLimits } from './limits.ts';

/** What all client sessions of a process live on. */
export interface ClientHome {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly names: NameResolver;
  readonly identity: ClientIdentity;
  readonly limits: ClientLimits;
  /** ALPN; a server that reads it knows that this is no stock client, which it has to serve in its own ways. */
  readonly alpn: readonly string[];
  readonly wheel: TimerWheel;
  readonly blockPools: BlockPools;
  /** One object each for all connections: with the pool for records that straddle two chunks. */
  readonly plainReaderOptions: BlockReaderOptions;
  readonly compressedReaderOptions: BlockReaderOptions;
}

export type ClientHomeOptions = Pick<
  ClientHome,
  'clock' | 'random' | 'network' | 'names' | 'identity' | 'limits' | 'alpn'
>;

const smallBlock = { bytes: 4 * 1024, kept: 256 } as const;
const largeBlock = { bytes: 64 * 1024, kept: 64 } as const;
const straddleBuffersKept = 64;

export function createClientHome(options: ClientHomeOptions): ClientHome {
  const pool = new BufferPool(maxBlockBytes + 4, straddleBuffersKept);
  return {
    ...options,
    wheel: new TimerWheel(options.clock),
    blockPools: {
      small: new BufferPool(smallBlock.bytes, smallBlock.kept),
      large: new BufferPool(largeBlock.bytes, largeBlock.kept),
    },
    plainReaderOptions: { pool },
    compressedReaderOptions: { pool, inflate: inflateFrame },
  };
}
