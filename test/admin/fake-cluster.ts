import { configurationBackup, MemberCalls, serveOperations, type AdminContext } from '#admin';
import { silentLogger } from '#base';
import {
  Gone,
  memberIdOf,
  Refused,
  type BusHandler,
  type ClusterModes,
  type ClusterModeStatus,
  type MemberBoot,
  type MemberId,
  type MemberInfo,
  type MemberView,
} from '#cluster';
import { createNodeRandom } from '#io/node';
import { openFixture, testIdentity, type Fixture } from './fixture.ts';
import { NOW_MS } from './records.ts';

/** Members in one process that talk over a bus without links: each has a store, hubs and operations of its own. */
export class FakeCluster {
  readonly members = new Map<MemberId, FakeMember>();
  /** Members that do not answer. */
  readonly silent = new Set<MemberId>();
  controller: MemberId | undefined;
  /** Services that were called, in order: `b/0 admin/enum-session`. */
  readonly calls: string[] = [];
  readonly backups: { readonly name: string; readonly text: string }[] = [];

  /** The first becomes the controller. */
  static async open(...names: readonly string[]): Promise<FakeCluster> {
    const cluster = new FakeCluster();
    for (const name of names) {
      const [server = '', index = '0'] = name.split('/');
      await cluster.add(memberIdOf(server, Number(index)));
    }
    cluster.controller = cluster.members.keys().next().value;
    return cluster;
  }

  async add(id: MemberId): Promise<FakeMember> {
    const member = new FakeMember(this, id, await openFixture(), (await testIdentity()).certificatePem);
    this.members.set(id, member);
    return member;
  }

  member(id: MemberId): FakeMember {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`no member ${id}`);
    return member;
  }

  views(): MemberView[] {
    return [...this.members.values()].map((member) => member.view);
  }

  async call(from: MemberBoot, to: MemberId, service: string, body: unknown): Promise<unknown> {
    this.calls.push(`${to} ${service}`);
    const member = this.members.get(to);
    const handler = member?.services.get(service);
    if (member === undefined || this.silent.has(to)) throw new Gone(`${to} is gone`);
    if (handler === undefined) throw new Refused('NO_SERVICE', `${to} does not serve ${service}`);
    try {
      return copyOf(await handler(copyOf(body), from));
    } catch (error) {
      throw new Refused('ERROR', String(error));
    }
  }

  async close(): Promise<void> {
    for (const { fixture } of this.members.values()) await fixture.close();
  }
}

/** The bus carries JSON. */
function copyOf(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

class FakeMember {
  readonly fixture: Fixture;
  readonly context: AdminContext;
  readonly services = new Map<string, BusHandler>();
  readonly modes = new FakeModes();
  readonly calls: MemberCalls;
  view: MemberView;

  constructor(cluster: FakeCluster, id: MemberId, fixture: Fixture, certificatePem: string) {
    this.fixture = fixture;
    const self: MemberBoot = { member: id, boot: `boot of ${id}` };
    const base64 = certificatePem.replace(/-----[^-]+-----|\s/g, '');
    this.view = { info: infoOf(self, base64), load: undefined, state: 'online', cause: '' };
    const { services } = this;
    const membership = {
      self: this.view.info,
      members: () => cluster.views(),
      find: (wanted: MemberId) => cluster.members.get(wanted)?.view,
    };
    this.calls = new MemberCalls({
      bus: {
        call: (to, service, body) => cluster.call(self, typeof to === 'string' ? to : to.member, service, body),
      },
      membership,
      controllership: {
        controller: () =>
          cluster.controller === undefined
            ? undefined
            : { member: cluster.controller, boot: `boot of ${cluster.controller}` },
        isController: () => cluster.controller === id,
      },
      clock: fixture.context.clock,
      logger: silentLogger,
    });
    this.modes.current = { ...this.modes.current, mode: cluster.members.size === 0 ? 'controller' : 'member' };
    this.context = {
      ...fixture.context,
      cluster: {
        modes: this.modes,
        members: this.calls,
        backUp: async (to) => {
          const { clock, backplane } = fixture;
          const backup = await configurationBackup({ to, clock, stores: [backplane, backplane], losses: ['some'] });
          cluster.backups.push(backup);
          return `/var/lib/hubfarm/${backup.name}`;
        },
      },
    };
    serveOperations({
      context: this.context,
      bus: { serve: (service, handler) => (services.set(service, handler), () => services.delete(service)) },
      random: createNodeRandom(),
    });
  }
}

function infoOf(self: MemberBoot, certificate: string): MemberInfo {
  return {
    ...self,
    id: self.member,
    version: '0.1.0',
    hostName: 'vm',
    startedAtMs: NOW_MS - 60_000,
    joinedAtMs: NOW_MS - 50_000,
    busAddress: '10.77.0.1:5570',
    publicAddress: '10.77.0.2',
    publicPorts: [443, 992],
    certificate,
    weight: 100,
    isEligible: true,
    isControllerOnly: false,
    isDraining: false,
    capacity: 100_000,
  };
}

class FakeModes implements ClusterModes {
  readonly changes: unknown[] = [];
  current: ClusterModeStatus = {
    mode: 'standalone',
    weight: 100,
    isControllerOnly: false,
    publicAddress: '',
    publicPorts: [],
    controllerHost: '',
    controllerPort: 0,
    connection: undefined,
  };

  status(): ClusterModeStatus {
    return this.current;
  }

  setStandalone(): Promise<void> {
    this.changes.push({ mode: 'standalone' });
    return Promise.resolve();
  }

  setController(settings: unknown): Promise<void> {
    this.changes.push(settings);
    return Promise.resolve();
  }

  /** What keeps it from becoming a member. */
  refusal: Error | undefined;

  setMember(settings: unknown): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    this.changes.push(settings);
    return Promise.resolve();
  }
}
