/** What one message may be. Beyond it: 513 for a request as a whole, 400 for a part of it; responses are dropped. */
export const messageLimits = {
  /** The largest UDP payload, and a bound for WebSocket frames. */
  datagramMaxBytes: 65_535,
  /** Over TCP and TLS: start line, header and body together. */
  streamMaxBytes: 262_144,
  /** Start line and header; what a stream may send before the empty line has come. */
  headMaxBytes: 65_535,
  maxHeaderFields: 256,
  /** One header field with its folded lines. */
  fieldMaxBytes: 16_384,
  startLineMaxBytes: 8_192,
  /** RFC 3261 §8.1.1.5: CSeq is below 2^31; RFC 4475 §3.1.2.4 wants refused what does not fit 32 bits. */
  maxCSeq: 0xffff_ffff,
  maxExpiresS: 0xffff_ffff,
  /** RFC 3261 §20.22. */
  maxMaxForwards: 255,
  /** Elements of one list header field, over all its lines. */
  maxElements: 256,
  /** Hops that a message may have taken. */
  maxVias: 64,
} as const;
