import { IoError, type Clock, type Datagram, type Datagrams, type RunningListener, type ServerIdentity } from '#io';
import type { ByteStream, Endpoint, Network, TcpNetwork, WebSocketChannel, WebSockets } from '#io';
import { messageLimits } from '../message/limits.ts';
import { transportLimits } from './limits.ts';
import type { ListenerPlan } from './sip-listeners.ts';
import type { SipListenAddress, TransportSettings } from './settings.ts';
import type { TransportName } from './transport-name.ts';

/** SIP over WebSocket: its subprotocol is that of RFC 7118 §4. */
export const webSocketSettings = {
  protocol: 'sip',
  messageMaxBytes: messageLimits.streamMaxBytes,
  handshakeTimeoutMs: transportLimits.handshakeTimeoutMs,
} as const;
const secureTransports: readonly TransportName[] = ['tls', 'wss'];

export interface ListenerPlanParts {
  readonly clock: Clock;
  readonly datagrams: Datagrams;
  readonly network: Network & TcpNetwork;
  readonly webSockets: WebSockets;
  /** Of listeners with TLS; read at each connection. */
  readonly identity: () => ServerIdentity;
  readonly admit: (remote: Endpoint) => boolean;
  /** An admitted connection has become one, or has gone. */
  readonly arrived: () => void;
  readonly troubled: (transport: TransportName, error: Error) => void;
  /** Each gives what takes the socket away again. */
  readonly openedUdp: (id: number, socket: Datagram) => () => void;
  readonly opened: (id: number, transport: TransportName, local: Endpoint) => () => void;
  readonly connected: (id: number, transport: TransportName, stream: ByteStream) => void;
  readonly joined: (id: number, transport: TransportName, channel: WebSocketChannel) => void;
  /** It is one of this machine's. */
  readonly hasAddress: (address: string) => boolean;
  /** There are, or may come to be, sockets on single addresses beside those on all. */
  readonly isShared: () => boolean;
}

/** The sockets that the settings ask for, with their ids, in the order of the settings. */
export function listenerPlans(parts: ListenerPlanParts, settings: TransportSettings): readonly ListenerPlan[] {
  const plans: ListenerPlan[] = [];
  let lastId = 0;
  const streams = (transport: TransportName, at: readonly SipListenAddress[]): void => {
    for (const { host, port } of at) {
      // On every address of a port there is one listener for streams: the kernel knows on which address a client came.
      if (host !== undefined && at.some((other) => other.host === undefined && other.port === port)) continue;
      const id = ++lastId;
      const open = (): Promise<() => Promise<void>> => openStreams(parts, settings, { id, transport, host, port });
      plans.push({ transport, host, bindTo: host ?? '::', port, isOptional: false, open });
    }
  };
  for (const { host, port } of settings.plain) {
    for (const bindTo of host === undefined ? ['0.0.0.0', '::'] : [host]) {
      const id = ++lastId;
      const open = (): Promise<() => Promise<void>> => openUdp(parts, settings, { id, bindTo, port });
      plans.push({ transport: 'udp', host, bindTo, port, isOptional: host === undefined && bindTo === '::', open });
    }
  }
  streams('tcp', settings.plain);
  for (const transport of ['tls', 'ws', 'wss'] as const) streams(transport, settings[transport]);
  return plans;
}

/** Their ids are far from those of the others, and the same as long as the settings are: answers are sent by them. */
const firstVirtualId = 1_000;

/**
 * Sockets on virtual addresses (direct server return): answers must come from there. By UDP, beside a socket on all
 * addresses; streams have the address that they came to anyway, unless nothing listens on all addresses.
 */
