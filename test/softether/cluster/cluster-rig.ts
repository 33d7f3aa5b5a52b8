import { openEmbedded, type Backplane, type BackplaneState } from '#backplane';
import { silentLogger } from '#base';
import { ClusterPlacement, type MemberBoot, type MemberId, type MemberInfo } from '#cluster';
import { HubDirectory, HubHost, type HubRecord, type VirtualHub } from '#hub';
import { createNodeClock } from '#io/node';
import { SeededRandom, StreamPair, VirtualClock } from '#io/sim';
import {
  adminPasswordHash,
  ClusterSessions,
  defaultClusterSessionLimits,
  defaultSoftEtherLimits,
  SessionJournal,
  SoftEtherServer,
  type ClusterSessionLimits,
  type LicenceLimits,
} from '#softether';
import type { Pack } from '#softether';
import type { LoginAnswer } from '../../../src/softether/codec/login-answer.ts';
import { decodeLoginAnswer } from '../../../src/softether/codec/login-answer.ts';
import type { Redirect } from '../../../src/softether/codec/redirect.ts';
import type { Welcome } from '../../../src/softether/codec/welcome.ts';
import { hubRecord } from '../../hub/hub-fixture.ts';
import { echoAdmin, passwordUser } from '../server/rig.ts';
import { loginPack, TestClient, type LoginFields } from '../server/test-client.ts';
import { FakeCluster, memberInfo } from './fake-cluster.ts';
import { FakeMesh } from './fake-mesh.ts';
import { FakeObjects, type FakeObjectCopy } from './fake-objects.ts';

export interface ClusterRigOptions {
  readonly members?: number;
  /** Indexes; absent: the first. */
  readonly eligible?: readonly number[];
  readonly limits?: Partial<ClusterSessionLimits>;
  readonly licences?: LicenceLimits;
  readonly hubs?: readonly HubRecord[];
  readonly hasJournal?: boolean;
}

export const STATIC = hubRecord('LAN', { kind: 'static' });
export const DYNAMIC = hubRecord('SHOP', { kind: 'dynamic' });

const REPORT_EVERY_MS = 2_000;

interface Shared {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly backplane: Backplane;
  readonly directory: HubDirectory;
  readonly mesh: FakeMesh;
  readonly cluster: FakeCluster;
  readonly objects: FakeObjects;
  readonly options: ClusterRigOptions;
  readonly engine: { state: BackplaneState };
}

/** One member: its hubs, its VPN server, its part in the cluster. */
class MemberRig {
  readonly index: number;
  readonly self: MemberBoot;
  readonly host: HubHost;
  readonly server: SoftEtherServer;
  readonly sessions: ClusterSessions;
  readonly objects: FakeObjectCopy;
  readonly journal: SessionJournal | undefined;
  readonly placement: ClusterPlacement;
  readonly #shared: Shared;
  #nextPort = 50_000;

  private constructor(shared: Shared, index: number, self: MemberBoot, host: HubHost, journal?: SessionJournal) {
    const { clock, random, directory, mesh, cluster, objects, options, engine } = shared;
    this.#shared = shared;
    this.index = index;
    this.self = self;
    this.host = host;
    this.journal = journal;
    this.objects = objects.copy();
    const membership = cluster.membershipOf(self.member);
    const controllership = cluster.controllershipOf(self);
    const placement = new ClusterPlacement({ membership, controllership, clock });
    this.placement = placement;
    this.sessions = new ClusterSessions({
      bus: mesh.join(self),
      membership,
      controllership,
      placement,
      objects: {
        find: (name) => objects.find(name),
        placeSession: (name) => objects.place(name, placement),
        release: (object) => objects.release(object),
      },
      objectDirectory: this.objects,
      claims: this.objects.claimsOf(self),
      engine: { state: () => engine.state },
      directory,
      host,
      acceptsLogins: () => membership.self.isEligible,
      clock,
      random,
      logger: silentLogger,
      limits: { ...defaultClusterSessionLimits, ...options.limits },
      ...(options.licences === undefined ? {} : { licences: () => options.licences! }),
      ...(journal === undefined ? {} : { journal }),
    });
    this.server = new SoftEtherServer({
      clock,
      random,
      logger: silentLogger,
      directory,
      host,
      limits: { ...defaultSoftEtherLimits, maxUnauthenticated: 10_000, maxUnauthenticatedPerAddress: 10_000 },
      identityCertificateDer: () => Buffer.alloc(0),
      adminPassword: { hashed: () => adminPasswordHash('secret') },
      admin: echoAdmin,
      http: () => undefined,
      productName: 'Test Server',
      version: 501,
      build: 9674,
      placement: this.sessions.placement,
      cluster: this.sessions,
      ...(journal === undefined ? {} : { journal }),
    });
  }

