import { HubfarmError, silentLogger } from '#base';
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
  type Placed,
} from '#cluster';
import type { Random, TlsDialOptions } from '#io';
import type { ModelBackplane } from './model-backplane.ts';
import type { SimulatedBus } from './simulated-mesh.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { TicketDesk } from './ticket-desk.ts';

export const hubPrefix = 'hubinst/';
const hubLingerMs = 2_000;
const loginPatienceMs = 5_000;
const retryMs = 200;

export interface MemberSettings {
  readonly name: string;
  readonly boot: string;
  readonly weight: number;
  readonly isEligible: boolean;
}

/** What somebody outside is told of what a member does. */
export interface MemberObserver {
  placed(by: SimulatedMember, on: MemberBoot): void;
  /** It takes frames of this hub now. */
  accepted(by: SimulatedMember, hub: string): void;
  wrote(key: string, outcome: { readonly revision: number } | 'unknown'): void;
}

interface Offer {
  readonly member: MemberBoot;
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
}

/** One boot of one member: the parts of the cluster as the product puts them together, and hubs that only count. */
export class SimulatedMember {
  readonly self: MemberBoot;
  readonly process: SimulatedProcess;
  readonly backplane: ModelBackplane;
  readonly bus: SimulatedBus;
  readonly #info: MemberInfo;
  readonly #random: Random;
  readonly #observer: MemberObserver;
  readonly #desk: TicketDesk;
  /** Sessions of the hubs that have an instance here. */
  readonly #hubs = new Map<string, number>();
  /** Being given back: their revision. */
  readonly #closing = new Map<string, number>();
  #parts: Parts | undefined;
  #ticketsTaken = 0;

