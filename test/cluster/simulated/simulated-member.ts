import { silentLogger } from '#base';
import { Conflict, Unavailable } from '#backplane';
import {
  Claims,
  ClusterPlacement,
  ControllerElection,
  EngineWitness,
  memberIdOf,
  memberLeaseTtlMs,
  MemberRegistry,
  ObjectDirectory,
  PlacedObjects,
  type MemberBoot,
  type MemberInfo,
} from '#cluster';
import { defaultPolicy } from '#hub';
import type { Random, TlsDialOptions } from '#io';
import { ClusterSessions, defaultClusterSessionLimits, type LicenceLimits } from '#softether';
import type { ModelBackplane } from './model-backplane.ts';
import { anyHub, isStatic, recordOf, SimulatedHubs, type SimulatedSession } from './simulated-hubs.ts';
import type { SimulatedBus } from './simulated-mesh.ts';
import type { SimulatedProcess } from './simulated-process.ts';

export const hubPrefix = 'hubinst/';
const reportEveryMs = 250;
const ticketBytes = 20;

export interface MemberSettings {
  readonly name: string;
  readonly boot: string;
  /** IPv4 that clients are sent to. */
  readonly address: string;
  readonly weight: number;
  readonly isEligible: boolean;
  readonly licences: LicenceLimits;
}

/** What somebody outside is told of what a member does. */
export interface MemberObserver {
  /** It has chosen a member for a session, as the controller. */
  placed(by: SimulatedMember, on: MemberBoot): void;
  /** It takes frames of this hub now. */
  accepted(by: SimulatedMember, hub: string): void;
  wrote(key: string, outcome: { readonly revision: number } | 'unknown'): void;
}

/** Where a client is to go, and with what. */
export interface Offer {
  readonly address: string;
  /** base64 */
  readonly ticket: string;
}

interface Parts {
  readonly registry: MemberRegistry;
  readonly election: ControllerElection;
  readonly directory: ObjectDirectory;
  readonly placement: ClusterPlacement;
  readonly objects: PlacedObjects;
  readonly witness: EngineWitness;
  readonly claims: Claims;
  readonly sessions: ClusterSessions;
}

/**
 * One boot of one member: the parts of the cluster as the product puts them together, placement, tickets, licences and
 * dynamic hubs among them. Only its hubs and sessions are bare of frames.
 */
export class SimulatedMember {
  readonly self: MemberBoot;
  readonly process: SimulatedProcess;
  readonly backplane: ModelBackplane;
  readonly bus: SimulatedBus;
  readonly #info: MemberInfo;
  readonly #random: Random;
  readonly #observer: MemberObserver;
  readonly #hubs = new SimulatedHubs();
  readonly #licences: LicenceLimits;
  /** Sessions that the controller wants here, of clients that came to this very member. */
  readonly #expectedHere = new Map<string, string>();
  #parts: Parts | undefined;
  #clients = 0;

