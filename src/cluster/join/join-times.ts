/** How long each side waits, and how far clocks may be apart. Milliseconds. */
export const joinTimes = {
  dialMs: 10_000,
  /** Until hello, share and proofs. */
  earlyMs: 20_000,
  /** Until the request: the newcomer makes a key. */
  requestMs: 30_000,
  /** Between two messages of the controller while it works, which waits for a slow engine, and takes back what it began. */
  workMs: 120_000,
  /** Until the newcomer has written down what it was granted. */
  acceptedMs: 60_000,
  /** Leases, tickets and certificates go by the clock. */
  maxClockSkewMs: 5_000,
  /** For one public port. */
  reachMs: 6_000,
  /** After the answer to whoever asked, before the connections go. */
  restartDelayMs: 1_000,
} as const;

const DAY_MS = 86_400_000;

export const certificateLives = {
  authorityMs: 20 * 365 * DAY_MS,
  serverMs: 90 * DAY_MS,
  /** Renewed when this part of it has passed; the old one stays valid. */
  renewAt: 2 / 3,
} as const;
