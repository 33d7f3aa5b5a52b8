import type { Logger } from '#base';
import { IoError, type ByteStream, type Clock, type Datagrams, type Network, type ServerIdentity } from '#io';
import type { Random, TcpNetwork, Timer, WebSocketAcceptor, WebSocketChannel, WebSockets } from '#io';
import { messageLimits } from '../message/limits.ts';
import type { Connection } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import { Face, type FaceOptions } from './face.ts';
import { addressAndPort, type Hop } from './hop.ts';
import { LargeRequests } from './large-requests.ts';
import { transportLimits } from './limits.ts';
import { listenerPlans, virtualPlans, webSocketSettings, type ListenerPlanParts } from './listener-plans.ts';
import { LocalSockets, type LocalSocket } from './local-sockets.ts';
import { MessageCounters } from './message-counters.ts';
import { OwnAddresses } from './own-addresses.ts';
import { RecentSends } from './recent-sends.ts';
import { RefusedServers } from './refused-servers.ts';
import type { SipListenerStatus, TransportSettings } from './settings.ts';
import { SipListeners } from './sip-listeners.ts';
import { StreamConnection, type ConnectionParts } from './stream-connection.ts';
import { StreamDialler } from './stream-dialler.ts';
import type { Target } from './target.ts';
import type { AnswerPlace, SentBy, TransportFigures, TransportLayer, TransportListener } from './transport-layer.ts';
import { defaultPort, type TransportName } from './transport-name.ts';
import { UdpPort } from './udp-port.ts';
import { WebSocketConnection } from './web-socket-connection.ts';

/** How often the machine is asked for its routes. */
const ROUTES_MS = 30_000;

export interface TransportServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly datagrams: Datagrams;
  readonly network: Network & TcpNetwork;
  readonly webSockets: WebSockets;
  /** Certificate and key of listeners with TLS. */
  readonly identity: () => ServerIdentity;
}

type Failed = (error: Error) => void;

/** RFC 3261 §18 over the sockets of one member. */
export class SipTransport implements TransportLayer {
  readonly counters = new MessageCounters();
  readonly #services: TransportServices;
  readonly #settings: TransportSettings;
  readonly #own: OwnAddresses;
  readonly #sockets: LocalSockets;
  readonly #listeners: SipListeners;
  readonly #udpPorts = new Map<number, UdpPort>();
  /** By the address that datagrams go to, where no socket is named. */
  readonly #udpPortOf = new Map<string, UdpPort>();
  readonly #connections: ConnectionTable;
  readonly #dialler: StreamDialler;
  /** Of connections that another listener of this server has accepted. */
  readonly #upgrades: WebSocketAcceptor;
  readonly #recent = new RecentSends();
  readonly #refused: RefusedServers;
  readonly #large: LargeRequests;
  #listener: TransportListener | undefined;
  #routes: Timer | undefined;
  #socketsChanged: () => void = () => undefined;

