import type { StreamCounters } from './relay/relay.ts';
import type { RelayReason } from './relay-rules.ts';

/** What became of the media of a call, for its record. */
export interface MediaSummary {
  readonly reason: RelayReason;
  /** By the order of the m= lines; those that were never relayed are left out. */
  readonly streams: readonly StreamSummary[];
}

export interface StreamSummary extends StreamCounters {
  /** `audio`, `video`, … */
  readonly media: string;
}

/** Packets of both sides. */
export function packetsOf({ streams }: Pick<MediaSummary, 'streams'>): number {
  return streams.reduce((sum, { a, b }) => sum + a.packets + b.packets, 0);
}