  constructor(
    settings: MemberSettings,
    process: SimulatedProcess,
    backplane: ModelBackplane,
    bus: SimulatedBus,
    random: Random,
    observer: MemberObserver,
  ) {
    const { name, boot, address, weight, isEligible, licences } = settings;
    const id = memberIdOf(name, 0);
    this.self = { member: id, boot };
    this.process = process;
    this.backplane = backplane;
    this.bus = bus;
    this.#random = random;
    this.#observer = observer;
    this.#licences = licences;
    this.#info = {
      ...this.self,
      id,
      weight,
      isEligible,
      version: '0',
      hostName: name,
      startedAtMs: process.wallMs(),
      joinedAtMs: process.wallMs(),
      busAddress: `${name}:5570`,
      publicAddress: address,
      publicPorts: [443],
      certificate: '',
      isControllerOnly: false,
      isDraining: false,
      capacity: 100_000,
    };
  }

  get isReady(): boolean {
    return this.process.isRunning && this.#parts !== undefined;
  }

  get isController(): boolean {
    return this.process.isRunning && this.#parts?.election.isController() === true;
  }

  get epoch(): number | undefined {
    return this.#parts?.election.epoch();
  }

  get registry(): MemberRegistry | undefined {
    return this.#parts?.registry;
  }

  /**
   * Whether frames of `hub` move here now. What the first turn of the event loop lets through after a stop, before any timer
   * runs, is not looked at.
   */
  accepts(hub: string): boolean {
    if (!this.isReady || !this.#hubs.serves(hub)) return false;
    return isStatic(hub) || this.#parts?.claims.state(hub) === 'held';
  }

  /** Sessions here that take a licence. */
  get countedSessions(): number {
    return this.#hubs.counted();
  }

  async start(): Promise<void> {
    const { process, backplane, bus, self } = this;
    const network = { dial: (options: TlsDialOptions) => bus.dial(options) };
    const registry = new MemberRegistry({ backplane, clock: process, logger: silentLogger, self: this.#info, network });
    registry.followLinks(bus);
    const options = { backplane, clock: process, logger: silentLogger };
    const witness = new EngineWitness({
      backplane,
      bus,
      clock: process,
      leaseTtlMs: memberLeaseTtlMs,
      members: () => registry.members(),
      everybody: () => registry.everybody(),
      quarantineLeftMs: () => registry.quarantineLeftMs(),
      endedAtMs: (boot) => registry.endedAtMs(boot),
      visibleUntilMs: () => registry.visibleUntilMs(),
      deadlineMs: () => registry.deadlineMs(),
    });
    await registry.start();
    const election = await ControllerElection.open({ ...options, membership: registry });
    const directory = await ObjectDirectory.open(backplane, hubPrefix);
    const placement = new ClusterPlacement({ membership: registry, controllership: election, clock: process });
    const objects = new PlacedObjects({
      ...options,
      directory,
      controllership: election,
      liveness: registry,
      placement,
    });
    const claims = new Claims({ ...options, directory, self, registry, witness });
    const sessions = new ClusterSessions({
      bus,
      membership: registry,
      controllership: election,
      placement: { chooseMember: (except) => this.#told(placement.chooseMember(except)) },
      objects: {
        find: (name) => objects.find(name),
        release: (object) => objects.release(object),
        placeSession: async (name) => {
          const found = await objects.placeSession(name);
          if (found.kind === 'placed') this.#told(found.placed);
          return found;
        },
      },
      objectDirectory: directory,
      claims,
      engine: backplane,
      directory: anyHub,
      host: this.#hubs.host,
      acceptsLogins: () => registry.self.isEligible,
      licences: () => this.#licences,
      clock: process,
      random: this.#random,
      logger: silentLogger,
      limits: defaultClusterSessionLimits,
    });
    this.#hubs.joins(sessions);
    this.#parts = { registry, election, directory, placement, objects, witness, claims, sessions };
    process.every(reportEveryMs, () => registry.report({ ...sessions.load(), connections: this.#hubs.count() }));
  }

  async leave(): Promise<void> {
    const parts = this.#parts;
    this.#parts = undefined;
    if (parts === undefined) return;
    this.#hubs.endAll();
    parts.sessions.stop();
    await parts.election.stop().catch(() => undefined);
    parts.claims.stop();
    parts.objects.stop();
    parts.placement.stop();
    parts.witness.stop();
    parts.directory.close();
    await parts.registry.stop();
    this.kill();
  }

  /** Nothing of it runs any more. */
  kill(): void {
    this.#parts = undefined;
    this.process.kill();
  }

  /** A client proves itself here. Where it is to go; undefined = it is refused, or nothing could be decided in time. */
  async login(hub: string, isCounted = true): Promise<Offer | undefined> {
    const userName = `u${++this.#clients}`;
    const order = {
      hubName: hub,
      userName,
      realUserName: userName,
      groupName: '',
      isAdministrator: false,
      policy: defaultPolicy,
      credential: '',
      machine: '',
      licence: isCounted ? ('client' as const) : ('none' as const),
    };
    const remote = { address: '198.51.100.1', port: 50_000 };
    const request = { hub: recordOf(hub), userName, isAdministrator: false, remote, order };
    const place = await this.#parts?.sessions.placement.place(request);
    if (place === undefined || place.kind === 'refused') return undefined;
    if (place.kind === 'elsewhere') return { address: place.address, ticket: place.ticket.toString('base64') };
    const ticket = this.#random.bytes(ticketBytes).toString('base64');
    this.#expectedHere.set(ticket, place.sessionName ?? userName);
    return { address: this.#info.publicAddress, ticket };
  }

  /** A client comes with a ticket. Its session; undefined = it is refused. */
  async enter(ticket: string, hub: string, isCounted = true): Promise<SimulatedSession | undefined> {
    const { sessions } = this.#parts ?? {};
    const nameHere = this.#expectedHere.get(ticket);
    this.#expectedHere.delete(ticket);
    const expected = sessions?.takeTicket(Buffer.from(ticket, 'base64'), hub);
    const name = nameHere ?? expected?.sessionName;
    if (sessions === undefined || name === undefined) return undefined;
    const isOpen = (await sessions.openHub(hub)) !== undefined && this.isReady;
    const session = isOpen
      ? this.#hubs.begin(hub, name, { userName: expected?.userName ?? name, isCounted })
      : undefined;
    if (session === undefined && expected !== undefined) sessions.released(expected);
    if (session !== undefined) this.#observer.accepted(this, hub);
    return session;
  }

  /** One session of `hub` ends. */
  leaveHub(hub: string): void {
    this.#hubs.anyOf(hub)?.end();
  }

  async writeConfig(key: string): Promise<void> {
    const guard = this.#parts?.election.guard();
    const epoch = this.epoch;
    if (guard === undefined) return;
    try {
      const value = JSON.stringify({ epoch });
      this.#observer.wrote(key, { revision: await this.backplane.txn([{ kind: 'put', key, value }], [guard]) });
    } catch (error) {
      if (error instanceof Unavailable) this.#observer.wrote(key, 'unknown');
      else if (!(error instanceof Conflict)) throw error;
    }
  }

  drain(isDraining: boolean): void {
    this.#parts?.registry.announce({ isDraining }).catch(() => undefined);
  }

  #told<T extends { readonly kind: string; readonly member?: { readonly info: MemberInfo } }>(chosen: T): T {
    const { info } = chosen.member ?? {};
    if (info !== undefined && this.isController) this.#observer.placed(this, info);
    return chosen;
  }
}
