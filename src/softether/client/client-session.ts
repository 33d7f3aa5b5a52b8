import type { ByteStream } from '#io';
import { allEnded } from '../all-ended.ts';
import type { BlockReaderOptions } from '../codec/block-reader.ts';
import type { StreamDirection } from '../codec/additional-connect.ts';
import type { Welcome } from '../codec/welcome.ts';
import { SessionSocket, type SocketEnd, type SocketOwner, type SocketPort } from '../session-socket.ts';
import type { TimerWheel, Watched } from '../timer-wheel.ts';
import type { ClientAccount } from './account.ts';
import { AdditionalConnections, openAdditional } from './additional-connections.ts';
import type { FramePort, FrameSession, OpenFramePort } from './frame-port.ts';
import type { ClientHome } from './home.ts';
import type { Grant } from './log-in.ts';
import { probeServer } from './probe.ts';
import type { Destination } from './reach.ts';
import { ServerWatch } from './server-watch.ts';
import { WatchedPort } from './watched-port.ts';

/**
 * `closed`: the server, or its machine, ended the last connection. `broken`: it failed. `silent`: nothing came for
 * longer than a server is ever silent. `dead`: it did not answer when asked. `forgotten`: it does not know the session.
 */
export type SessionLoss = 'closed' | 'broken' | 'silent' | 'dead' | 'forgotten';

export interface ClientSessionOptions {
  readonly home: ClientHome;
  readonly account: ClientAccount;
  readonly grant: Grant;
  readonly openPort: OpenFramePort;
  /** The number of connections has changed. */
  readonly connectionsChanged: (count: number) => void;
  /** Once, unless it was closed from this side. */
  readonly lost: (why: SessionLoss) => void;
}

const MAX_CONNECTIONS = 32;
const MIN_TIMEOUT_MS = 5_000;
const MAX_TIMEOUT_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 20_000;
/** Servers say something at least every half of the time-out (SoftEther protocol §5.3); a little more, for delays. */
const SILENCE_FACTOR = 0.5;
const SILENCE_MARGIN_MS = 2_000;
/** Where the first destination address of a block stands: `[u32 N][u32 size][frame …]`. */
const FIRST_DESTINATION = 8;
const GROUP_BIT = 1;

/** As the server sees it, turned round: a socket is one for both sides of the protocol. */
const mirrored = { both: 'both', toClient: 'toServer', toServer: 'toClient' } as const;

/** A VPN session that we have with a server: frames of one port over 1 to 32 TCP connections. */
export class ClientSession implements FrameSession, SocketOwner, Watched {
  readonly welcome: Welcome;
  readonly at: Destination;
  /** What comes from the server goes here. */
  readonly port: SocketPort;
  readonly readerOptions: BlockReaderOptions;
  readonly maxConnection: number;
  readonly startedAtMs: number;
  isEnded = false;
  readonly #options: ClientSessionOptions;
  readonly #frames: FramePort;
  readonly #sockets: SessionSocket[] = [];
  readonly #additional: AdditionalConnections;
  readonly #watch: ServerWatch;
  readonly #giveUp = new AbortController();
  /** Of sockets that are gone. */
  #bytesSent = 0;
  #bytesReceived = 0;
  #lastHeardMs: number;
  /** Since when there is no connection to hear the server on; Infinity = there is one. */
  #deafSinceMs = Infinity;
  #isWatched = false;