export function virtualPlans(
  parts: ListenerPlanParts,
  settings: TransportSettings,
  addresses: readonly string[],
): readonly ListenerPlan[] {
  const plans: ListenerPlan[] = [];
  let lastId = firstVirtualId;
  for (const host of addresses) {
    const plan = (transport: TransportName, port: number, open: ListenerPlan['open']): ListenerPlan => ({
      ...{ transport, host, bindTo: host, port, isOptional: false, open },
      isPossible: () => parts.hasAddress(host),
    });
    for (const port of portsWithout(settings.plain, host)) {
      const id = ++lastId;
      plans.push(plan('udp', port, () => openUdp(parts, settings, { id, bindTo: host, port })));
    }
    const streams = { tcp: settings.plain, tls: settings.tls, ws: settings.ws, wss: settings.wss };
    for (const transport of ['tcp', 'tls', 'ws', 'wss'] as const) {
      const places = streams[transport];
      for (const port of portsWithout(places, host)) {
        const id = ++lastId;
        if (places.some((place) => place.host === undefined && place.port === port)) continue;
        plans.push(plan(transport, port, () => openStreams(parts, settings, { id, transport, host, port })));
      }
    }
  }
  return plans;
}

/** Ports of these places, but not where the address itself is one of them. */
function portsWithout(places: readonly SipListenAddress[], host: string): readonly number[] {
  const ports = new Set(places.map(({ port }) => port));
  for (const place of places) if (place.host === host) ports.delete(place.port);
  return [...ports];
}

async function openUdp(
  { datagrams, openedUdp, isShared }: ListenerPlanParts,
  { plain, reusePort, typeOfService }: TransportSettings,
  { id, bindTo, port }: { readonly id: number; readonly bindTo: string; readonly port: number },
): Promise<() => Promise<void>> {
  const ofPort = plain.filter((one) => one.port === port);
  const socket = await datagrams.bind({
    host: bindTo,
    port,
    reusePort,
    // A virtual address of its own beside all addresses (direct server return).
    reuseAddress: ofPort.some((one) => one.host === undefined) && (ofPort.length > 1 || isShared()),
    receiveBufferBytes: transportLimits.receiveBufferBytes,
    ...(typeOfService === undefined ? {} : { typeOfService }),
  });
  const closed = openedUdp(id, socket);
  return () => {
    closed();
    return Promise.resolve();
  };
}

interface StreamPlace {
  readonly id: number;
  readonly transport: TransportName;
  readonly host: string | undefined;
  readonly port: number;
}

async function openStreams(
  parts: ListenerPlanParts,
  { reusePort }: TransportSettings,
  { id, transport, host, port }: StreamPlace,
): Promise<() => Promise<void>> {
  const listen = listenFor(parts, { id, transport });
  const at = (address: string): Promise<RunningListener> => listen({ host: address, port, reusePort });
  const listener = await at(host ?? '::').catch((error: unknown) => {
    const isWithoutIpv6 = error instanceof IoError && error.code === 'ADDRESS_NOT_AVAILABLE';
    if (host === undefined && isWithoutIpv6) return at('0.0.0.0');
    throw error;
  });
  const closed = parts.opened(id, transport, listener.local);
  return () => {
    closed();
    return listener.close();
  };
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
}

function listenFor(
  parts: ListenerPlanParts,
  { id, transport }: { readonly id: number; readonly transport: TransportName },
): (place: Place) => Promise<RunningListener> {
  const { network, webSockets, identity, admit, arrived } = parts;
  const troubled = (error: Error): void => parts.troubled(transport, error);
  const connected = (stream: ByteStream): void => {
    arrived();
    parts.connected(id, transport, stream);
  };
  const { handshakeTimeoutMs } = transportLimits;
  switch (transport) {
    case 'tcp':
      return (place) => network.listenTcp({ ...place, admit, troubled, connected });
    case 'tls':
      return (place) =>
        network.listenTls({
          ...place,
          identity,
          handshakeTimeoutMs,
          admit,
          troubled,
          abandoned: arrived,
          connected,
          chooseMaxVersion: () => 'TLSv1.3',
        });
    case 'ws':
    case 'wss':
      return (place) =>
        webSockets.listen({
          ...place,
          identity: secureTransports.includes(transport) ? identity : undefined,
          ...webSocketSettings,
          admit,
          troubled,
          abandoned: arrived,
          connected: (channel) => {
            arrived();
            parts.joined(id, transport, channel);
          },
        });
    case 'udp':
      throw new Error('UDP has no connections');
  }
}