  static async start(shared: Shared, index: number, boot: string): Promise<MemberRig> {
    const { clock, backplane, directory, cluster, options } = shared;
    const id: MemberId = `m${index}/0`;
    const host = await HubHost.open({ directory, backplane, clock, random: new SeededRandom(3), isClustered: true });
    const prefix = `run/session/m${index}/`;
    const journal =
      options.hasJournal === true
        ? await SessionJournal.open({ backplane, prefix, clock, logger: silentLogger })
        : undefined;
    cluster.join(memberInfo(id, boot, index, (options.eligible ?? [0]).includes(index)));
    const member = new MemberRig(shared, index, { member: id, boot }, host, journal);
    member.report();
    return member;
  }

  get info(): MemberInfo {
    return this.#shared.cluster.views.get(this.self.member)!.info;
  }

  hub(name: string): VirtualHub | undefined {
    return this.host.instance(name);
  }

  report(): void {
    this.#shared.cluster.report(this.self.member, { connections: 0, ...this.sessions.load() });
  }

  connect(address = '192.0.2.1'): TestClient {
    const { clock, random } = this.#shared;
    const client = { address, port: this.#nextPort++ };
    if (!this.server.admits(client)) throw new Error('not admitted');
    const tls = { protocol: 'TLSv1.3', cipher: 'SIMULATED', peerCertificate: undefined };
    const pair = new StreamPair(
      { clock, random },
      { client, server: { address: `10.0.0.${this.index + 1}`, port: 443 }, clientTls: tls, serverTls: tls },
    );
    const testClient = new TestClient(clock, pair);
    this.server.accept(pair.server, 443);
    return testClient;
  }

  /** Nothing of it runs any more; its connections break. */
  async die(): Promise<void> {
    this.#shared.mesh.leave(this.self.member);
    this.sessions.stop();
    await this.host.stop();
  }
}

/** How a log-in came out, and at which member. */
export interface Landed {
  readonly at: number;
  readonly client: TestClient;
  readonly answer: LoginAnswer;
  readonly redirect: Redirect | undefined;
}

/** A cluster in memory: hubs LAN (static) and SHOP (dynamic), users alice, bob and carol. Member 0 leads. */
export class ClusterRig {
  readonly members: MemberRig[] = [];
  readonly #shared: Shared;
  #boots = 0;
  #isClosed = false;

  private constructor(shared: Shared) {
    this.#shared = shared;
    shared.clock.every(REPORT_EVERY_MS, () => this.report());
  }

  static async start(options: ClusterRigOptions = {}): Promise<ClusterRig> {
    // The store lives in real time, everything else in the clock's.
    const backplane = await openEmbedded({ path: ':memory:', clock: createNodeClock() });
    const directory = await HubDirectory.open(backplane, createNodeClock());
    for (const hub of options.hubs ?? [STATIC, DYNAMIC]) {
      await directory.createHub(hub);
      for (const name of ['alice', 'bob', 'carol']) await directory.createUser(hub.name, passwordUser(name));
    }
    const clock = new VirtualClock();
    const mesh = new FakeMesh(clock);
    const cluster = new FakeCluster();
    const objects = new FakeObjects(clock);
    objects.isAlive = ({ member, boot }) => cluster.views.get(member)?.info.boot === boot;
    const random = new SeededRandom(7);
    const engine: { state: BackplaneState } = { state: 'ok' };
    const shared = { clock, random, backplane, directory, mesh, cluster, objects, options, engine };
    const rig = new ClusterRig(shared);
    for (let index = 0; index < (options.members ?? 3); index++) await rig.join(index);
    rig.elect(0);
    await rig.run(50);
    return rig;
  }

  get cluster(): FakeCluster {
    return this.#shared.cluster;
  }

  get mesh(): FakeMesh {
    return this.#shared.mesh;
  }

  get objects(): FakeObjects {
    return this.#shared.objects;
  }

  get directory(): HubDirectory {
    return this.#shared.directory;
  }

  get engine(): { state: BackplaneState } {
    return this.#shared.engine;
  }

  get clock(): VirtualClock {
    return this.#shared.clock;
  }