  constructor(services: TransportServices, settings: TransportSettings) {
    const { clock, datagrams, network } = services;
    this.#services = services;
    this.#settings = settings;
    this.#own = new OwnAddresses({ datagrams, nowMs: () => clock.nowMs() });
    this.#sockets = new LocalSockets(this.#own, settings.names);
    this.#connections = new ConnectionTable({
      clock,
      random: services.random,
      idleMs: settings.connectionIdleMs,
      ended: ({ hop }) => this.#requireListener().flowEnded(hop),
    });
    this.#large = new LargeRequests({
      nowMs: () => clock.nowMs(),
      byUdp: (bytes, target, failed) => this.#sendByUdp(bytes, target, failed),
      byStream: (bytes, target, failed) => this.#sendByStream(bytes, target, failed),
      isConnected: (target) => this.#connections.find(target) !== undefined,
    });
    this.#refused = new RefusedServers(clock, services.logger);
    this.#dialler = new StreamDialler({
      network,
      verifyServers: settings.verifyServers,
      refused: (target, error) => this.#refused.tell(target, error),
      connected: (stream, target) => this.#dialled(stream, target),
    });
    this.#upgrades = services.webSockets.acceptor({
      ...webSocketSettings,
      abandoned: () => this.#connections.arrived(),
      connected: (channel) => {
        this.#connections.arrived();
        this.#joined(0, 'wss', channel);
      },
    });
    const changed = (): void => this.#socketsChanged();
    this.#listeners = new SipListeners({ ...services, changed }, listenerPlans(this.#planParts(), settings));
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
  }

  /** Opens what can be opened; the rest is shown by `listeners` and tried again. */
  async start(): Promise<void> {
    this.#requireListener();
    await this.#own.refresh();
    this.#routes = this.#services.clock.every(ROUTES_MS, () => {
      void this.#own.refresh().then(() => this.#sockets.forgetSources());
    });
    await this.#listeners.start();
  }

  /** Ends connections in order. Nothing is delivered afterwards. */
  async stop(): Promise<void> {
    this.#routes?.cancel();
    this.#dialler.stop();
    this.#upgrades.close();
    this.#connections.closeAll();
    await this.#listeners.stop();
  }

  listeners(): readonly SipListenerStatus[] {
    return this.#listeners.list();
  }

  /** How the world outside sees this server; resolves when there are sockets on the virtual addresses that are here. */
  async show(options: FaceOptions): Promise<void> {
    const before = this.#sockets.face.options.virtualAddresses;
    this.#sockets.face = new Face(options);
    this.#udpPortOf.clear();
    const { virtualAddresses } = options;
    // What is bound to all addresses was not opened to have others beside it.
    if (before.length === 0 && virtualAddresses.length > 0) {
      await this.#listeners.reopen(({ transport, host }) => transport === 'udp' && host === undefined);
    }
    await this.#listeners.replaceVirtual(virtualPlans(this.#planParts(), this.#settings, virtualAddresses));
  }

  /** Looks at once for addresses and ports that have come or gone. */
  async refresh(): Promise<void> {
    await this.#own.refresh();
    this.#sockets.forgetSources();
    await this.#listeners.look();
  }

  /** Virtual addresses with a socket of this member on them. */
  boundFaces(): readonly string[] {
    return this.#sockets.boundFaces();
  }

  /** The address of this machine that packets to `remote` leave from, as long as nobody on their way changes it. */
  sourceFor(remote: string): string {
    return this.#own.sourceFor(remote);
  }

  /** Told when there is a socket more or less. One listener. */
  onSockets(changed: () => void): void {
    this.#socketsChanged = changed;
  }

  respond(bytes: Buffer, hop: Hop, via: AnswerPlace): void {
    if (hop.transport === 'udp') this.#respondByUdp(bytes, hop, via);
    else if (!this.#sendOn(this.#connections.get(hop.connectionId), bytes)) this.#respondAnew(bytes, hop, via);
  }

  send(bytes: Buffer, target: Target, failed: Failed): void {
    if (target.connectionId !== undefined) {
      if (this.#sendOn(this.#connections.get(target.connectionId), bytes)) return;
      this.#fail(target, failed, 'its connection has ended');
    } else if (target.transport !== 'udp') this.#sendByStream(bytes, target, failed);
    else if (this.#large.concerns(bytes, target)) this.#large.send(bytes, target, failed);
    else this.#sendByUdp(bytes, target, failed);
  }

  viaFor(target: Target): SentBy {
    return this.#sockets.sentBy(target);
  }

  isOwnAddress(host: string, port: number | undefined, transport?: TransportName): boolean {
    return this.#sockets.isOwn(host, port, transport);
  }

  /** Somebody who knows the servers by their own addresses. */
  isInside(address: string): boolean {
    return this.#sockets.face.isInside(address);
  }

  /** An address of this machine that no other server answers for. */
  isThisServer(host: string, port: number | undefined): boolean {
    return this.#sockets.isThisServer(host, port);
  }

  /** Addresses of this machine that no other server answers for. */
  ownAddresses(): readonly string[] {
    return this.#sockets.ownAddresses();
  }

  /** Of another member nothing is known here. */
  hasFlow(connectionId: number, member?: string): boolean {
    return member === undefined && this.#connections.get(connectionId) !== undefined;
  }

  /** The sockets that listen now; the same array until one is added or removed. */
  listening(): readonly LocalSocket[] {
    return this.#sockets.all;
  }

  /** Address families in which it can reach others, best first. */
  families(): readonly (4 | 6)[] {
    return this.#sockets.families();
  }

  /** Takes a connection with TLS that another listener of this server has accepted; `unread` is its request for a WebSocket. */
  acceptWebSocket(stream: ByteStream, unread: Buffer): void {
    if (this.#connections.admit(stream.remote)) this.#upgrades.accept(stream, unread);
    else stream.destroy();
  }

  figures(): TransportFigures {
    return { transports: this.counters.transports, connections: this.#connections.size };
  }

  /** RFC 3261 §18.2.2 with RFC 3581 §4: by the socket that the request came in by. */
  #respondByUdp(
    bytes: Buffer,
    { remoteAddress, remotePort, socketId }: Hop,
    { maddr, port, rport }: AnswerPlace,
  ): void {
    const target: Target =
      maddr === undefined
        ? {
            transport: 'udp',
            address: remoteAddress,
            port: rport === undefined ? (port ?? defaultPort.udp) : remotePort,
            socketId,
          }
        : { transport: 'udp', address: maddr, port: port ?? defaultPort.udp, socketId };
    this.#sendByUdp(bytes, target, undefined);
  }

  /** The connection of the request has gone: RFC 3261 §18.2.2 opens one to its sender. Nobody listens at a browser. */
  #respondAnew(bytes: Buffer, { transport, remoteAddress }: Hop, { port, host }: AnswerPlace): void {
    if (transport === 'ws' || transport === 'wss') {
      this.counters.failed(transport);
      return;
    }
    const name = transport === 'tls' && host !== remoteAddress ? { tlsName: host } : {};
    const target = { transport, address: remoteAddress, port: port ?? defaultPort[transport], ...name };
    this.#sendByStream(bytes, target, () => undefined);
  }

  #sendByUdp(bytes: Buffer, target: Target, failed: Failed | undefined): void {
    const port = this.#udpPortFor(target);
    if (port === undefined || bytes.length > messageLimits.datagramMaxBytes) {
      const why = port === undefined ? 'no UDP socket of this server reaches it' : `${bytes.length} bytes are too many`;
      this.#fail(target, failed, why);
      return;
    }
    this.counters.sent('udp', bytes);
    if (failed !== undefined) {
      this.#recent.add(target.address, target.port, this.#services.clock.nowMs(), failed);
    }
    port.socket.send(bytes, target.address, target.port);
  }

  /** Asked for every datagram: the answer for each place is remembered. */
  #udpPortFor(target: Target): UdpPort | undefined {
    const { socketId, address } = target;
    const named = socketId === undefined ? undefined : this.#udpPorts.get(socketId);
    if (named !== undefined) return named;
    const known = this.#udpPortOf.get(address);
    if (known !== undefined) return known;
    const chosen = this.#sockets.choose(target);
    const port = chosen === undefined ? undefined : this.#udpPorts.get(chosen.id);
    if (port === undefined) return undefined;
    if (this.#udpPortOf.size >= transportLimits.maxSources) this.#udpPortOf.clear();
    this.#udpPortOf.set(address, port);
    return port;
  }

  #sendByStream(bytes: Buffer, target: Target, failed: Failed): void {
    if (this.#sendOn(this.#connections.find(target), bytes)) return;
    if (target.transport === 'ws' || target.transport === 'wss') {
      this.#fail(target, failed, 'it has no connection to this server, and browsers take none');
    } else if (this.#connections.isFull) {
      this.#fail(target, failed, `${this.#connections.size} connections are open already`);
    } else {
      this.#dialler.send(bytes, target, (error) => {
        this.counters.failed(target.transport);
        failed(error);
      });
    }
  }

  #sendOn(connection: Connection | undefined, bytes: Buffer): boolean {
    if (connection?.send(bytes) !== true) return false;
    this.counters.sent(connection.hop.transport, bytes);
    return true;
  }

  #fail({ transport, address, port }: Target, failed: Failed | undefined, why: string): void {
    this.counters.failed(transport);
    if (failed === undefined) return;
    const error = new IoError('UNREACHABLE', `cannot send to ${transport} ${addressAndPort(address, port)}: ${why}`);
    queueMicrotask(() => failed(error));
  }

  #dialled(stream: ByteStream, { transport, tlsName }: Target): (bytes: Buffer) => boolean {
    const connection = new StreamConnection(this.#connectionParts(0, transport, tlsName), stream);
    this.#connections.add(connection);
    connection.begin();
    return (bytes) => this.#sendOn(connection, bytes);
  }

  #connected(socketId: number, transport: TransportName, stream: ByteStream): void {
    const connection = new StreamConnection(this.#connectionParts(socketId, transport, undefined), stream);
    this.#connections.add(connection);
    connection.begin();
  }

  #joined(socketId: number, transport: TransportName, channel: WebSocketChannel): void {
    const connection = new WebSocketConnection(this.#connectionParts(socketId, transport, undefined), channel);
    this.#connections.add(connection);
    connection.begin();
  }

  #connectionParts(socketId: number, transport: TransportName, tlsName: string | undefined): ConnectionParts {
    return {
      clock: this.#services.clock,
      counters: this.counters,
      listener: () => this.#requireListener(),
      keeper: this.#connections,
      transport,
      connectionId: this.#connections.nextId(),
      socketId,
      tlsName,
    };
  }

  #planParts(): ListenerPlanParts {
    const { clock, datagrams, network, webSockets, identity, logger } = this.#services;
    return {
      clock,
      datagrams,
      network,
      webSockets,
      identity,
      admit: (remote: { readonly address: string; readonly port: number }) => this.#connections.admit(remote),
      arrived: () => this.#connections.arrived(),
      troubled: (transport: TransportName, error: Error) =>
        logger.warn({ transport, err: error }, 'SIP listener in trouble'),
      openedUdp: (id: number, socket: UdpPort['socket']) => this.#openedUdp(id, socket),
      opened: (id: number, transport: TransportName, local: ByteStream['local']) => {
        this.#sockets.add({ id, transport, local });
        return () => this.#sockets.remove(id);
      },
      connected: (id: number, transport: TransportName, stream: ByteStream) => this.#connected(id, transport, stream),
      joined: (id: number, transport: TransportName, channel: WebSocketChannel) => this.#joined(id, transport, channel),
      hasAddress: (address: string) => this.#own.hasNow(address),
      isShared: () => this.#sockets.face.options.virtualAddresses.length > 0,
    };
  }

  #openedUdp(socketId: number, socket: UdpPort['socket']): () => void {
    const { clock } = this.#services;
    const port = new UdpPort({
      socket,
      socketId,
      clock,
      counters: this.counters,
      listener: () => this.#requireListener(),
      unreachable: (address, remotePort, error) => this.#recent.unreachable(address, remotePort, clock.nowMs(), error),
    });
    this.#udpPorts.set(socketId, port);
    this.#udpPortOf.clear();
    this.#sockets.add({ id: socketId, transport: 'udp', local: socket.local });
    return () => {
      this.#udpPorts.delete(socketId);
      this.#udpPortOf.clear();
      port.close();
      this.#sockets.remove(socketId);
    };
  }

  #requireListener(): TransportListener {
    if (this.#listener === undefined) throw new Error('the transport layer was started without a listener');
    return this.#listener;
  }
}
