import { BufferPool, LoginGuard, type Ban, type Logger } from '#base';
import type { HubDirectory, HubHost, Policy } from '#hub';
import type { ByteStream, Clock, Endpoint, Random } from '#io';
import type { AdminConnectionHandler } from './admin-connection-handler.ts';
import { Admission } from './admission.ts';
import type { ExternalAuthenticator } from './auth/external-authenticator.ts';
import { maxBlockBytes } from './codec/block-reader.ts';
import { inflateFrame } from './codec/frame-compression.ts';
import type { SoftEtherLimits } from './config.ts';
import { Connection } from './connection.ts';
import type { ConnectionInfo } from './connection-info.ts';
import { ConnectionRegistry } from './connection-registry.ts';
import type { ConnectionServices } from './connection-services.ts';
import { newCounters, type SoftEtherCounters } from './counters.ts';
import { allEnded } from './all-ended.ts';
import type { ClusterDoor } from './handshake/cluster-door.ts';
import { admitHere, type Placement } from './handshake/placement.ts';
import type { SessionEnd, SessionHome, SoftEtherSession } from './session.ts';
import type { SessionJournal } from './session-journal.ts';
import { SessionTable } from './session-table.ts';
import { TimerWheel } from './timer-wheel.ts';
import { TurnPacer } from './turn-pacer.ts';

export interface SoftEtherServerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly directory: HubDirectory;
  readonly host: HubHost;
  readonly limits: SoftEtherLimits;
  /** DER of the listener's certificate. */
  identityCertificateDer(): Buffer;
  /** SHA-0 of the server administrator's password, 20 bytes. */
  readonly adminPassword: { hashed(): Buffer };
  readonly admin: AdminConnectionHandler;
  /** Takes over a connection that speaks plain HTTP; `unread` is what came so far. */
  readonly http: (stream: ByteStream, unread: Buffer) => void;
  readonly productName: string;
  /** 501 = 5.01 */
  readonly version: number;
  readonly build: number;
  /** Where sessions live. Absent: here. */
  readonly placement?: Placement;
  /** Absent: a stand-alone server. */
  readonly cluster?: ClusterDoor;
  /** Absent: users of RADIUS and domains cannot log in. */
  readonly external?: ExternalAuthenticator;
  readonly groupPolicy?: (hubName: string, groupName: string) => Policy | undefined;
  /** Absent: sessions do not outlive the process. Whoever opened it stops it, after this server. */
  readonly journal?: SessionJournal;
}

/** Lent for records that straddle two chunks; more come and go with the garbage collector. */
const STRADDLE_BUFFERS_KEPT = 64;
/** While turns of the loop are long, no further handshake begins as long as so many log-ins are under way. */
const LOGINS_AT_ONCE_UNDER_LOAD = 16;
/** Connections whose requests are looked at in one turn of the loop; a log-in costs about half a millisecond. */
const REQUESTS_PER_TURN = 4;

/**
 * The server side of the SoftEther protocol: from an accepted stream to a session on a Virtual Hub, an administrator's
 * conversation, or an HTTP connection that somebody else serves.
 *
 * Listeners ask `admits` for each TCP connection, give what became a stream to `accept` and tell `abandoned` of the
 * others; `pace` lets their TLS handshakes begin a few at a time.
 */
export class SoftEtherServer {
  readonly counters: SoftEtherCounters = newCounters();
  /** Shared with the other ways to log in as an administrator, so that a ban holds for all of them. */
  readonly guard: LoginGuard;
  readonly #services: ConnectionServices;
  readonly #admission: Admission;
  readonly #handshakes: TurnPacer;
  #isStopping = false;

