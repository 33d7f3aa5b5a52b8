import { silentLogger } from '#base';
import type { MemoryDatagrams, MemoryNetwork, SeededRandom, VirtualClock } from '#io/sim';
import type { Account } from '../../../src/sip/accounts/account.ts';
import { defaultCoreSettings, type CoreSettings } from '../../../src/sip/core/settings.ts';
import type { Farm } from '../../../src/sip/farm/farm.ts';
import type { openFarm } from '../../../src/sip/farm/open-farm.ts';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import { createSipServer, type SipServer, type SipServices } from '../../../src/sip/server.ts';
import { SipTransport } from '../../../src/sip/transport/sip-transport.ts';
import type { TransportListener } from '../../../src/sip/transport/transport-layer.ts';
import type { TransportName } from '../../../src/sip/transport/transport-name.ts';
import { defaultTransportSettings, MemoryWebSockets } from '../transport/transport-world.ts';

/** Of the load balancer, and of every member: direct server return. */
export const VIP = '192.0.2.1';
export const SECRET = Buffer.from('0123456789abcdef0123456789abcdef');

/** What the servers of a world have in common. */
export interface ServerWorld {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly streams: MemoryNetwork;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly bindings: ReadonlyMap<string, readonly Binding[]>;
  readonly options: ServerWorldOptions;
}

export interface ServerWorldOptions {
  readonly settings?: Partial<CoreSettings>;
  /** Instead of those of the test. */
  readonly services?: (member: string, clock: VirtualClock) => Partial<SipServices>;
  /** Every datagram is read as a message; absent: what is plain is not. */
  readonly hasNoShortWays?: boolean;
}

export function memberTransport(world: ServerWorld, machine: MemoryDatagrams, address: string): SipTransport {
  return new SipTransport(
    {
      clock: world.clock,
      random: world.random,
      logger: silentLogger,
      datagrams: machine,
      network: world.streams.host(address).network,
      webSockets: new MemoryWebSockets(),
      identity: () => {
        throw new Error('no certificate here');
      },
    },
    {
      ...defaultTransportSettings,
      plain: [VIP, address].map((host) => ({ host, port: 5060 })),
      tls: [],
      ws: [],
    },
  );
}

/** Its core, on the farm's transport. */
export function memberServer(world: ServerWorld, name: string, farm: Farm): SipServer {
  return createSipServer({
    clock: world.clock,
    random: world.random,
    logger: silentLogger,
    transport: farm.transport,
    locator: {
      locateNow: (uri) => {
        const transport = (uri.param('transport') ?? 'udp') as TransportName;
        return [{ transport, address: uri.host, port: uri.port ?? 5060 }];
      },
      locate: () => Promise.resolve([]),
      failed: () => undefined,
    },
    directory: {
      isLocal: (host) => host === 'example.org',
      find: (user, host) => (host === 'example.org' ? world.accounts.get(user) : undefined),
      named: (user, host) => (host === 'example.org' ? world.accounts.get(user) : undefined),
      accountOfNumber: () => undefined,
    },
    authenticator: { verify: () => ({ kind: 'refused', status: 403, reason: 'not in this test' }) },
    location: {
      lookup: (aor) => world.bindings.get(aor) ?? [],
      aors: () => world.bindings.keys(),
      onChange: () => () => undefined,
    },
    registrar: { handle: () => undefined },
    owner: farm.owner,
    member: name,
    memberName: name,
    secret: SECRET,
    settings: {
      ...defaultCoreSettings,
      trusted: ['198.51.100.0/24'],
      natPing: { ...defaultCoreSettings.natPing, method: 'none' },
      ...world.options.settings,
    },
    ...world.options.services?.(name, world.clock),
  });
}

/** As the wiring does: an object of its own around the transport. */
export function ownMethods(
  transport: SipTransport,
  seen: TransportListener['message'],
  { hasNoShortWays = false }: Pick<ServerWorldOptions, 'hasNoShortWays'>,
): Parameters<typeof openFarm>[0]['transport'] {
  return {
    listen: (listener) =>
      transport.listen({
        message: (message, hop) => {
          seen(message, hop);
          listener.message(message, hop);
        },
        bad: (bad, hop) => listener.bad(bad, hop),
        flowEnded: (hop) => listener.flowEnded(hop),
        datagram: (bytes, hop) => !hasNoShortWays && listener.datagram?.(bytes, hop) === true,
      }),
    respond: (bytes, hop, via) => transport.respond(bytes, hop, via),
    send: (bytes, target, failed) => transport.send(bytes, target, failed),
    viaFor: (target) => transport.viaFor(target),
    isOwnAddress: (host, port, name) => transport.isOwnAddress(host, port, name),
    hasFlow: (connectionId, member) => transport.hasFlow(connectionId, member),
    figures: () => transport.figures(),
    listening: () => transport.listening(),
    isThisServer: (host, port) => transport.isThisServer(host, port),
  };
}
