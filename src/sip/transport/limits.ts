/** What the transport layer holds at most, and how long it waits. */
export const transportLimits = {
  /** Connections of one member, both ways. Beyond it new ones from outside are closed at once, and none is opened. */
  maxConnections: 20_000,
  /** Of them, from one address: behind one router may be a whole office. Beyond it new ones are closed at once. */
  maxConnectionsPerAddress: 2_000,
  /** A connection on which no message has come must send one within this time, its handshake included. */
  firstMessageMs: 32_000,
  handshakeTimeoutMs: 10_000,
  dialTimeoutMs: 5_000,
  /** Unsent on one connection. Beyond it the connection is closed: its other side does not read. */
  queueMaxBytes: 1_048_576,
  /** Messages that wait for a connection to be opened. Beyond it the newest fails. */
  maxWaiting: 256,
  /** Senders by UDP whose hop is remembered, for each socket. Beyond it all are forgotten, and learnt again. */
  maxRemotes: 65_536,
  /** RFC 3261 §18.1.1: more than this goes by TCP where that is possible (the path's limit is not known). */
  datagramSafeBytes: 1_300,
  /** How long UDP is taken for large messages too, after a place has refused TCP. */
  tcpRefusedMs: 600_000,
  /** Sends by UDP whose sender is told when ICMP says that nobody is there. Beyond it the oldest is not told. */
  maxRecentSends: 1_024,
  recentSendMs: 5_000,
  /** SO_RCVBUF of UDP sockets: a burst waits there. */
  receiveBufferBytes: 4_194_304,
  /** Places whose own address was worked out. Beyond it all are forgotten. */
  maxSources: 16_384,
  /** How often addresses that a machine gets or loses are looked for, and ports that could not be opened tried again. */
  refreshMs: 5_000,
} as const;
