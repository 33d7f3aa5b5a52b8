/** Everything that bounds the client side of the SoftEther protocol. Times in milliseconds, sizes in bytes. */
export interface ClientLimits {
  // -- from the name to the session
  /** TCP and TLS, to the last address that there is to try. */
  readonly connectTimeoutMs: number;
  /** The same while the name has other addresses. */
  readonly connectTimeoutWithOthersMs: number;
  /** From TLS to the answer; a server may hold it back for seconds after wrong passwords. */
  readonly answerTimeoutMs: number;
  /** To a member that a controller sent us to: TCP and TLS, and the same again for its answer. */
  readonly memberTimeoutMs: number;
  /** Addresses of all names together that are tried in a round; the rest is left out. */
  readonly maxAddresses: number;
  /** Redirects in a row; one more is a failure. */
  readonly maxRedirects: number;

  // -- further connections of a session
  /** Between two attempts; doubles with each that fails, up to ten times this. */
  readonly additionalIntervalMs: number;

  // -- noticing that the server has gone
  /** Nothing acknowledged by the other machine: a cut cable, no power. 0 = the system's own patience (minutes). */
  readonly unacknowledgedTimeoutMs: number;
  /**
   * Frames go out and nothing comes back for so long, or a stream of frames breaks off: the server is asked on a
   * connection of its own. 0 = never.
   */
  readonly probeAfterMs: number;
  /** Without an answer by then, the server counts as dead. */
  readonly probeTimeoutMs: number;
  /** The least time between two probes; doubles, up to the longest, while the server lives and nothing comes back all the same. */
  readonly probeIntervalMs: number;
  readonly maxProbeIntervalMs: number;

  // -- trying again
  /** The wait after a session that lasted, at most: its server is gone, or wants us elsewhere, and others are there. */
  readonly comeBackMs: number;
  /** The first wait, at most; each further one is twice as long, up to `maxRetryMs`. A wait is cut by up to a half, at random. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** After a failure that waiting does not heal, such as a wrong password: it may be put right on the server. */
  readonly hopelessRetryMs: number;
  /** A session that lasted so long makes the next wait the first one again. */
  readonly steadyAfterMs: number;

  // -- frames
  /** Waiting to be sent; what would go beyond is dropped and counted. */
  readonly outputQueueMaxBytes: number;
  /** Blocks handed to one connection and not yet taken by the kernel. */
  readonly maxWritesInFlight: number;
  /** What a connection's kernel buffer may hold unsent. 0 = the system's own limit. */
  readonly notSentLowWaterBytes: number;

  /** At the end: connections that have not closed by then are destroyed. */
  readonly stopTimeoutMs: number;
}

export const defaultClientLimits: ClientLimits = Object.freeze({
  connectTimeoutMs: 10_000,
  connectTimeoutWithOthersMs: 4_000,
  answerTimeoutMs: 15_000,
  memberTimeoutMs: 4_000,
  maxAddresses: 16,
  maxRedirects: 3,
  additionalIntervalMs: 1_000,
  unacknowledgedTimeoutMs: 5_000,
  probeAfterMs: 1_500,
  probeTimeoutMs: 2_500,
  probeIntervalMs: 5_000,
  maxProbeIntervalMs: 60_000,
  comeBackMs: 100,
  firstRetryMs: 500,
  maxRetryMs: 30_000,
  hopelessRetryMs: 90_000,
  steadyAfterMs: 10_000,
  outputQueueMaxBytes: 2_560_000,
  maxWritesInFlight: 4,
  notSentLowWaterBytes: 128 * 1024,
  stopTimeoutMs: 2_000,
});
