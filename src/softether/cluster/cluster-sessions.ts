import type { Backplane } from '#backplane';
import { HubfarmError, type Logger } from '#base';
import type {
  Bus,
  Claims,
  ClusterPlacement,
  Controllership,
  LoadCounts,
  Membership,
  ObjectDirectory,
  PlacedObject,
  PlacedObjects,
} from '#cluster';
import { hubKeyOf, kindInCluster, type HubDirectory, type HubHost, type Policy, type VirtualHub } from '#hub';
import type { Clock, Random } from '#io';
import type { ClusterDoor } from '../handshake/cluster-door.ts';
import type { Placement } from '../handshake/placement.ts';
import type { JournalEntry } from '../journal-entry.ts';
import type { SoftEtherSession } from '../session.ts';
import type { SessionJournal } from '../session-journal.ts';
import { Drain, type DrainProgress } from './drain.ts';
import { DrainWatch } from './drain-watch.ts';
import { DynamicHubs } from './dynamic-hubs.ts';
import { ASK_SERVICE, LedgerKeeper } from './ledger-keeper.ts';
import type { ClusterSessionLimits } from './limits.ts';
import { LoginPlacement, PLACE_SERVICE } from './login-placement.ts';
import { Message } from './message.ts';
import { OwnSessions } from './own-sessions.ts';
import { placeAlone } from './place-alone.ts';
import { placeOrderOf, type ExpectedSession } from './place-order.ts';
import { Placer } from './placer.ts';
import { askReadmission, READMIT_SERVICE } from './readmission.ts';
import { ROOM_SERVICE, RoomMaker, roomWishOf } from './room-maker.ts';
import { unlimitedLicences, type LicenceLimits, type SessionLedger } from './session-ledger.ts';
import { SessionReporter } from './session-reporter.ts';
import { TicketDesk } from './ticket-desk.ts';

/** The controller's service that is told of the end of a dynamic hub's instance: `{ hubName, revision }` → boolean */
const HUB_ENDED_SERVICE = 'softether/hub-ended';

export interface ClusterSessionsOptions {
  readonly bus: Bus;
  readonly membership: Membership;
  readonly controllership: Controllership;
  readonly placement: Pick<ClusterPlacement, 'chooseMember'>;
  /** The controller's side of dynamic hubs, and every member's copy of where they live. */
  readonly objects: Pick<PlacedObjects, 'placeSession' | 'release' | 'find'>;
  readonly objectDirectory: Pick<ObjectDirectory, 'find' | 'onChange'>;
  readonly claims: Pick<Claims, 'state' | 'isServing' | 'onChange'>;
  /** Of the shared store. */
  readonly engine: Pick<Backplane, 'state'>;
  readonly directory: HubDirectory;
  /** Opened with `isClustered`. */
  readonly host: HubHost;
  readonly journal?: SessionJournal;
  readonly groupPolicy?: (hubName: string, groupName: string) => Policy | undefined;
  /** Users may log in at this member: the controller always, other eligible members by their setting. */
  readonly acceptsLogins: () => boolean;
  /** Absent: as many as anybody wants. */
  readonly licences?: () => LicenceLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: ClusterSessionLimits;
}

/**
 * Log-ins and sessions of a member of a cluster: what the SoftEther server asks here, the bus services between members, and
 * what only the controller does. Give it to `SoftEtherServer` as `cluster` and its `placement` as `placement`.
 */
export class ClusterSessions implements ClusterDoor {
  readonly placement: Placement;
  /** Of the controller; empty elsewhere. */
  readonly ledger: SessionLedger;
  readonly #options: ClusterSessionsOptions;
  readonly #own = new OwnSessions();
  readonly #reporter: SessionReporter;
  readonly #keeper: LedgerKeeper;
  readonly #desk: TicketDesk;
  readonly #hubs: DynamicHubs;
  readonly #placer: Placer;
  readonly #drain: Drain;
  readonly #drainWatch: DrainWatch;
  readonly #logins: LoginPlacement;
  readonly #ends: (() => void)[];
  #ticketsTaken = 0;

