import { silentLogger } from '#base';
import type { Bus } from '#cluster';
import type { Datagram } from '#io';
import { MemoryDatagramNetwork, type MemoryDatagrams, MemoryNetwork, SeededRandom, VirtualClock } from '#io/sim';
import type { Account } from '../../../src/sip/accounts/account.ts';
import { defaultCoreSettings, type CoreSettings } from '../../../src/sip/core/settings.ts';
import type { Farm } from '../../../src/sip/farm/farm.ts';
import type { FarmMember, FarmMembership, FarmMode } from '../../../src/sip/farm/farm-membership.ts';
import { openFarm } from '../../../src/sip/farm/open-farm.ts';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import { createSipServer, type SipServer, type SipServices } from '../../../src/sip/server.ts';
import { SipTransport } from '../../../src/sip/transport/sip-transport.ts';
import type { TransportListener } from '../../../src/sip/transport/transport-layer.ts';
import type { TransportName } from '../../../src/sip/transport/transport-name.ts';
import { defaultTransportSettings, MemoryWebSockets } from '../transport/transport-world.ts';

/** Of the load balancer, and of every member: direct server return. */
export const VIP = '192.0.2.1';
const RELAY_PORT = 5062;
const SECRET = Buffer.from('0123456789abcdef0123456789abcdef');

export interface FarmWorldOptions {
  readonly seed?: number;
  readonly members?: number;
  /** How long a member takes to see a change, at least and at most. */
  readonly noticeMs?: readonly [number, number];
  readonly settings?: Partial<CoreSettings>;
  /** Instead of those of the test. */
  readonly services?: (member: string, clock: VirtualClock) => Partial<SipServices>;
}

/** What is true of a member; others learn of it later. */
interface Truth {
  readonly token: string;
  boot: number;
  mode: FarmMode;
  isUp: boolean;
  isDraining: boolean;
}

/** A farm on networks in memory, behind a balancer that sends each datagram to the next member. */
export class FarmWorld {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: MemoryDatagramNetwork;
  readonly streams: MemoryNetwork;
  readonly members: Member[] = [];
  readonly accounts = new Map<string, Account>();
  readonly bindings = new Map<string, Binding[]>();
  readonly options: FarmWorldOptions;
  readonly buses = new Map<string, (body: unknown) => void>();
  /** The member that datagrams to the virtual address go to; undefined: each to the next one that is up. */
  aim: Member | undefined;
  #turn = 0;

