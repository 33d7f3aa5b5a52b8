import { isIpAddress, silentLogger } from '#base';
import { SeededRandom, VirtualClock } from '#io/sim';
import { defaultCoreSettings } from '../../src/sip/core/settings.ts';
import { decodeMessage } from '../../src/sip/message/decode.ts';
import { SipMessage } from '../../src/sip/message/sip-message.ts';
import { createSipServer, type SipServer, type SipServices } from '../../src/sip/server.ts';
import type { Hop } from '../../src/sip/transport/hop.ts';
import type { Target } from '../../src/sip/transport/target.ts';
import type { TransportListener } from '../../src/sip/transport/transport-layer.ts';
import { parseTransport } from '../../src/sip/transport/transport-name.ts';

export const ownAddress = '192.0.2.100';

export interface Sent {
  readonly to: string;
  readonly text: string;
}

export interface BareServer {
  readonly clock: VirtualClock;
  readonly server: SipServer;
  /** Call records, as they are written. */
  readonly records: readonly string[];
  /** Datagrams that went a short way. */
  takenCount(): number;
  /** What it has sent since the last time, after this. */
  hear(bytes: Buffer, hop: Hop): Sent[];
  since(): Sent[];
  /** A request that was sent certainly has not arrived. */
  fail(text: string, error: Error): void;
}

/** By UDP, to the server's socket. */
export const hopOf = (remoteAddress: string, remotePort: number): Hop => ({
  transport: 'udp',
  local: { address: ownAddress, port: 5060 },
  socketId: 3,
  remoteAddress,
  remotePort,
  connectionId: 0,
  receivedMs: 0,
});

const never = (): never => {
  throw new Error('nobody asks');
};

/**
 * A server without sockets, accounts and registrations, but for those that are in `services`, to hold its short ways against the long
 * one: without them it is not asked about datagrams.
 */
export function openBareServer(hasShortWays: boolean, services: Partial<SipServices> = {}): BareServer {
  const clock = services.clock instanceof VirtualClock ? services.clock : new VirtualClock(1_700_000_000_000);
  let listener: TransportListener | undefined;
  const sent: Sent[] = [];
  const records: string[] = [];
  const failures = new Map<string, (error: Error) => void>();
  const put = (bytes: Buffer, { address, port, socketId = 0 }: Target): void => {
    sent.push({ to: `${address}:${port} by ${socketId}`, text: bytes.toString('latin1') });
  };
  const server = createSipServer({
    random: new SeededRandom(2),
    logger: silentLogger,
    transport: {
      listen: (one) => void (listener = one),
      respond: (bytes, { remoteAddress, remotePort, socketId }, { rport, port }) =>
        put(bytes, {
          transport: 'udp',
          address: remoteAddress,
          port: rport === undefined ? (port ?? 5060) : remotePort,
          socketId,
        }),
      send: (bytes, target, failed) => {
        failures.set(bytes.toString('latin1'), failed);
        put(bytes, target);
      },
      viaFor: ({ transport }) => ({ sentBy: `${ownAddress}:5060`, transport: transport.toUpperCase() }),
      isOwnAddress: (host) => host === ownAddress,
      hasFlow: () => false,
      figures: never,
    },
    locator: {
      locate: () => Promise.resolve([]),
      locateNow: (uri) => {
        const transport = parseTransport(uri.param('transport') ?? 'udp');
        if (transport === undefined || !isIpAddress(uri.host)) return [];
        return [{ transport, address: uri.host, port: uri.port ?? 5060 }];
      },
      failed: () => undefined,
    },
    directory: {
      isLocal: (host) => host === 'example.org',
      find: () => undefined,
      named: () => undefined,
      accountOfNumber: () => undefined,
    },
    authenticator: { verify: () => ({ kind: 'refused', status: 403, reason: 'No' }) },
    location: { lookup: () => [], aors: () => new Map<string, never>().keys(), onChange: () => () => undefined },
    registrar: { handle: never },
    callRecords: { write: (line) => records.push(line) > 0 },
    member: 'a',
    secret: Buffer.alloc(16, 7),
    settings: { ...defaultCoreSettings, trusted: ['192.0.2.0/24'], natPing: { method: 'none', periodS: 30 } },
    ...services,
    clock,
  });
  server.start();
  let taken = 0;
  return {
    clock,
    records,
    server,
    takenCount: () => taken,
    hear(bytes, hop) {
      if (hasShortWays && listener?.datagram?.(bytes, hop) === true) taken++;
      else {
        const message = decodeMessage(bytes);
        if (message instanceof SipMessage) listener?.message(message, hop);
        else listener?.bad(message, hop);
      }
      return sent.splice(0);
    },
    since: () => sent.splice(0),
    fail: (text, error) => failures.get(text)?.(error),
  };
}

/** Makes one byte another one; `at` in thousandths of the text. */
export function damaged(text: string, change: readonly [at: number, byte: number] | undefined): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (change !== undefined) bytes[Math.floor((change[0] * bytes.length) / 1000)] = change[1];
  return bytes;
}
