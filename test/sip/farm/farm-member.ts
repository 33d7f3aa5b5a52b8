import { silentLogger } from '#base';
import type { Bus } from '#cluster';
import type { Datagram } from '#io';
import type { MemoryDatagramNetwork, MemoryDatagrams } from '#io/sim';
import type { AccountPlaces } from '../../../src/sip/farm/account-places.ts';
import type { Farm } from '../../../src/sip/farm/farm.ts';
import type { FarmMember, FarmMembership, FarmMode } from '../../../src/sip/farm/farm-membership.ts';
import { openFarm } from '../../../src/sip/farm/open-farm.ts';
import type { SipServer } from '../../../src/sip/server.ts';
import type { FaceOptions } from '../../../src/sip/transport/face.ts';
import type { SipTransport } from '../../../src/sip/transport/sip-transport.ts';
import type { TransportListener } from '../../../src/sip/transport/transport-layer.ts';
import {
  memberServer,
  memberTransport,
  ownMethods,
  SECRET,
  VIP,
  type ServerWorld,
  type ServerWorldOptions,
} from './member-server.ts';

export { VIP };
const RELAY_PORT = 5062;

export interface MemberOptions extends ServerWorldOptions {
  /** How the world sees each member; without it: by sockets on VIP, and nobody says that it is virtual. */
  readonly face?: FaceOptions;
  /** Whose work registrations are; absent: like calls. */
  readonly accounts?: AccountPlaces;
}

/** What a member stands in. */
export interface MemberWorld extends ServerWorld {
  readonly options: MemberOptions;
  readonly network: MemoryDatagramNetwork;
  readonly members: readonly Member[];
  readonly buses: Map<string, (body: unknown) => void>;
  /** Something has changed; each member sees it when it does. */
  changed(): void;
}

/** What is true of a member; others learn of it later. */
interface Truth {
  readonly token: string;
  boot: number;
  mode: FarmMode;
  isUp: boolean;
  isDraining: boolean;
}

/** One member: its machine lasts, its server does not. */
export class Member {
  readonly world: MemberWorld;
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

  constructor(world: MemberWorld, index: number, mode: FarmMode) {
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
    const transport = memberTransport(world, this.machine, this.address);
    if (world.options.face !== undefined) await transport.show(world.options.face);
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
      transport: ownMethods(transport, (message, hop) => this.onMessage(message, hop), world.options),
      relayPort,
      bus: this.#bus(),
      secret: SECRET,
      accounts: world.options.accounts,
      settings: { balancer: world.options.face?.balancer ?? 'dsr', t1Ms: 500, timerCMs: 185_000 },
    });
    this.farm = farm;
    this.server = memberServer(world, this.name, farm);
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
      addresses: [this.address],
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
