/** Everything that bounds the server side of the SoftEther protocol. Times in milliseconds, sizes in bytes. */
export interface SoftEtherLimits {
  // -- connections that have not logged in
  /** In all, TLS handshakes included. At the cap new TCP connections are closed unread. */
  readonly maxUnauthenticated: number;
  /** Per source address (IPv6: per /64). */
  readonly maxUnauthenticatedPerAddress: number;
  /** The same while more than half of `maxUnauthenticated` is in use: one source cannot keep the others out. */
  readonly maxUnauthenticatedPerAddressUnderLoad: number;
  /**
   * Connections per source address that are let in above its limit, and whose TLS handshakes wait for those before them.
   * None under load.
   */
  readonly maxWaitingPerAddress: number;
  /** TLS handshakes that may begin in one turn of the loop; the rest wait their turn, frames in between. */
  readonly tlsHandshakesPerTurn: number;
  /** From the TCP connection to a log-in; each NOOP of a client that asks its user starts it anew. */
  readonly handshakeTimeoutMs: number;
  /** HTTP requests of any kind on one connection before the log-in; one more closes it. */
  readonly maxRequests: number;
  /** NOOPs of a client that asks its user (one in 3 s); one more closes the connection. */
  readonly maxNoops: number;
  /** How long a client that was answered for good may take to close, before we do. */
  readonly lingerMs: number;

  // -- log-in failures (see LoginGuard)
  /** Failures of one user from one address; each minute forgives one. */
  readonly maxFailuresPerUserAndAddress: number;
  /** Failures from one address, whoever the user; each minute forgives one. */
  readonly maxFailuresPerAddress: number;
  /** Failures of one user, whatever the address; each minute forgives one. */
  readonly maxFailuresPerUser: number;
  /** Failures that are answered at once; from then on the answer waits, doubling from half a second. */
  readonly freeFailures: number;
  readonly maxFailureDelayMs: number;
  /** The first ban; it doubles with each further one. */
  readonly banMs: number;
  readonly maxBanMs: number;
  /** Entries of each failure table; at the cap the oldest that is not banned is forgotten. */
  readonly maxFailureEntries: number;

  // -- administration connections
  readonly maxAdminConnections: number;

  // -- sessions
  /** VPN sessions of this member; a log-in above it is answered 16. */
  readonly maxSessions: number;
  /** Blocks handed to one socket and not yet taken by the kernel. The rest waits in the port's queue, which drops. */
  readonly maxWritesInFlight: number;
  /** How long a session without any socket can be resumed, where its last socket broke. */
  readonly resumeGraceMs: number;
  /** The same where its last socket was hung up (FIN without close_notify), as stock clients do to end a session. */
  readonly hangUpGraceMs: number;
  /** At server stop: after this, sockets that have not closed are destroyed. */
  readonly stopTimeoutMs: number;

  // -- behaviour
  /** Renegotiate TLS 1.2 after a log-in: heals stock clients that an unclean end of TCP has poisoned. */
  readonly renegotiateAfterLogin: boolean;
  /** Whether a client that asks for it gets `use_encrypt=0`: frames in clear after the log-in. */
  readonly allowUnencrypted: boolean;
}

export const defaultSoftEtherLimits: SoftEtherLimits = {
  maxUnauthenticated: 1000,
  maxUnauthenticatedPerAddress: 256,
  maxUnauthenticatedPerAddressUnderLoad: 32,
  maxWaitingPerAddress: 256,
  tlsHandshakesPerTurn: 2,
  handshakeTimeoutMs: 15_000,
  maxRequests: 19,
  maxNoops: 30,
  lingerMs: 3_000,
  maxFailuresPerUserAndAddress: 10,
  maxFailuresPerAddress: 50,
  maxFailuresPerUser: 50,
  freeFailures: 2,
  maxFailureDelayMs: 8_000,
  banMs: 5 * 60_000,
  maxBanMs: 60 * 60_000,
  maxFailureEntries: 10_000,
  maxAdminConnections: 128,
  maxSessions: 100_000,
  maxWritesInFlight: 4,
  resumeGraceMs: 5_000,
  hangUpGraceMs: 750,
  stopTimeoutMs: 4_000,
  renegotiateAfterLogin: true,
  allowUnencrypted: true,
};
