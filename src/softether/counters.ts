/** What the server counts, for `/metrics`. Only ever grows. */
export interface SoftEtherCounters {
  connectionsAccepted: number;
  /** By `admits`: too many without a log-in. */
  connectionsRefused: number;
  /** Ended before TLS was up. */
  connectionsAbandoned: number;
  handshakeTimeouts: number;
  /** Closed for bytes that are no SoftEther, no HTTP, or against the rules. */
  protocolErrors: number;
  /** Given to the HTTP server. */
  httpConnections: number;
  probes: number;
  logins: number;
  loginsRefused: number;
  adminLogins: number;
  guardRefusals: number;
  bansBegun: number;
  sessionsEnded: number;
  /** Sessions that got a socket again after the last one was lost. */
  sessionsResumed: number;
  sessionTimeouts: number;
  socketsAdded: number;
  socketsLost: number;
  socketTimeouts: number;
  keepAlivesSent: number;
  renegotiations: number;
  renegotiationsFailed: number;
}

export function newCounters(): SoftEtherCounters {
  return {
    connectionsAccepted: 0,
    connectionsRefused: 0,
    connectionsAbandoned: 0,
    handshakeTimeouts: 0,
    protocolErrors: 0,
    httpConnections: 0,
    probes: 0,
    logins: 0,
    loginsRefused: 0,
    adminLogins: 0,
    guardRefusals: 0,
    bansBegun: 0,
    sessionsEnded: 0,
    sessionsResumed: 0,
    sessionTimeouts: 0,
    socketsAdded: 0,
    socketsLost: 0,
    socketTimeouts: 0,
    keepAlivesSent: 0,
    renegotiations: 0,
    renegotiationsFailed: 0,
  };
}
