import { IoError } from '#io';
import type { Via } from '../message/via.ts';
import { addressAndPort, type Hop } from '../transport/hop.ts';
import type { Target } from '../transport/target.ts';
import type { SentBy, TransportFigures, TransportLayer, TransportListener } from '../transport/transport-layer.ts';
import { defaultPort, type TransportName } from '../transport/transport-name.ts';
import type { EqualSockets } from './equal-sockets.ts';
import type { FarmFigures } from './farm-figures.ts';
import type { FarmMember } from './farm-membership.ts';
import type { MemberTable } from './member-table.ts';
import type { PendingSends } from './pending-sends.ts';
import { parcelBy, parcelTo, toNamed, type Parcel } from './parcel.ts';

type Failed = (error: Error) => void;

const I = 0x49;

export interface FarmTransportParts {
  readonly members: MemberTable;
  readonly transport: TransportLayer;
  readonly equal: EqualSockets;
  readonly pending: PendingSends;
  readonly figures: FarmFigures;
  /** A datagram that has not been read yet; true: it was for another member. */
  readonly raw: (bytes: Buffer, hop: Hop) => boolean;
  /** Sequence number; 0 = it cannot be sent. */
  readonly link: (to: FarmMember, parcel: Parcel) => number;
  /** With farm = relay: the member that sends to that address in this one's stead; undefined: this one sends itself. */
  readonly proxyTo: (address: string) => FarmMember | undefined;
}

/** The sockets of all members of a farm, as if they were of one server. */
export class FarmTransport implements TransportLayer {
  readonly #parts: FarmTransportParts;
  readonly #transport: TransportLayer;
  #listener: TransportListener | undefined;