  async join(index: number): Promise<MemberRig> {
    const member = await MemberRig.start(this.#shared, index, `boot${++this.#boots}`);
    this.members[index] = member;
    return member;
  }

  elect(index: number | undefined): void {
    this.cluster.elect(index === undefined ? undefined : this.members[index]!.self);
    this.objects.epoch = this.cluster.epoch;
  }

  /** Dead for everybody at once. */
  async kill(index: number): Promise<void> {
    const member = this.members[index]!;
    await member.die();
    if (this.cluster.controller?.member === member.self.member) this.elect(undefined);
    this.cluster.leave(member.self.member);
  }

  report(): void {
    if (this.#isClosed) return;
    for (const { self } of this.members) {
      const member = this.members.find((other) => other.self.member === self.member)!;
      if (this.cluster.views.has(self.member)) member.report();
    }
  }

  run(ms: number): Promise<void> {
    return this.clock.run(ms);
  }

  /** Real time too, for what waits for the store. */
  async settle(isDone: () => boolean): Promise<void> {
    for (let turn = 0; turn < 500 && !isDone(); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.run(0);
    }
  }

  /** A log-in at a member, and on where it sends the client. */
  async login(at: number, fields: LoginFields = {}, waitMs = 60): Promise<Landed> {
    const client = await this.members[at]!.connect().hello();
    const answer = decodeLoginAnswer(await client.ask(client.loginPack({ hub: 'LAN', ...fields }), waitMs));
    if (answer.kind !== 'redirect') return { at, client, answer, redirect: undefined };
    return this.follow(answer.redirect, fields, waitMs);
  }

  indexOf({ address }: Redirect): number {
    return this.members.findIndex(({ index }) => address === `10.0.0.${index + 1}`);
  }

  /** So many log-ins at the same moment, and on, all together, where they are sent. */
  async loginAll(at: number, all: readonly LoginFields[], waitMs = 300): Promise<Landed[]> {
    const ask = async (
      askers: readonly { readonly client: TestClient; readonly pack: Pack }[],
    ): Promise<LoginAnswer[]> => {
      for (const { client, pack } of askers) client.sendPack(pack);
      await this.run(waitMs);
      const answers: LoginAnswer[] = [];
      for (const { client } of askers) {
        const answer = await client.answerPack(0);
        if (answer === undefined) throw new Error('no answer came');
        answers.push(decodeLoginAnswer(answer));
      }
      return answers;
    };
    const askers = [];
    for (const fields of all) {
      const client = await this.members[at]!.connect().hello();
      askers.push({ client, pack: client.loginPack({ hub: 'LAN', ...fields }) });
    }
    const first = await ask(askers);
    const landed: Landed[] = [];
    const sent: { readonly index: number; readonly at: number; readonly client: TestClient; readonly pack: Pack }[] =
      [];
    for (const [index, answer] of first.entries()) {
      const { client } = askers[index]!;
      const redirect = answer.kind === 'redirect' ? answer.redirect : undefined;
      landed.push({ at, client, answer, redirect });
      if (redirect === undefined) continue;
      const there = this.indexOf(redirect);
      const second = await this.members[there]!.connect().hello();
      const pack = loginPack({ hub: 'LAN', ...all[index] })
        .setInt('authtype', 99)
        .setData('ticket', redirect.ticket);
      sent.push({ index, at: there, client: second, pack });
    }
    const second = await ask(sent);
    for (const [number, { index, at: there, client }] of sent.entries()) {
      landed[index] = { at: there, client, answer: second[number]!, redirect: landed[index]!.redirect };
    }
    return landed;
  }

  /** With the ticket to the member. */
  async follow(redirect: Redirect, fields: LoginFields = {}, waitMs = 60): Promise<Landed> {
    const at = this.indexOf(redirect);
    const client = await this.members[at]!.connect().hello();
    const pack = loginPack({ hub: 'LAN', ...fields })
      .setInt('authtype', 99)
      .setData('ticket', redirect.ticket);
    const answer = decodeLoginAnswer(await client.ask(pack, waitMs));
    if (answer.kind === 'welcome') client.readBlocks();
    return { at, client, answer, redirect };
  }

  async welcome(
    at: number,
    fields: LoginFields = {},
  ): Promise<{ readonly at: number; readonly client: TestClient; readonly welcome: Welcome }> {
    const landed = await this.login(at, fields);
    if (landed.answer.kind !== 'welcome') throw new Error(`no Welcome: ${JSON.stringify(landed.answer)}`);
    return { at: landed.at, client: landed.client, welcome: landed.answer.welcome };
  }

  async error(at: number, fields: LoginFields = {}, waitMs?: number): Promise<number> {
    const { answer } = await this.login(at, fields, waitMs);
    return answer.kind === 'error' ? answer.code : 0;
  }

  /** Sessions of each member. */
  counts(): number[] {
    return this.members.map(({ server }) => server.sessionCount);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const member of this.members) await member.die();
    this.directory.close();
    await this.#shared.backplane.close();
  }
}
