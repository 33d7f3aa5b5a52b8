import type { AttachedSession, DisconnectReason, HubPort, Policy, SessionInfo, VirtualHub } from '#hub';
import type { ByteStream, Clock, Random } from '#io';
import type { BlockReaderOptions } from './codec/block-reader.ts';
import { deflateFrame } from './codec/frame-compression.ts';
import type { StreamDirection } from './codec/additional-connect.ts';
import type { SoftEtherLimits } from './config.ts';
import type { SoftEtherCounters } from './counters.ts';
import type { SessionTerms } from './handshake/session-terms.ts';
import { describeSession } from './session-description.ts';
import type { SessionIdentity } from './session-identity.ts';
import { SessionSocket, type SocketEnd, type SocketOwner } from './session-socket.ts';
import type { TimerWheel, Watched } from './timer-wheel.ts';

/** The server's parts that a session lives on. */
export interface SessionHome {
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: TimerWheel;
  readonly counters: SoftEtherCounters;
  readonly limits: Pick<SoftEtherLimits, 'maxWritesInFlight' | 'resumeGraceMs' | 'hangUpGraceMs'>;
  readonly serverProduct: string;
  /** One object each for all sockets: with the pool for records that straddle two chunks. */
  readonly plainReaderOptions: BlockReaderOptions;
  readonly compressedReaderOptions: BlockReaderOptions;
  /** The session has ended; it is in no list any more. */
  ended(session: SoftEtherSession, why: SessionEnd): void;
}

/** `closedByClient`: in order. `lost`: its last socket ended otherwise and no other came within the grace. */
export type SessionEnd = DisconnectReason | 'closedByClient' | 'lost' | 'superseded';

const MAX_SOCKETS = 32;
/** A socket that was closed or hung up this shortly before makes a broken one part of the same farewell: resets under load. */
const FAREWELL_MS = 2000;

/**
 * One VPN session: a port of a Virtual Hub, reached over 1 to 32 TCP connections.
 *
 * A session ends at once when its client has closed its last socket with close_notify, or was silent for the time-out.
 * Stock clients end theirs with FIN alone, and come back with `additional_connect` within half a second where the end
 * was not theirs: so a session whose last socket was hung up waits for less than a second, and one whose last socket
 * broke for some seconds, and goes on with whatever socket comes in that time.
 */
export class SoftEtherSession implements AttachedSession, SocketOwner, Watched {
  readonly kind = 'client';
  readonly identity: SessionIdentity;
  readonly terms: SessionTerms;
  readonly hub: VirtualHub;
  readonly port: HubPort;
  readonly readerOptions: BlockReaderOptions;
  readonly startedAtMs: number;
  /** When it last went from no socket to one. Unix milliseconds. */
  connectedAtMs: number;
  isEnded = false;
  readonly #home: SessionHome;
  readonly #sockets: SessionSocket[] = [];
  /** Of sockets that are gone. */
  #bytesSent = 0;
  #bytesReceived = 0;
  #lastHeardMs: number;
  #lastFarewellMs = -Infinity;
  /** Wheel time at which the session ends unless a receiving socket comes; Infinity = it has one. */
  #endsAtMs = Infinity;
  #endsBecause: SessionEnd = 'lost';
  #isWatched = false;

  /** `startedAtMs`: of a session that goes on after a restart. */
  constructor(
    identity: SessionIdentity,
    terms: SessionTerms,
    hub: VirtualHub,
    home: SessionHome,
    startedAtMs?: number,
  ) {
    this.identity = identity;
    this.terms = terms;
    this.hub = hub;
    this.#home = home;
    this.connectedAtMs = home.clock.wallMs();
    this.startedAtMs = startedAtMs ?? this.connectedAtMs;
    this.#lastHeardMs = home.wheel.nowMs;
    this.readerOptions = terms.isCompressed ? home.compressedReaderOptions : home.plainReaderOptions;
    const isMonitor = terms.isMonitorMode;
    this.port = hub.attach(this, terms.isCompressed ? { isMonitor, encode: deflateFrame } : { isMonitor });
  }

  get name(): string {
    return this.identity.name;
  }

  get userName(): string {
    return this.identity.userName;
  }

  get policy(): Policy {
    return this.terms.policy;
  }

  get timeoutMs(): number {
    return this.terms.timeoutMs;
  }

  get wheel(): TimerWheel {
    return this.#home.wheel;
  }

  get sockets(): readonly SessionSocket[] {
    return this.#sockets;
  }

  /** No socket at all: it only waits for its client to come back. */
  get isDormant(): boolean {
    return this.#sockets.length === 0 && !this.isEnded;
  }

  /**
   * Whether one more socket may come. The original lets one more in than it granted: the client may already have given
   * up a socket that still looks well from here.
   */
  get hasRoom(): boolean {
    return this.#sockets.length <= this.terms.maxConnection && this.#sockets.length < MAX_SOCKETS;
  }

  /** SoftEther protocol §5.1: in half-duplex mode, whichever way has fewer of the sockets that were added. */
  nextDirection(): StreamDirection {
    if (!this.terms.isHalfConnection) return 'both';
    return this.#count('toClient') > this.#count('toServer') ? 'toServer' : 'toClient';
  }