  constructor(parts: FarmTransportParts) {
    this.#parts = parts;
    this.#transport = parts.transport;
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
    this.#transport.listen({
      datagram: (bytes, hop) => this.#datagram(bytes, hop, listener),
      message: (message, hop) => listener.message(message, hop),
      bad: (bad, hop) => listener.bad(bad, hop),
      flowEnded: (hop) => listener.flowEnded(hop),
    });
  }

  /**
   * Any member may take what is plain in a dialog: that is asked first, since it costs less. Of INVITEs most are for another
   * member, and to read one costs more than to see whose it is.
   */
  #datagram(bytes: Buffer, hop: Hop, listener: TransportListener): boolean {
    const { raw } = this.#parts;
    if (bytes[0] === I) return raw(bytes, hop) || listener.datagram?.(bytes, hop) === true;
    return listener.datagram?.(bytes, hop) === true || raw(bytes, hop);
  }

  /** Who is told of messages that came by other members' sockets. */
  get listener(): TransportListener | undefined {
    return this.#listener;
  }

  respond(bytes: Buffer, hop: Hop, via: Via): void {
    const token = hop.holder?.token;
    if (token === undefined) {
      this.#transport.respond(bytes, hop, via);
      return;
    }
    const { members, figures } = this.#parts;
    const socketId = hop.transport === 'udp' ? this.#equalOf(token, hop) : 0;
    const holder = members.reachable(token);
    if (
      socketId === 0 &&
      holder !== undefined &&
      this.#parts.link(holder, parcelBy(hop, 'answer', '', bytes, toNamed)) > 0
    ) {
      figures.sentByOthers++;
      return;
    }
    // An equal socket; or the member that received the request is gone, and with it its connections: what is left is to try.
    this.#transport.respond(bytes, { ...flowOf(hop), socketId, connectionId: 0 }, via);
  }

  send(bytes: Buffer, target: Target, failed: Failed): void {
    const { member } = target;
    if (member === undefined || member === this.#parts.members.self.token) this.#sendFromHere(bytes, target, failed);
    else this.#sendByFlowOf(member, bytes, target, failed);
  }

  viaFor(target: Target): SentBy {
    return this.#transport.viaFor(this.#isElsewhere(target) ? this.#ownTarget(target) : target);
  }

  isOwnAddress(host: string, port: number | undefined, transport?: TransportName): boolean {
    return this.#transport.isOwnAddress(host, port, transport);
  }

  /**
   * Host and port are another member's own, and that member gives its work to the farm: a telephone that has the very server as
   * its outbound proxy means all of them.
   */
  leadsToMember(host: string, port: number | undefined, transport?: TransportName): boolean {
    const { members } = this.#parts;
    if (members.isAlone || members.self.mode !== 'member') return false;
    for (const member of members) if (member.mode === 'member' && isAt(member, host, port, transport)) return true;
    return false;
  }

  hasFlow(connectionId: number, member?: string): boolean {
    const { members } = this.#parts;
    if (member === undefined || member === members.self.token) return this.#transport.hasFlow(connectionId);
    return members.reachable(member) !== undefined;
  }

  figures(): TransportFigures {
    return this.#transport.figures();
  }

  #isElsewhere({ member }: Target): boolean {
    return member !== undefined && member !== this.#parts.members.self.token;
  }

  #sendFromHere(bytes: Buffer, target: Target, failed: Failed): void {
    const hasFlow = target.socketId !== undefined || target.connectionId !== undefined;
    const proxy = hasFlow ? undefined : this.#parts.proxyTo(target.address);
    if (proxy === undefined || !this.#sendBy(proxy, bytes, target, failed)) this.#transport.send(bytes, target, failed);
  }

  #sendByFlowOf(token: string, bytes: Buffer, target: Target, failed: Failed): void {
    const holder = this.#parts.members.reachable(token);
    const own = this.#ownTarget(target);
    if (own.socketId === undefined && holder !== undefined && this.#sendBy(holder, bytes, target, failed)) return;
    // By UDP another socket is better than none: behind a load balancer it is the same address for the other side.
    if (target.transport === 'udp') this.#transport.send(bytes, own, failed);
    else fail(target, failed, 'the server that has its connection is gone');
  }

  /** The same place, from this member: by an equal socket if there is one. */
  #ownTarget({ transport, address, port, member = '', socketId, tlsName }: Target): Target {
    const there = this.#parts.members.known(member)?.sockets.find(({ id }) => id === socketId);
    const own =
      transport === 'udp' && there !== undefined
        ? this.#equalOf(member, { local: { address: there.address, port: there.port } })
        : 0;
    return { transport, address, port, ...(own > 0 && { socketId: own }), ...(tlsName !== undefined && { tlsName }) };
  }

  #equalOf(token: string, { local }: Pick<Hop, 'local'>): number {
    const { members, equal } = this.#parts;
    const holder = members.known(token);
    return holder === undefined ? 0 : equal.find(members.self, holder, local.address, local.port);
  }

  #sendBy(member: FarmMember, bytes: Buffer, target: Target, failed: Failed): boolean {
    const sequence = this.#parts.link(member, parcelTo(target, bytes));
    if (sequence === 0) return false;
    this.#parts.figures.sentByOthers++;
    this.#parts.pending.add(member.token, sequence, failed);
    return true;
  }
}

function isAt(
  { sockets, addresses }: FarmMember,
  host: string,
  port: number | undefined,
  transport: TransportName | undefined,
): boolean {
  return sockets.some(
    (socket) =>
      (transport === undefined || socket.transport === transport) &&
      socket.port === (port ?? defaultPort[socket.transport]) &&
      (socket.address === host || (isAnyAddress(socket.address) && addresses.includes(host))),
  );
}

const isAnyAddress = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** Without who holds it. */
function flowOf({ transport, local, socketId, remoteAddress, remotePort, connectionId, receivedMs }: Hop): Hop {
  return { transport, local, socketId, remoteAddress, remotePort, connectionId, receivedMs };
}

function fail({ transport, address, port }: Target, failed: Failed, why: string): void {
  const error = new IoError('UNREACHABLE', `cannot send to ${transport} ${addressAndPort(address, port)}: ${why}`);
  queueMicrotask(() => failed(error));
}
