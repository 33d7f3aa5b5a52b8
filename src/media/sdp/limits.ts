/** What a session description may have; beyond it is not looked into: it passes as it is. */
export const sdpLimits = {
  bytes: 65_535,
  lines: 4_096,
  /** m= lines. */
  streams: 64,
  /** a=candidate lines of one stream that are read; all are replaced. */
  candidates: 64,
} as const;
