import type { Endpoint } from '#io';
import { Face, plainFace } from './face.ts';
import { addressAndPort } from './hop.ts';
import type { OwnAddresses } from './own-addresses.ts';
import type { Target } from './target.ts';
import type { SentBy } from './transport-layer.ts';
import { defaultPort, transportNames, viaTransport, type TransportName } from './transport-name.ts';

/** A socket that listens. */
export interface LocalSocket {
  readonly id: number;
  readonly transport: TransportName;
  readonly local: Endpoint;
}

/** In the place of the number of a socket where none is named. */
const NO_SOCKET = -1;
/** Addresses for each way that are remembered. */
const SENT_BYS_MAX = 16_384;

const anyAddress = ['0.0.0.0', '::'];
const isAny = ({ local }: LocalSocket): boolean => anyAddress.includes(local.address);
const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
const isIpv6 = (address: string): boolean => address.includes(':');

/** The sockets of this server, and which of them a message leaves by. */
export class LocalSockets {
  readonly #own: OwnAddresses;
  readonly #names: ReadonlySet<string>;
  #sockets: readonly LocalSocket[] = [];
  /** By transport and socket, then by the address that is sent to: asked several times for each request. */
  readonly #sentBys = new Map<number, Map<string, SentBy>>();
  #face = new Face(plainFace);

  constructor(own: OwnAddresses, names: readonly string[]) {
    this.#own = own;
    this.#names = new Set(names.map((name) => name.toLowerCase()));
  }

  get all(): readonly LocalSocket[] {
    return this.#sockets;
  }

  get face(): Face {
    return this.#face;
  }

  set face(face: Face) {
    this.#face = face;
    this.#sentBys.clear();
  }

  /** Virtual addresses that there is a socket for datagrams on. */
  boundFaces(): readonly string[] {
    return this.#face.options.virtualAddresses.filter((address) => this.#hasSocketOn(address));
  }

  /** In the order in which the administrator named them, whenever they could be opened. */
  add(socket: LocalSocket): void {
    this.#set([...this.#sockets, socket].sort((a, b) => a.id - b.id));
  }

  remove(id: number): void {
    this.#set(this.#sockets.filter((socket) => socket.id !== id));
  }

  /** A family counts when there is a socket for it, and an address that is not the loopback one, or nothing else. */
  families(): readonly (4 | 6)[] {
    const has4 = this.#sockets.some(({ local }) => !isIpv6(local.address) || local.address === '::');
    const has6 = this.#sockets.some(
      (socket) => isIpv6(socket.local.address) && (!isAny(socket) || this.#own.reachesIpv6),
    );
    return [...(has4 || !has6 ? [4 as const] : []), ...(has6 ? [6 as const] : [])];
  }

  forgetSources(): void {
    this.#sentBys.clear();
  }

  /** The socket that a request leaves by: the one that the target names, else the first that can reach it. */
  choose({ transport, address, socketId }: Target): LocalSocket | undefined {
    const named = socketId === undefined ? undefined : this.#sockets.find(({ id }) => id === socketId);
    if (named !== undefined) return named;
    const fitting = this.#sockets.filter((one) => one.transport === transport && canReach(one, address));
    // On the machine itself, and among those who have a socket there, the loopback socket.
    if (isLoopback(address)) {
      return fitting.find(({ local }) => isLoopback(local.address)) ?? this.#first(fitting);
    }
    const told = this.#face.addressFor(address, (one) => this.#hasSocketOn(one));
    return fitting.find(({ local }) => local.address === told) ?? this.#first(fitting);
  }

  sentBy(target: Target): SentBy {
    const { transport, address, socketId = NO_SOCKET } = target;
    const way = (socketId - NO_SOCKET) * transportNames.length + transportNames.indexOf(transport);
    let known = this.#sentBys.get(way);
    if (known === undefined || known.size >= SENT_BYS_MAX) this.#sentBys.set(way, (known = new Map<string, SentBy>()));
    let sentBy = known.get(address);
    if (sentBy === undefined) known.set(address, (sentBy = this.#newSentBy(target)));
    return sentBy;
  }

  #newSentBy(target: Target): SentBy {
    const socket = this.choose(target);
    const port = socket?.local.port ?? defaultPort[target.transport];
    return {
      sentBy: addressAndPort(this.#addressTold(target, socket), port),
      transport: viaTransport[target.transport],
    };
  }

  /** Who came by a virtual address is told that; who is outside, what is known outside. */
  #addressTold({ address }: Target, socket: LocalSocket | undefined): string {
    if (socket !== undefined && this.#face.isVirtual(socket.local.address)) return socket.local.address;
    const told = this.#face.addressFor(address, (one) => this.#hasSocketOn(one));
    if (told !== undefined) return told;
    return socket === undefined || isAny(socket) ? this.#own.sourceFor(address) : socket.local.address;
  }

  #hasSocketOn(address: string): boolean {
    return this.#sockets.some(({ transport, local }) => transport === 'udp' && local.address === address);
  }

  /** A virtual address is for those who know no other. */
  #first(fitting: readonly LocalSocket[]): LocalSocket | undefined {
    return fitting.find(({ local }) => !this.#face.isVirtual(local.address)) ?? fitting[0];
  }

  #set(sockets: readonly LocalSocket[]): void {
    this.#sockets = sockets;
    this.#sentBys.clear();
  }

  /** Whether a URI or Route with this host and port leads here, or to others who are the same to the world. */
  isOwn(host: string, port: number | undefined, transport?: TransportName): boolean {
    const name = host.toLowerCase();
    const sockets =
      transport === undefined ? this.#sockets : this.#sockets.filter((one) => one.transport === transport);
    // What a name without a port means is in DNS: it may be any of ours.
    if (this.#names.has(name)) return port === undefined || sockets.some(({ local }) => local.port === port);
    if (this.#face.isFace(name)) return sockets.some((socket) => isItsPort(socket, port));
    return this.#isMine(name, port, sockets);
  }

  /** Addresses that this machine has now, and no other server answers for. */
  ownAddresses(): readonly string[] {
    return this.#own.reachableNow().filter((address) => !this.#face.isFace(address));
  }

  /** Whether host and port are of this very server, and of no other: no name, no virtual address. */
  isThisServer(host: string, port: number | undefined): boolean {
    const name = host.toLowerCase();
    return !this.#face.isFace(name) && !this.#names.has(name) && this.#isMine(name, port, this.#sockets);
  }

  #isMine(name: string, port: number | undefined, sockets: readonly LocalSocket[]): boolean {
    return sockets.some(
      (socket) =>
        isItsPort(socket, port) &&
        (socket.local.address === name || (isAny(socket) && isSameFamily(socket, name) && this.#own.has(name))),
    );
  }
}

const isItsPort = ({ local, transport }: LocalSocket, port: number | undefined): boolean =>
  local.port === (port ?? defaultPort[transport]);

/** A socket on the loopback interface reaches this machine only; one of another address cannot be answered from there. */
function canReach(socket: LocalSocket, address: string): boolean {
  if (!isSameFamily(socket, address)) return false;
  return isAny(socket) || isLoopback(socket.local.address) === isLoopback(address) || !isLoopback(socket.local.address);
}

/** A stream listener on `::` serves both families. */
function isSameFamily(socket: LocalSocket, address: string): boolean {
  if (socket.transport !== 'udp' && socket.local.address === '::') return true;
  return isIpv6(socket.local.address) === isIpv6(address);
}