  constructor(options: ClientSessionOptions) {
    const { home, account, grant, openPort } = options;
    const { welcome, at } = grant;
    this.#options = options;
    this.welcome = welcome;
    this.at = at;
    this.startedAtMs = home.clock.nowMs();
    this.#lastHeardMs = home.wheel.nowMs;
    this.maxConnection = connectionCount(account, welcome);
    this.readerOptions = welcome.useCompress ? home.compressedReaderOptions : home.plainReaderOptions;
    this.#frames = openPort(this);
    this.#additional = new AdditionalConnections({
      clock: home.clock,
      intervalMs: home.limits.additionalIntervalMs,
      isWanted: () => !this.isEnded && this.#sockets.length < this.maxConnection,
      open: (signal) =>
        openAdditional(home, { at, sessionKey: welcome.sessionKey, isEncrypted: welcome.useEncrypt }, signal),
      opened: ({ stream, direction, first }) => this.#add(stream, direction, first),
      sessionIsGone: () => this.#lose('forgotten'),
    });
    this.#watch = new ServerWatch({
      wheel: home.wheel,
      limits: home.limits,
      lastHeardMs: () => this.lastHeardMs,
      probe: () => probeServer(home, at, this.#giveUp.signal),
      dead: () => this.#lose('dead'),
    });
    this.port = new WatchedPort(this.#frames, this.#watch);
  }

  /** Takes the first connection into service. */
  start(): void {
    const { stream, first } = this.#options.grant;
    // SoftEther protocol §5.1: in half-duplex mode the first one carries frames to the server
    this.#add(stream, this.welcome.halfConnection ? 'toServer' : 'both', first);
    if (!this.isEnded) this.#additional.wake(this.welcome.halfConnection);
  }

  get isCompressed(): boolean {
    return this.welcome.useCompress;
  }

  /** How long a connection may be silent. */
  get timeoutMs(): number {
    return this.#sessionTimeoutMs * SILENCE_FACTOR + SILENCE_MARGIN_MS;
  }

  get wheel(): TimerWheel {
    return this.#options.home.wheel;
  }

  get connectionCount(): number {
    return this.#sockets.length;
  }

  /** On the wire, framing included. */
  get bytesSent(): number {
    return this.#sockets.reduce((sum, socket) => sum + socket.bytesSent, this.#bytesSent);
  }

  get bytesReceived(): number {
    return this.#sockets.reduce((sum, socket) => sum + socket.bytesReceived, this.#bytesReceived);
  }

  /** In the wheel's time. */
  get lastHeardMs(): number {
    return this.#sockets.reduce((last, socket) => Math.max(last, socket.lastHeardMs), this.#lastHeardMs);
  }

  /** Blocks to the connection with the fewest writes in flight. Without room they stay in the port's queue, which drops. */
  flush(): void {
    const port = this.#frames;
    while (port.pending) {
      const socket = this.#leastLoaded();
      if (socket === undefined) return;
      const block = port.take();
      if (this.isCompressed || (block[FIRST_DESTINATION]! & GROUP_BIT) === 0) this.#watch.sent();
      socket.send(block);
    }
  }

  roomToSend(): void {
    if (this.#frames.pending) this.flush();
  }

  keepAliveSpanMs(): number {
    const timeoutMs = this.#sessionTimeoutMs;
    const shortest = Math.floor(timeoutMs / 5);
    return shortest + this.#options.home.random.below(Math.floor(timeoutMs / 2) - shortest);
  }

  keepAliveSent(): void {
    // nobody counts them here
  }

  lost(socket: SessionSocket, how: SocketEnd): void {
    const index = this.#sockets.indexOf(socket);
    if (index === -1) return;
    this.#sockets.splice(index, 1);
    this.#account(socket);
    if (this.#sockets.length === 0) {
      this.#lose(lossOf(how));
      return;
    }
    if (!this.#canHear()) this.#isDeaf();
    this.#options.connectionsChanged(this.#sockets.length);
    this.roomToSend();
    this.#additional.wake();
  }

  look(nowMs: number): number {
    if (this.isEnded || this.#deafSinceMs === Infinity) {
      this.#isWatched = false;
      return 0;
    }
    const leftMs = this.#deafSinceMs + this.timeoutMs - nowMs;
    if (leftMs > 0) return leftMs;
    this.#isWatched = false;
    this.#lose('silent');
    return 0;
  }

  /** Ends the session from this side, in order; resolves when its connections are closed. */
  async close(): Promise<void> {
    const streams = this.#end();
    const { clock, limits } = this.#options.home;
    await allEnded(streams, clock, limits.stopTimeoutMs);
  }

  get #sessionTimeoutMs(): number {
    const { timeoutMs } = this.welcome;
    return timeoutMs === 0 ? DEFAULT_TIMEOUT_MS : Math.min(Math.max(timeoutMs, MIN_TIMEOUT_MS), MAX_TIMEOUT_MS);
  }

  #add(stream: ByteStream, direction: StreamDirection, first: Buffer): void {
    if (this.isEnded) {
      stream.close();
      return;
    }
    const socket = new SessionSocket(stream, mirrored[direction], this);
    this.#sockets.push(socket);
    if (this.#canHear()) this.#deafSinceMs = Infinity;
    else this.#isDeaf();
    socket.start(first);
    stream.resume();
    this.#options.connectionsChanged(this.#sockets.length);
    this.roomToSend();
  }

  #canHear(): boolean {
    return this.#sockets.some((socket) => socket.canReceive);
  }

  #isDeaf(): void {
    if (this.#deafSinceMs !== Infinity) return;
    this.#deafSinceMs = this.wheel.nowMs;
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.wheel.watch(this, this.timeoutMs);
  }

  #lose(why: SessionLoss): void {
    if (this.isEnded) return;
    this.#end();
    this.#options.lost(why);
  }

  /** Gives the streams, which are closing. */
  #end(): ByteStream[] {
    if (this.isEnded) return [];
    this.isEnded = true;
    this.#giveUp.abort();
    this.#additional.stop();
    this.#watch.stop();
    this.#frames.close();
    return this.#sockets.splice(0).map((socket) => {
      this.#account(socket);
      socket.close();
      return socket.stream;
    });
  }

  #account(socket: SessionSocket): void {
    this.#bytesSent += socket.bytesSent;
    this.#bytesReceived += socket.bytesReceived;
    this.#lastHeardMs = Math.max(this.#lastHeardMs, socket.lastHeardMs);
  }

  #leastLoaded(): SessionSocket | undefined {
    let best: SessionSocket | undefined;
    let fewest = this.#options.home.limits.maxWritesInFlight;
    for (const socket of this.#sockets) {
      if (!socket.canSend || socket.writesInFlight >= fewest) continue;
      best = socket;
      fewest = socket.writesInFlight;
    }
    return best;
  }
}

function connectionCount(account: ClientAccount, welcome: Welcome): number {
  // Half duplex needs one each way, whatever was asked for.
  const least = welcome.halfConnection ? 2 : 1;
  return Math.min(Math.max(Math.min(account.maxConnection, welcome.maxConnection), least), MAX_CONNECTIONS);
}

function lossOf(how: SocketEnd): SessionLoss {
  switch (how) {
    case 'closed':
    case 'hungUp':
      return 'closed';
    case 'broken':
      return 'broken';
    case 'silent':
      return 'silent';
  }
}
