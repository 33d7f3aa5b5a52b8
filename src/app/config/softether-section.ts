import { defaultSoftEtherLimits, type SoftEtherLimits } from '#softether';
import { flag, integer, type Section } from './setting.ts';

const day = 24 * 60 * 60_000;
const limits = defaultSoftEtherLimits;

export const softether: Section<SoftEtherLimits> = {
  description: 'Limits and behaviour of the SoftEther protocol.',
  settings: {
    maxUnauthenticated: integer(
      limits.maxUnauthenticated,
      1,
      1_000_000,
      'Connections that have not logged in yet, TLS handshakes included. Above it new ones are closed at once.',
    ),
    maxUnauthenticatedPerAddress: integer(
      limits.maxUnauthenticatedPerAddress,
      1,
      1_000_000,
      'The same for one source address (IPv6: one /64).',
    ),
    maxUnauthenticatedPerAddressUnderLoad: integer(
      limits.maxUnauthenticatedPerAddressUnderLoad,
      1,
      1_000_000,
      'The same while more than half of maxUnauthenticated is in use, so that one source cannot keep all others out.',
    ),
    maxWaitingPerAddress: integer(
      limits.maxWaitingPerAddress,
      0,
      1_000_000,
      'Connections from one source address that wait for those above to log in, instead of being closed. None under load.',
    ),
    tlsHandshakesPerTurn: integer(
      limits.tlsHandshakesPerTurn,
      1,
      1000,
      'TLS handshakes that may begin before frames are forwarded again. Fewer keep forwarding smooth in a storm of log-ins.',
    ),
    handshakeTimeoutMs: integer(
      limits.handshakeTimeoutMs,
      1000,
      300_000,
      'Time from the TCP connection to the log-in.',
    ),
    maxRequests: integer(limits.maxRequests, 4, 1000, 'HTTP requests on one connection before its log-in.'),
    maxNoops: integer(
      limits.maxNoops,
      1,
      10_000,
      'Signs of life (one in 3 s) from a client that is asking its user for a password.',
    ),
    lingerMs: integer(
      limits.lingerMs,
      0,
      60_000,
      'How long a client that got its last answer may take to close the connection.',
    ),
    maxFailuresPerUserAndAddress: integer(
      limits.maxFailuresPerUserAndAddress,
      1,
      100_000,
      'Failed log-ins of one user from one address before a ban. Each minute forgives one.',
    ),
    maxFailuresPerAddress: integer(
      limits.maxFailuresPerAddress,
      1,
      100_000,
      'Failed log-ins from one address, whoever the user, before a ban. Each minute forgives one.',
    ),
    maxFailuresPerUser: integer(
      limits.maxFailuresPerUser,
      1,
      100_000,
      'Failed log-ins of one user, whatever the address, before a ban. Each minute forgives one.',
    ),
    freeFailures: integer(
      limits.freeFailures,
      0,
      100_000,
      'Failed log-ins that are answered at once; from then on each answer waits twice as long.',
    ),
    maxFailureDelayMs: integer(limits.maxFailureDelayMs, 0, 60_000, 'The longest such wait.'),
    banMs: integer(
      limits.banMs,
      1000,
      30 * day,
      'The first ban of an address or user; each further one is twice as long.',
    ),
    maxBanMs: integer(limits.maxBanMs, 1000, 365 * day, 'The longest ban.'),
    maxFailureEntries: integer(
      limits.maxFailureEntries,
      100,
      10_000_000,
      'Addresses and users whose failures are remembered. Above it the oldest that is not banned is forgotten.',
    ),
    maxAdminConnections: integer(limits.maxAdminConnections, 1, 100_000, 'Administrators connected at once.'),
    maxSessions: integer(limits.maxSessions, 1, 10_000_000, 'VPN sessions of this server at once.'),
    maxWritesInFlight: integer(
      limits.maxWritesInFlight,
      1,
      64,
      'Blocks of 64 KiB handed to one connection and not yet taken by the kernel.',
    ),
    resumeGraceMs: integer(
      limits.resumeGraceMs,
      0,
      60_000,
      'How long a session that lost its last TCP connection can be taken up again.',
    ),
    hangUpGraceMs: integer(
      limits.hangUpGraceMs,
      0,
      60_000,
      'The same after a hang-up without a TLS farewell, which is how stock clients end a session.',
    ),
    stopTimeoutMs: integer(
      limits.stopTimeoutMs,
      0,
      60_000,
      'Time for sessions to close in order when the server stops.',
    ),
    renegotiateAfterLogin: flag(
      limits.renegotiateAfterLogin,
      'A new TLS 1.2 handshake after each log-in heals stock clients that a crash of the server has left unable to receive.',
    ),
    allowUnencrypted: flag(
      limits.allowUnencrypted,
      'Whether a client whose settings ask for it may send frames in clear after its log-in.',
    ),
  },
  conflict: ({ maxUnauthenticated, maxUnauthenticatedPerAddress, banMs, maxBanMs }) => {
    if (maxUnauthenticatedPerAddress > maxUnauthenticated) {
      return {
        key: 'maxUnauthenticatedPerAddress',
        message: `must not exceed maxUnauthenticated, ${maxUnauthenticated}`,
      };
    }
    return banMs > maxBanMs ? { key: 'banMs', message: `must not exceed maxBanMs, ${maxBanMs}` } : undefined;
  },
};