  constructor(deps: SoftEtherServerDeps) {
    const { clock, random, limits, logger } = deps;
    this.guard = new LoginGuard(clock, limits);
    this.#admission = new Admission(limits);
    const underWay = (): number =>
      this.#admission.total - this.#admission.waiting - this.#handshakes.waiting + this.#services.renegotiating.size;
    this.#handshakes = new TurnPacer({
      clock,
      perTurn: limits.tlsHandshakesPerTurn,
      // Their later pieces would pile up. Distant clients, which let us wait, do not make turns long.
      isEnoughUnderWay: () => underWay() >= LOGINS_AT_ONCE_UNDER_LOAD,
    });
    const requests = new TurnPacer({ clock, perTurn: REQUESTS_PER_TURN });
    const wheel = new TimerWheel(clock);
    this.#services = {
      clock,
      random,
      logger,
      limits,
      directory: deps.directory,
      host: deps.host,
      guard: this.guard,
      sessions: new SessionTable(),
      sessionHome: this.#sessionHome(deps, wheel),
      connections: new ConnectionRegistry(),
      adminChannels: new Set(),
      renegotiating: new Set(),
      paceRequests: (work) => requests.enter(work),
      adminPassword: deps.adminPassword,
      placement: deps.placement ?? admitHere,
      counters: this.counters,
      product: { name: deps.productName, version: deps.version, build: deps.build },
      wheel,
      admin: deps.admin,
      http: deps.http,
      leave: (remote) => this.#admission.leave(remote.address),
      ...(deps.cluster === undefined ? {} : { cluster: deps.cluster }),
      ...(deps.journal === undefined ? {} : { journal: deps.journal }),
      ...(deps.external === undefined ? {} : { external: deps.external }),
      ...(deps.groupPolicy === undefined ? {} : { groupPolicy: deps.groupPolicy }),
    };
  }

  /** Whether a TCP connection from there may come in. True takes a place: `accept` or `abandoned` must follow. */
  admits(remote: Endpoint): boolean {
    const isAdmitted = !this.#isStopping && this.#admission.enter(remote.address);
    if (!isAdmitted) this.counters.connectionsRefused++;
    return isAdmitted;
  }

  /** An admitted connection ended before it became a stream. */
  abandoned(remote: Endpoint): void {
    this.counters.connectionsAbandoned++;
    this.#admission.leave(remote.address);
  }

  /** For the listeners: begins TLS handshakes a few per turn of the loop, and of one address so many as it may have under way. */
  readonly pace = (start: () => void, remote: Endpoint): void =>
    this.#admission.begin(remote.address, () => this.#handshakes.enter(start));

  /** An admitted connection whose TLS is up. */
  accept(stream: ByteStream, listenerPort: number): void {
    this.counters.connectionsAccepted++;
    if (this.#isStopping) {
      this.#admission.leave(stream.remote.address);
      stream.close();
      return;
    }
    new Connection(stream, listenerPort, this.#services).start();
  }

  /** Those of no session: still logging in, or administrators'. */
  connections(): ConnectionInfo[] {
    return this.#services.connections.all().map((connection) => connection.info());
  }

  connection(name: string): ConnectionInfo | undefined {
    return this.#services.connections.get(name)?.info();
  }

  /** False: there is no such connection. */
  disconnect(name: string): boolean {
    const connection = this.#services.connections.get(name);
    connection?.disconnect();
    return connection !== undefined;
  }

  /** Client sessions of this member, over all hubs. */
  sessions(): readonly SoftEtherSession[] {
    return this.#services.sessions.all();
  }

  get sessionCount(): number {
    return this.#services.sessions.size;
  }

  /** TCP connections of all kinds. */
  get tcpConnectionCount(): number {
    const { connections, sessions } = this.#services;
    return sessions.all().reduce((count, session) => count + session.sockets.length, connections.size);
  }

  /** Connections that have not logged in, TLS handshakes included. */
  get unauthenticatedCount(): number {
    return this.#admission.total;
  }

  bans(): Ban[] {
    return this.guard.bans();
  }

  /** An address, `HUB/user`, or a user's name. False: nothing was banned under it. */
  liftBan(addressOrUser: string): boolean {
    return this.guard.lift(addressOrUser);
  }

  /** Ends all sessions and connections in order; resolves when they are closed, or after `stopTimeoutMs` at the latest. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const { sessions, connections, clock, limits } = this.#services;
    const streams = [
      ...sessions.all().flatMap((session) => session.sockets.map((socket) => socket.stream)),
      ...connections.all().map((connection) => connection.stream),
    ];
    for (const session of sessions.all()) session.disconnect('serverStopping');
    for (const connection of connections.all()) connection.disconnect();
    await allEnded(streams, clock, limits.stopTimeoutMs);
  }

  #sessionHome(deps: SoftEtherServerDeps, wheel: TimerWheel): SessionHome {
    const { clock, random, limits, logger } = deps;
    const pool = new BufferPool(maxBlockBytes + 4, STRADDLE_BUFFERS_KEPT);
    return {
      clock,
      random,
      wheel,
      counters: this.counters,
      limits,
      serverProduct: deps.productName,
      plainReaderOptions: { pool },
      compressedReaderOptions: { pool, inflate: inflateFrame },
      ended: (session: SoftEtherSession, why: SessionEnd) => {
        this.#services.sessions.remove(session);
        deps.cluster?.ended(session);
        if (why !== 'serverStopping') deps.journal?.ended(session.identity.keyText);
        const lastedSeconds = Math.round((clock.wallMs() - session.startedAtMs) / 1000);
        logger.info({ session: session.name, hub: session.hub.name, why, lastedSeconds }, 'session ends');
      },
    };
  }
}