  constructor(options: ClusterSessionsOptions) {
    this.#options = options;
    const { bus, membership, clock, logger, limits, directory, journal, host } = options;
    this.#reporter = new SessionReporter({
      bus,
      clock,
      logger,
      limits,
      deliverHere: (report) => this.#keeper.receive(report, bus.self),
    });
    this.#desk = new TicketDesk(
      {
        bus,
        self: () => membership.self,
        clock,
        directory,
        reporter: this.#reporter,
        limits,
        hasRoom: () => this.#hasRoom(),
        isNameKept: (hubName, name) => journal?.isNameKept(hubName, name) ?? false,
        wantedWhileDraining: (hubName) => {
          if (this.#hubs.isHere(hubName)) this.#drain.want(hubName);
        },
      },
      () => this.#hubs,
    );
    this.#hubs = new DynamicHubs({
      self: bus.self,
      objects: options.objectDirectory,
      claims: options.claims,
      host,
      clock,
      logger,
      limits,
      expectsFor: (hubName) => this.#desk.office.expectsFor(hubName),
      release: (object) => this.#release(object),
    });
    this.#keeper = new LedgerKeeper({
      ...options,
      askHere: (epoch) => this.#reporter.asked(bus.self, epoch),
    });
    this.ledger = this.#keeper.ledger;
    const licences = options.licences ?? ((): LicenceLimits => unlimitedLicences);
    const roomMaker = new RoomMaker({ bus, limits, makeRoomHere: (wish) => this.#own.makeRoom(wish) });
    this.#placer = new Placer({ ...options, keeper: this.#keeper, roomMaker, licences });
    this.#drain = new Drain({ clock, logger, sessions: () => this.#own.all(), hubs: this.#hubs });
    this.#drainWatch = new DrainWatch({ ...options, drain: this.#drain, sessionCount: () => this.#own.size });
    this.#logins = new LoginPlacement({
      ...options,
      placer: this.#placer,
      hasInstance: (hubName) => host.instance(hubName) !== undefined,
      openHub: (hubName) => this.openHub(hubName),
      abandon: (hubName, name) => this.ledger.cancel(hubName, name),
      placeAlone: (order) => placeAlone({ ...options, licences, hasRoom: () => this.#hasRoom() }, order),
    });
    this.placement = this.#logins;
    this.#ends = this.#serve();
  }

  acceptsLogins(): boolean {
    return this.#options.controllership.isController() || this.#options.acceptsLogins();
  }

  knowsHubs(): boolean {
    const { engine, directory } = this.#options;
    return engine.state() === 'ok' || directory.hubs().length > 0;
  }

  isController(): boolean {
    return this.#options.controllership.isController();
  }

  takeTicket(ticket: Buffer, hubName: string): ExpectedSession | undefined {
    return this.#desk.office.take(ticket, hubName);
  }

  released(session: ExpectedSession): void {
    this.#desk.released(session);
  }

  async openHub(hubName: string): Promise<VirtualHub | undefined> {
    const { host, directory } = this.#options;
    const hub = directory.hub(hubName);
    const isStatic = hub !== undefined && kindInCluster(hub.kind) === 'static';
    return isStatic ? host.instance(hubName) : this.#hubs.open(hubName);
  }

  mayResume(entry: JournalEntry): Promise<boolean> {
    return askReadmission(
      { ...this.#options, placer: this.#placer, openHub: (hubName) => this.openHub(hubName) },
      entry,
    );
  }

  /** The SoftEther server has one more session. `isPlaced`: the controller sent it here. */
  began(session: SoftEtherSession, isPlaced: boolean): void {
    if (isPlaced) this.#ticketsTaken++;
    this.#reporter.begun(this.#own.add(session));
  }

  ended(session: SoftEtherSession): void {
    const { hubName, name } = this.#own.remove(session);
    this.#reporter.ended(hubName, name);
    this.#hubs.follow(hubName);
  }

  /** For `Membership.report`, all but the TCP connections, which the server counts. */
  load(): Omit<LoadCounts, 'connections'> {
    return {
      ...this.#own.counts(),
      hubInstances: this.#options.host.instances().length,
      ticketsTaken: this.#ticketsTaken,
    };
  }

  /** How far this member's drain is; undefined while it is not announced as draining (`Membership.announce`). */
  drainProgress(): DrainProgress | undefined {
    return this.#drainWatch.progress;
  }

  /** After the SoftEther server. */
  stop(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#logins.stop();
    this.#drainWatch.stop();
    this.#desk.stop();
    this.#hubs.stop();
    this.#keeper.stop();
    this.#reporter.stop();
  }

  #hasRoom(): boolean {
    return this.#own.size + this.#desk.office.size < this.#options.membership.self.capacity;
  }

  #serve(): (() => void)[] {
    const { bus, membership } = this.#options;
    return [
      bus.serve(ASK_SERVICE, (body, from) => this.#reporter.asked(from, new Message(body).count('epoch'))),
      bus.serve(ROOM_SERVICE, (body) => this.#own.makeRoom(roomWishOf(body))),
      bus.serve(PLACE_SERVICE, (body, from) => {
        // Whoever asks has authenticated the user: that is for eligible members alone.
        if (membership.find(from.member)?.info.isEligible !== true) {
          throw new HubfarmError('NOT_ELIGIBLE', `${from.member} may not log users in`);
        }
        return this.#placer.place(placeOrderOf(new Message(body)), from);
      }),
      bus.serve(READMIT_SERVICE, (body, from) => {
        const message = new Message(body);
        return this.#placer.readmit(placeOrderOf(message), message.text('sessionName'), from);
      }),
      bus.serve(HUB_ENDED_SERVICE, (body, from) => {
        const message = new Message(body);
        const object = this.#options.objects.find(hubKeyOf(message.text('hubName')));
        if (object === undefined || object.revision !== message.count('revision')) return this.isController();
        return object.member === from.member && object.boot === from.boot && this.#options.objects.release(object);
      }),
    ];
  }

  /** Whoever wants to get to the hub waits for this: a controller that was followed by another is not waited for. */
  async #release(object: PlacedObject): Promise<boolean> {
    const { bus, controllership, objects } = this.#options;
    const { name: hubName, revision } = object;
    for (;;) {
      if (controllership.isController()) return objects.release(object);
      const controller = controllership.controller();
      if (controller === undefined || controller.member === bus.self.member) return false;
      const followed = new AbortController();
      const unfollow = controllership.onChange((now) => {
        if (now !== undefined && now.boot !== controller.boot) followed.abort();
      });
      try {
        const { signal } = followed;
        return (await bus.call(controller, HUB_ENDED_SERVICE, { hubName, revision }, { signal })) === true;
      } catch (error) {
        if (!followed.signal.aborted) throw error;
      } finally {
        unfollow();
      }
    }
  }
}