  constructor(options: FarmWorldOptions = {}) {
    this.options = options;
    this.random = new SeededRandom(options.seed ?? 1);
    this.network = new MemoryDatagramNetwork({ clock: this.clock, random: this.random });
    this.streams = new MemoryNetwork({ clock: this.clock, random: this.random });
    this.network.balance(VIP, () => this.#nextMachine());
  }

  static async open(options: FarmWorldOptions = {}): Promise<FarmWorld> {
    const world = new FarmWorld(options);
    for (let at = 0; at < (options.members ?? 3); at++) await world.join();
    for (const member of world.members) member.see();
    return world;
  }

  /** A further member. */
  async join(mode: FarmMode = 'member'): Promise<Member> {
    const member = new Member(this, this.members.length, mode);
    this.members.push(member);
    await member.start();
    return member;
  }

  /** Something has changed; each member sees it when it does. */
  changed(): void {
    const [least, most] = this.options.noticeMs ?? [0, 0];
    for (const member of this.members) {
      if (most === 0) member.see();
      else this.clock.after(least + this.random.below(most - least + 1), () => member.see());
    }
  }

  account(user: string): void {
    this.accounts.set(user, {
      user,
      domain: 'example.org',
      aor: `${user}@example.org`,
      ha1Md5: '',
      ha1Sha256: '',
      ha1Sha512: '',
      aliases: [],
      displayName: '',
      isEnabled: true,
      maxContacts: 0,
      createdAtMs: 0,
      updatedAtMs: 0,
    });
  }

  /** Registers a contact without any REGISTER. */
  bind(user: string, uri: string, changes: Partial<Binding> = {}): void {
    const binding: Binding = {
      uri,
      params: '',
      q: 1000,
      expiresAtS: Number.MAX_SAFE_INTEGER,
      grantedS: 3600,
      keptUntilS: Number.MAX_SAFE_INTEGER,
      callId: 'r',
      cseq: 1,
      instance: '',
      regId: 0,
      path: [],
      flow: undefined,
      isBehindNat: false,
      userAgent: '',
      ...changes,
    };
    const aor = `${user}@example.org`;
    this.bindings.set(aor, [...(this.bindings.get(aor) ?? []), binding]);
  }

  /** Lets time pass, and what promises bring about happen. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      this.clock.advance(Math.min(left, 10));
      for (let turn = 0; turn < 8; turn++) await Promise.resolve();
    }
  }

  async stop(): Promise<void> {
    for (const member of this.members) await member.kill();
  }

  #nextMachine(): MemoryDatagrams | undefined {
    if (this.aim !== undefined) return this.aim.machine;
    // The balancer has noticed who is gone, or it has not: the datagram is lost then.
    const able = this.members.filter(({ isBalanced }) => isBalanced);
    return able[this.#turn++ % Math.max(1, able.length)]?.machine;
  }
}

/** One member: its machine lasts, its server does not. */
export class Member {
  readonly world: FarmWorld;
  readonly machine: MemoryDatagrams;
  readonly address: string;
  readonly truth: Truth;
  /** The balancer sends to it. */
  isBalanced = false;
  farm: Farm | undefined;
  server: SipServer | undefined;
  transport: SipTransport | undefined;
  /** Sees what comes in by its own sockets. */
  onMessage: TransportListener['message'] = () => undefined;
  #relayPort: Datagram | undefined;
  #membership: { view: readonly FarmMember[]; changed: (() => void) | undefined } = { view: [], changed: undefined };

  constructor(world: FarmWorld, index: number, mode: FarmMode) {
    this.world = world;
    this.address = `10.0.0.${index + 1}`;
    this.machine = world.network.machine(this.address, VIP);
    this.truth = { token: `m${(index + 1).toString(36)}`, boot: 0, mode, isUp: false, isDraining: false };
  }

  get token(): string {
    return this.truth.token;
  }

  get name(): string {
    return this.truth.token;
  }

  async start(): Promise<void> {
    const { world, truth } = this;
    const { clock, random } = world;
    truth.boot = random.below(2 ** 32);
    truth.isUp = true;
    truth.isDraining = false;
    const transport = new SipTransport(
      {
        clock,
        random,
        logger: silentLogger,
        datagrams: this.machine,
        network: world.streams.host(this.address).network,
        webSockets: new MemoryWebSockets(),
        identity: () => {
          throw new Error('no certificate here');
        },
      },
      {
        ...defaultTransportSettings,
        plain: [VIP, this.address].map((host) => ({ host, port: 5060 })),
        tls: [],
        ws: [],
      },
    );
    this.transport = transport;
    const relayPort = await this.machine.bind({ host: this.address, port: RELAY_PORT });
    this.#relayPort = relayPort;
    // A new member sees the others before they see it.
    truth.isUp = false;
    this.#membership = { view: this.#look(), changed: undefined };
    truth.isUp = true;
    const farm = openFarm({
      clock,
      random,
      logger: silentLogger,
      membership: this.#asMembership(),
      transport: ownMethods(transport, (message, hop) => this.onMessage(message, hop)),
      relayPort,
      bus: this.#bus(),
      secret: SECRET,
      settings: { balancer: 'dsr', t1Ms: 500, timerCMs: 185_000 },
    });
    this.farm = farm;
    this.server = createSipServer({
      clock,
      random,
      logger: silentLogger,
      transport: farm.transport,
      locator: {
        locateNow: (uri) => {
          const transport = (uri.param('transport') ?? 'udp') as TransportName;
          return [{ transport, address: uri.host, port: uri.port ?? 5060 }];
        },
        locate: () => Promise.resolve([]),
        failed: () => undefined,
      },
      directory: {
        isLocal: (host) => host === 'example.org',
        find: (user, host) => (host === 'example.org' ? world.accounts.get(user) : undefined),
        accountOfNumber: () => undefined,
      },
      authenticator: { verify: () => ({ kind: 'refused', status: 403, reason: 'not in this test' }) },
      location: {
        lookup: (aor) => world.bindings.get(aor) ?? [],
        aors: () => world.bindings.keys(),
        onChange: () => () => undefined,
      },
      registrar: { handle: () => undefined },
      owner: farm.owner,
      member: this.token,
      memberName: this.name,
      secret: SECRET,
      settings: {
        ...defaultCoreSettings,
        trusted: ['198.51.100.0/24'],
        natPing: { ...defaultCoreSettings.natPing, method: 'none' },
        ...world.options.settings,
      },
      ...world.options.services?.(this.name, clock),
    });
    this.server.start();
    await transport.start();
    this.isBalanced = true;
    world.changed();
  }

  /** Without a word. The balancer goes on sending to it for a while. */
  async kill(unnoticedMs = 0): Promise<void> {
    if (!this.truth.isUp) return;
    this.truth.isUp = false;
    this.world.buses.delete(`${this.name}/0`);
    this.farm?.stop();
    this.server?.stop();
    this.#relayPort?.close();
    const stopped = this.transport?.stop();
    if (unnoticedMs === 0) this.isBalanced = false;
    else
      this.world.clock.after(unnoticedMs, () => {
        this.isBalanced = this.truth.isUp;
      });
    this.world.changed();
    await stopped;
  }

  drain(): void {
    this.truth.isDraining = true;
    this.isBalanced = false;
    this.server?.drain();
    this.see();
    this.world.changed();
  }

  /** Learns how things are now. */
  see(): void {
    this.#membership.view = this.#look();
    this.#membership.changed?.();
  }

  #look(): FarmMember[] {
    return this.world.members.filter(({ truth }) => truth.boot !== 0).map((member) => member.asMember(this));
  }

  asMember(seenBy: Member): FarmMember {
    const { token, boot, mode, isUp, isDraining } = this.truth;
    return {
      token,
      name: this.name,
      boot,
      machine: this.address,
      relayHost: this.address,
      relayPort: RELAY_PORT,
      weight: 100,
      mode,
      isInFarm: mode === 'member' && isUp && !isDraining,
      isReachable: isUp || this === seenBy,
      virtualAddresses: [VIP],
      sockets: (this.transport?.listening() ?? []).map(({ id, transport, local }) => ({ id, transport, ...local })),
    };
  }

  #asMembership(): FarmMembership {
    const membership = this.#membership;
    const { token } = this;
    return {
      get self() {
        return membership.view.find((one) => one.token === token)!;
      },
      members: () => membership.view,
      onChange: (changed) => {
        membership.changed = changed;
        return () => {
          membership.changed = undefined;
        };
      },
    };
  }