  constructor(
    settings: MemberSettings,
    process: SimulatedProcess,
    backplane: ModelBackplane,
    bus: SimulatedBus,
    random: Random,
    observer: MemberObserver,
  ) {
    const { name, boot, weight, isEligible } = settings;
    const id = memberIdOf(name, 0);
    this.self = { member: id, boot };
    this.process = process;
    this.backplane = backplane;
    this.bus = bus;
    this.#random = random;
    this.#observer = observer;
    this.#desk = new TicketDesk(process);
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
      publicAddress: '192.0.2.1',
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

  /** Sessions of `hub` here, if its frames move now. */
  accepts(hub: string): boolean {
    if (!this.isReady || !this.#hubs.has(hub)) return false;
    return isStatic(hub) || this.#parts!.claims.state(hub) === 'held';
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
    claims.onChange(() => this.#closeLost());
    this.#parts = { registry, election, directory, placement, objects, witness, claims };
    bus.serve('sim/expect-ticket', (body) => this.#expect(body as never));
    bus.serve('sim/place', (body) => this.#place((body as { hub: string }).hub));
    bus.serve('sim/release', (body, from) => this.#release(body as never, from));
  }

  async leave(): Promise<void> {
    const parts = this.#parts;
    this.#parts = undefined;
    if (parts === undefined) return;
    this.#hubs.clear();
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

  /** What a client asks of any eligible member: where to go. undefined = nowhere, in five seconds. */
  async login(hub: string): Promise<Offer | undefined> {
    const untilMs = this.process.nowMs() + loginPatienceMs;
    while (this.process.nowMs() < untilMs) {
      const offer = await this.#ask(hub);
      if (offer !== undefined) return offer;
      await new Promise<void>((resolve) => void this.process.after(retryMs, resolve));
    }
    return undefined;
  }

  /** A client comes with a ticket. True: it has a session. */
  enter(ticket: string, hub: string): boolean {
    const parts = this.#parts;
    const revision = this.#desk.take(ticket, hub);
    if (parts === undefined || revision === undefined) return false;
    if (!isStatic(hub)) {
      const isMine = parts.claims.state(hub) === 'held' && parts.directory.find(hub)?.revision === revision;
      if (!isMine || this.#closing.has(hub)) return false;
    }
    this.#hubs.set(hub, (this.#hubs.get(hub) ?? 0) + 1);
    this.#ticketsTaken++;
    this.#count();
    this.#observer.accepted(this, hub);
    return true;
  }

  /** A session of `hub` has ended. */
  leaveHub(hub: string): void {
    const sessions = this.#hubs.get(hub);
    if (sessions === undefined || this.#parts === undefined) return;
    this.#hubs.set(hub, Math.max(0, sessions - 1));
    this.#count();
    if (!isStatic(hub)) this.#linger(hub);
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

  async #ask(hub: string): Promise<Offer | undefined> {
    const parts = this.#parts;
    const controller = parts?.election.controller();
    if (parts === undefined || controller === undefined) return undefined;
    if (parts.election.isController()) return this.#place(hub);
    try {
      return ((await this.bus.call(controller, 'sim/place', { hub })) as Offer | null) ?? undefined;
    } catch (error) {
      if (error instanceof HubfarmError) return undefined;
      throw error;
    }
  }

  async #place(hub: string): Promise<Offer | undefined> {
    const { placement, objects } = this.#parts ?? {};
    if (placement === undefined || objects === undefined || !this.#parts!.election.isController()) return undefined;
    if (isStatic(hub)) {
      const chosen = placement.chooseMember();
      return chosen.kind === 'placed' ? this.#offer(chosen, hub, 0) : undefined;
    }
    const found = await objects.placeSession(hub);
    return found.kind === 'placed' ? this.#offer(found.placed, hub, found.object.revision) : undefined;
  }

  async #offer(placed: Placed, hub: string, revision: number): Promise<Offer | undefined> {
    const { member, boot } = placed.member.info;
    this.#observer.placed(this, { member, boot });
    const ticket = this.#random.bytes(20).toString('hex');
    const body = { ticket, hub, revision };
    try {
      const isMine = member === this.self.member;
      const call = isMine
        ? this.#expect(body)
        : this.bus.call({ member, boot }, 'sim/expect-ticket', body, { timeoutMs: 1_000 });
      if ((await call) === true) return { member: { member, boot }, ticket };
    } catch (error) {
      if (!(error instanceof HubfarmError)) throw error;
    }
    placed.withdraw();
    return undefined;
  }

  async #expect({ ticket, hub, revision }: { ticket: string; hub: string; revision: number }): Promise<boolean> {
    const parts = this.#parts;
    if (parts === undefined) return false;
    if (!isStatic(hub)) {
      const patience = new Promise<void>((resolve) => void this.process.after(1_000, resolve));
      await Promise.race([parts.directory.shows(hub, revision), patience]);
      const isMine = parts.claims.state(hub) === 'held' && parts.directory.find(hub)?.revision === revision;
      if (!isMine || this.#closing.has(hub)) return false;
      this.#linger(hub);
    }
    this.#desk.expect(ticket, hub, revision);
    return true;
  }

  #linger(hub: string): void {
    this.process.after(hubLingerMs, () => {
      const object = this.#parts?.directory.find(hub);
      if (object?.boot !== this.self.boot || (this.#hubs.get(hub) ?? 0) > 0 || this.#closing.has(hub)) return;
      if (this.#desk.waitsFor(hub)) this.#linger(hub);
      else {
        this.#hubs.delete(hub);
        this.#closing.set(hub, object.revision);
        this.#count();
        void this.#giveBack(hub, object.revision);
      }
    });
  }

  async #giveBack(hub: string, revision: number): Promise<void> {
    for (;;) {
      const parts = this.#parts;
      if (parts === undefined) return;
      if (parts.directory.find(hub)?.revision !== revision) break;
      try {
        const body = { hub, revision };
        const controller = parts.election.controller();
        if (parts.election.isController()) await this.#release(body, this.self);
        else if (controller !== undefined) await this.bus.call(controller, 'sim/release', body);
      } catch (error) {
        if (!(error instanceof HubfarmError)) throw error;
      }
      await new Promise<void>((resolve) => void this.process.after(500, resolve));
    }
    this.#closing.delete(hub);
  }

  async #release({ hub, revision }: { hub: string; revision: number }, from: MemberBoot): Promise<boolean> {
    const objects = this.#parts?.objects;
    const object = objects?.find(hub);
    if (objects === undefined || object?.revision !== revision || object.boot !== from.boot) return false;
    return objects.release(object);
  }

  #closeLost(): void {
    const { claims } = this.#parts ?? {};
    for (const hub of [...this.#hubs.keys()]) {
      if (!isStatic(hub) && claims?.state(hub) === 'none') this.#hubs.delete(hub);
    }
    this.#count();
    // A placement that no ticket has followed (its controller died in between) is given back, too.
    for (const hub of claims?.names() ?? []) if (!this.#hubs.has(hub)) this.#linger(hub);
  }

  #count(): void {
    const sessions = [...this.#hubs.values()].reduce((sum, count) => sum + count, 0);
    this.#parts?.registry.report({
      sessions,
      connections: sessions,
      hubInstances: this.#hubs.size,
      clientLicences: 0,
      bridgeLicences: 0,
      ticketsTaken: this.#ticketsTaken,
    });
  }
}

export const isStatic = (hub: string): boolean => hub.startsWith('S');
