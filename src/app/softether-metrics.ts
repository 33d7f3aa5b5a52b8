import type { SoftEtherCounters } from '#softether';
import type { Metric } from './metrics.ts';

const help: { readonly [C in keyof SoftEtherCounters]: string } = {
  connectionsAccepted: 'Connections that finished their TLS handshake.',
  connectionsRefused: 'TCP connections closed at once since too many had not logged in.',
  connectionsAbandoned: 'TCP connections that ended before TLS was up.',
  handshakeTimeouts: 'Connections closed since they took too long to log in.',
  protocolErrors: 'Connections closed for bytes against the rules.',
  httpConnections: 'Connections given to the HTTP server.',
  probes: 'First requests with which stock clients look for a server.',
  logins: 'VPN log-ins that succeeded.',
  loginsRefused: 'VPN log-ins that were refused.',
  adminLogins: 'Log-ins of administrators that succeeded.',
  guardRefusals: 'Log-ins refused unseen since their address or user is banned.',
  bansBegun: 'Bans of addresses and users.',
  sessionsEnded: 'VPN sessions that ended.',
  sessionsResumed: 'VPN sessions that went on after their last connection was lost.',
  sessionTimeouts: 'VPN sessions that ended since nothing came any more.',
  socketsAdded: 'TCP connections that became part of a session, its first one too.',
  socketsLost: 'TCP connections of sessions that ended out of order.',
  socketTimeouts: 'TCP connections of sessions closed since nothing came any more.',
  keepAlivesSent: 'Keep-alives sent.',
  renegotiations: 'TLS renegotiations begun after a log-in.',
  renegotiationsFailed: 'TLS renegotiations that the client did not take.',
};

export const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What the SoftEther server counts, one counter each: `hubfarm_softether_logins_total`, … */
export function softEtherMetrics(counters: Readonly<SoftEtherCounters>): Metric[] {
  return (Object.keys(help) as (keyof SoftEtherCounters)[]).map((counter) => ({
    name: `hubfarm_softether_${snakeCase(counter)}_total`,
    help: help[counter],
    kind: 'counter',
    collect: () => counters[counter],
  }));
}