  /** `first`: stream bytes that came in the same chunk as the last HTTP message. */
  addSocket(stream: ByteStream, direction: StreamDirection, first: Buffer): void {
    if (this.isEnded) {
      stream.close();
      return;
    }
    if (this.isDormant && this.#endsAtMs !== Infinity) {
      this.#home.counters.sessionsResumed++;
      this.connectedAtMs = this.#home.clock.wallMs();
    }
    const socket = new SessionSocket(stream, direction, this);
    this.#sockets.push(socket);
    this.#home.counters.socketsAdded++;
    if (socket.canReceive) this.#endsAtMs = Infinity;
    socket.start(first);
    if (this.port.pending) this.flush();
  }

  /** The socket that was to come does not. A session that never had one ends. */
  forgoSocket(): void {
    if (this.isDormant && this.#endsAtMs === Infinity) this.#finish('error');
  }

  /** Blocks to the sendable socket with the fewest writes in flight: the first one while the kernel keeps up. */
  flush(): void {
    while (this.port.pending) {
      const socket = this.#leastLoaded();
      if (socket === undefined) return;
      socket.send(this.port.take());
    }
  }

  roomToSend(): void {
    if (this.port.pending) this.flush();
  }

  lost(socket: SessionSocket, how: SocketEnd): void {
    const index = this.#sockets.indexOf(socket);
    if (index === -1) return;
    this.#sockets.splice(index, 1);
    this.#account(socket);
    const { wheel, counters } = this.#home;
    counters.socketsLost++;
    if (how === 'silent') counters.socketTimeouts++;
    if (how === 'closed' || how === 'hungUp') this.#lastFarewellMs = wheel.nowMs;
    if (this.#sockets.some((other) => other.canReceive)) this.roomToSend();
    else this.#lostLast(how);
  }

  /** No socket is left that the client could be heard on. */
  #lostLast(how: SocketEnd): void {
    const { wheel, counters, limits } = this.#home;
    if (how === 'silent') {
      counters.sessionTimeouts++;
      this.#finish('timeout');
    } else if (this.#sockets.length > 0) {
      this.#endAfter(this.timeoutMs, 'timeout');
    } else if (how === 'closed') {
      this.#finish('closedByClient');
    } else if (wheel.nowMs - this.#lastFarewellMs <= FAREWELL_MS) {
      this.#endAfter(limits.hangUpGraceMs, 'closedByClient');
    } else {
      this.#endAfter(Math.min(limits.resumeGraceMs, this.timeoutMs), 'lost');
    }
  }

  disconnect(reason: SessionEnd): void {
    this.#finish(reason);
  }

  look(nowMs: number): number {
    if (!this.isEnded && this.#endsAtMs !== Infinity && nowMs < this.#endsAtMs) return this.#endsAtMs - nowMs;
    this.#isWatched = false;
    if (!this.isEnded && this.#endsAtMs !== Infinity) this.#finish(this.#endsBecause);
    return 0;
  }

  keepAliveSpanMs(): number {
    const shortest = Math.floor(this.timeoutMs / 5);
    return shortest + this.#home.random.below(Math.floor(this.timeoutMs / 2) - shortest);
  }

  keepAliveSent(): void {
    this.#home.counters.keepAlivesSent++;
  }

  info(): SessionInfo {
    const { clock, wheel } = this.#home;
    let bytesSent = this.#bytesSent;
    let bytesReceived = this.#bytesReceived;
    let lastHeardMs = this.#lastHeardMs;
    for (const socket of this.#sockets) {
      bytesSent += socket.bytesSent;
      bytesReceived += socket.bytesReceived;
      lastHeardMs = Math.max(lastHeardMs, socket.lastHeardMs);
    }
    return describeSession(this, {
      serverProduct: this.#home.serverProduct,
      bytesSent,
      bytesReceived,
      lastCommunicationAtMs: Math.round(clock.wallMs() - (wheel.nowMs - lastHeardMs)),
    });
  }

  #finish(why: SessionEnd): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.hub.detach(this.port);
    for (const socket of this.#sockets.splice(0)) {
      this.#account(socket);
      socket.close();
    }
    this.#home.counters.sessionsEnded++;
    this.#home.ended(this, why);
  }

  #endAfter(ms: number, why: SessionEnd): void {
    this.#endsBecause = why;
    this.#endsAtMs = this.wheel.nowMs + ms;
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.wheel.watch(this, ms);
  }

  #account(socket: SessionSocket): void {
    this.#bytesSent += socket.bytesSent;
    this.#bytesReceived += socket.bytesReceived;
    this.#lastHeardMs = Math.max(this.#lastHeardMs, socket.lastHeardMs);
  }

  #leastLoaded(): SessionSocket | undefined {
    let best: SessionSocket | undefined;
    let fewest = this.#home.limits.maxWritesInFlight;
    for (const socket of this.#sockets) {
      if (!socket.canSend || socket.writesInFlight >= fewest) continue;
      best = socket;
      fewest = socket.writesInFlight;
    }
    return best;
  }

  #count(direction: StreamDirection): number {
    return this.#sockets.filter((socket) => socket.direction === direction).length;
  }
}