  #bus(): Pick<Bus, 'send' | 'serve'> {
    const { world, name } = this;
    return {
      send: (to, _service, body) => {
        const address = typeof to === 'string' ? to : to.member;
        world.clock.after(1, () => world.buses.get(address)?.(body));
      },
      serve: (_service, handler) => {
        const from = { member: 'other/0', boot: '' } as const;
        world.buses.set(`${name}/0`, (body) => void handler(body, from));
        return () => undefined;
      },
    };
  }
}

/** As the wiring does: an object of its own around the transport. */
function ownMethods(
  transport: SipTransport,
  seen: TransportListener['message'],
): Parameters<typeof openFarm>[0]['transport'] {
  return {
    listen: (listener) =>
      transport.listen({
        message: (message, hop) => {
          seen(message, hop);
          listener.message(message, hop);
        },
        bad: (bad, hop) => listener.bad(bad, hop),
        flowEnded: (hop) => listener.flowEnded(hop),
      }),
    respond: (bytes, hop, via) => transport.respond(bytes, hop, via),
    send: (bytes, target, failed) => transport.send(bytes, target, failed),
    viaFor: (target) => transport.viaFor(target),
    isOwnAddress: (host, port, name) => transport.isOwnAddress(host, port, name),
    hasFlow: (connectionId, member) => transport.hasFlow(connectionId, member),
    figures: () => transport.figures(),
    listening: () => transport.listening(),
    isThisServer: (host, port) => transport.isThisServer(host, port),
  };
}
