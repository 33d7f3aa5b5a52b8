import type { Clock, Endpoint, Random, Timer } from '#io';
import type { Connection, ConnectionKeeper } from './connection.ts';
import { transportLimits } from './limits.ts';
import type { Target } from './target.ts';

const SWEEP_MS = 5_000;

export interface ConnectionTableParts {
  readonly clock: Clock;
  /** Where the numbers of connections begin. */
  readonly random: Random;
  readonly idleMs: number;
  /** A connection has left the table. */
  readonly ended: (connection: Connection) => void;
}

/** The connections of a member: by id, and by the place that they lead to. */
export class ConnectionTable implements ConnectionKeeper {
  readonly #parts: ConnectionTableParts;
  readonly #byId = new Map<number, Connection>();
  /** The youngest to each place; places of those who came to us are their ephemeral ports. */
  readonly #byPlace = new Map<string, Connection>();
  readonly #perAddress = new Map<string, number>();
  #sweep: Timer | undefined;
  /**
   * Registrations and flow tokens outlast a restart and name connections of before: those must not be taken for new ones.
   * A number is good for 32 bits, and for one life of a member, which begins somewhere in the lower half.
   */
  #lastId: number;
  /** From outside, not in the table yet: in their handshakes. */
  #arriving = 0;

  constructor(parts: ConnectionTableParts) {
    this.#parts = parts;
    this.#lastId = parts.random.below(2 ** 31);
  }

  get size(): number {
    return this.#byId.size;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /** Whether one more may come from there. If so it is counted until `arrived`. */
  admit({ address }: Endpoint): boolean {
    const isFull = this.#byId.size + this.#arriving >= transportLimits.maxConnections;
    if (isFull || (this.#perAddress.get(address) ?? 0) >= transportLimits.maxConnectionsPerAddress) return false;
    this.#arriving++;
    return true;
  }

  /** One that was admitted is a connection now, or has gone. */
  arrived(): void {
    this.#arriving--;
  }

  get isFull(): boolean {
    return this.#byId.size >= transportLimits.maxConnections;
  }

  add(connection: Connection): void {
    const { hop } = connection;
    this.#byId.set(hop.connectionId, connection);
    for (const place of placesOf(connection)) this.#byPlace.set(place, connection);
    this.#perAddress.set(hop.remoteAddress, (this.#perAddress.get(hop.remoteAddress) ?? 0) + 1);
    this.#sweep ??= this.#parts.clock.every(SWEEP_MS, () => this.#closeIdle());
  }

  get(id: number): Connection | undefined {
    return this.#byId.get(id);
  }

  /** One that leads there, whoever opened it (RFC 3261 §18). */
  find(target: Target): Connection | undefined {
    return this.#byPlace.get(placeText(target.transport, target.address, target.port, target.tlsName));
  }

  ended(connection: Connection): void {
    const { hop } = connection;
    if (!this.#byId.delete(hop.connectionId)) return;
    for (const place of placesOf(connection)) {
      if (this.#byPlace.get(place) === connection) this.#byPlace.delete(place);
    }
    const left = (this.#perAddress.get(hop.remoteAddress) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(hop.remoteAddress, left);
    else this.#perAddress.delete(hop.remoteAddress);
    if (this.#byId.size === 0) this.#stopSweep();
    this.#parts.ended(connection);
  }

  closeAll(): void {
    this.#stopSweep();
    for (const connection of [...this.#byId.values()]) connection.close();
  }

  #closeIdle(): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const connection of this.#byId.values()) {
      const isNew = !connection.hasSpoken && connection.tlsName === undefined && connection.hop.socketId !== 0;
      const limitMs = isNew ? transportLimits.firstMessageMs : this.#parts.idleMs;
      if (nowMs - connection.heardMs > limitMs) connection.close();
    }
  }

  #stopSweep(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }
}

/**
 * With its name and without: a server that has proven its name writes its address into Record-Route more often than not, and
 * hardly any certificate is for an address. Where the connection leads is no question then.
 */
function placesOf({ hop, tlsName }: Connection): string[] {
  const { transport, remoteAddress, remotePort } = hop;
  const plain = placeText(transport, remoteAddress, remotePort, undefined);
  return tlsName === undefined ? [plain] : [placeText(transport, remoteAddress, remotePort, tlsName), plain];
}

/** A name that a certificate was checked for is part of the place (RFC 5922 §7.3: several may be at one address). */
const placeText = (transport: string, address: string, port: number, tlsName: string | undefined): string =>
  `${transport} ${address} ${port} ${tlsName === undefined || tlsName === address ? '' : tlsName}`;
