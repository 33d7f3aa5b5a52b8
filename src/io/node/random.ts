import { randomBytes, randomFillSync, randomInt } from 'node:crypto';
import type { Random } from '../clock.ts';

/** Small requests (challenges, ids) are cut from one filled block: a system call each would cost ten times as much. */
const POOL_BYTES = 4096;

/** The system's cryptographic random numbers. */
export function createNodeRandom(): Random {
  const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  let used = POOL_BYTES;
  return {
    bytes(length) {
      if (length > POOL_BYTES / 4) return randomBytes(length);
      if (used + length > POOL_BYTES) {
        randomFillSync(pool);
        used = 0;
      }
      const bytes = Buffer.from(pool.subarray(used, used + length));
      // What was given out is a secret of the caller: it does not stay here.
      pool.fill(0, used, used + length);
      used += length;
      return bytes;
    },
    below: (below) => (below <= 1 ? 0 : randomInt(below)),
  };
}
