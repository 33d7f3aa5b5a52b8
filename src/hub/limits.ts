/** Every cap of a Virtual Hub's data plane, with what happens there. Times in the tables have one second resolution. */
export interface HubLimits {
  /** MAC addresses per hub. A frame from a further one is dropped and counted. */
  readonly maxMacEntries: number;
  /** Seconds since the last frame from it. */
  readonly macExpirySeconds: number;
  /** IP addresses per hub. A further one replaces the entry that was made first. */
  readonly maxIpEntries: number;
  readonly ipExpirySeconds: number;
  readonly dhcpIpExpirySeconds: number;
  /** With CheckMac, CheckIP, CheckIPv6 and on bridges: for so long after its last use an address cannot change port. */
  readonly exclusiveSeconds: number;
  /** Bytes waiting for one session. Frames that come when it is full are dropped (drop-tail) and counted. */
  readonly outputQueueMaxBytes: number;
  /** Bytes waiting for all sessions of a member. When there are more, each session gets `outputQueueScarceBytes`. */
  readonly outputMemoryBytes: number;
  readonly outputQueueScarceBytes: number;
  /** Frames per second with one source MAC and one pair of IP addresses that may be flooded (storm limiter). */
  readonly stormThresholdPerSecond: number;
  /** Writes per second that flooding alone may cause in a hub before they are gathered for some milliseconds. */
  readonly floodWritesPerSecond: number;
  readonly floodHoldMinMs: number;
  readonly floodHoldMaxMs: number;
  /** Held output of a session goes out at once when it has grown to this: it still fits into a small buffer. */
  readonly floodHoldMaxBytes: number;
}

export const defaultHubLimits: HubLimits = Object.freeze({
  maxMacEntries: 65_536,
  macExpirySeconds: 600,
  maxIpEntries: 65_536,
  ipExpirySeconds: 60,
  dhcpIpExpirySeconds: 300,
  exclusiveSeconds: 13,
  // As the original. Less makes bulk TCP lose frames: its windows grow to some megabytes before anything slows them.
  outputQueueMaxBytes: 2_560_000,
  outputMemoryBytes: 256 * 1024 * 1024,
  outputQueueScarceBytes: 256 * 1024,
  stormThresholdPerSecond: 32,
  floodWritesPerSecond: 1_000,
  floodHoldMinMs: 4,
  floodHoldMaxMs: 100,
  floodHoldMaxBytes: 3_584,
});
