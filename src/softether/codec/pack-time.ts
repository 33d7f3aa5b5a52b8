/** SoftEther counts milliseconds from 1970-01-01 09:00 UTC. 0 = none, never. */
const EPOCH_SHIFT_MS = 32_400_000;
/** The last moment that `Date` knows; what is beyond is as good as for ever. */
const MAX_DATE_MS = 8_640_000_000_000_000;

export function unixMsOf(packTime: bigint): number {
  return packTime === 0n ? 0 : Math.min(Number(packTime) + EPOCH_SHIFT_MS, MAX_DATE_MS);
}

/** Moments before 1970-01-01 09:00 cannot be told from "never" and become the first millisecond after it. */
export function packTimeOf(unixMs: number): bigint {
  if (!(unixMs > 0)) return 0n;
  return BigInt(Math.max(1, Math.trunc(Math.min(unixMs, MAX_DATE_MS)) - EPOCH_SHIFT_MS));
}
