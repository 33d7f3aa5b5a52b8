import { onTestFinished } from 'vitest';
import { openEmbedded, type Backplane } from '#backplane';
import { silentLogger } from '#base';
import type { MemberBoot, MemberId, MemberInfo, MemberView, Membership } from '#cluster';
import { ManualClock } from '../../backplane/manual-clock.ts';
import { FarmPart, type FarmPartOptions } from '../../../src/sip/roles/farm-part.ts';
import type { MemberRole } from '../../../src/sip/roles/resolve-farm.ts';
import type { FarmOverrides } from '../../../src/sip/roles/settings.ts';
import type { FaceOptions } from '../../../src/sip/transport/face.ts';

/** Several members with one store, and who is up among them. */
export class FarmWorld {
  readonly clock = new ManualClock();
  readonly members = new Map<MemberId, FakeMember>();
  readonly gone = new Set<string>();
  backplane!: Backplane;

  static async open(): Promise<FarmWorld> {
    const world = new FarmWorld();
    world.backplane = await openEmbedded({ path: ':memory:', clock: world.clock });
    onTestFinished(async () => {
      for (const { part } of world.members.values()) part.stop();
      await world.backplane.close();
    });
    return world;
  }

  async join(id: MemberId, role: MemberRole, options: JoinOptions = {}): Promise<FakeMember> {
    const member = new FakeMember(
      this,
      id,
      options.boot ?? `${(this.members.size + 1).toString(16).padStart(8, '0')}ff`,
    );
    await member.open(role, options);
    this.members.set(id, member);
    this.changed();
    await this.settle();
    return member;
  }

  changed(): void {
    for (const { listeners } of this.members.values()) for (const listener of [...listeners]) listener();
  }

  /** Lets everybody see what the others have written. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

interface JoinOptions {
  readonly file?: FarmOverrides;
  readonly boot?: string;
  readonly count?: number;
}

export class FakeMember {
  readonly world: FarmWorld;
  readonly id: MemberId;
  readonly boot: MemberBoot;
  readonly listeners = new Set<() => void>();
  readonly addresses = new Set<string>();
  /** That its machine sends from. */
  ownAddress = '192.0.2.1';
  /** How its transport was told to look. */
  face: FaceOptions | undefined;
  isListening = true;
  isDraining = false;
  /** Its links are up. */
  isUp = true;
  part!: FarmPart;
  #socketsChanged = (): void => undefined;

  constructor(world: FarmWorld, id: MemberId, boot: string) {
    this.world = world;
    this.id = id;
    this.boot = { member: id, boot };
  }

  get #server(): string {
    return this.id.split('/')[0]!;
  }

  get names(): string[] {
    return (this.part.farm?.members() ?? [])
      .filter(({ isInFarm, isReachable }) => isInFarm && isReachable)
      .map(({ name }) => name);
  }

  async open(role: MemberRole, { file = {}, count = 1 }: JoinOptions): Promise<void> {
    const number = this.world.members.size + 1;
    this.part = await FarmPart.open({
      backplane: this.world.backplane,
      clock: this.world.clock,
      logger: silentLogger,
      kind: role,
      server: this.#server,
      token: `token${this.id.replace('/', '')}`,
      file,
      transport: this.#transport(),
      company: {
        membership: this.#membership(),
        count,
        isKnown: (id) => !this.world.gone.has(id.split('/')[0]!),
        relay: () => ({ host: `192.0.2.${number}`, port: 5570, warning: '' }),
      },
    });
    this.part.start();
  }

  /** Its machine gets an address. */
  gets(address: string): void {
    this.addresses.add(address);
    this.#socketsChanged();
  }

  die(): void {
    this.isUp = false;
    this.world.changed();
  }

  #info(): MemberInfo {
    return {
      ...this.boot,
      id: this.id,
      weight: 100,
      isDraining: this.isDraining,
    } as Partial<MemberInfo> as MemberInfo;
  }

  #membership(): Pick<Membership, 'self' | 'members' | 'onChange' | 'find'> {
    const view = (member: FakeMember): MemberView => ({
      info: member.#info(),
      load: undefined,
      state: member.isUp ? 'online' : 'suspect',
      cause: member.isUp ? '' : 'the connection was reset',
    });
    const self = (): MemberInfo => this.#info();
    return {
      get self() {
        return self();
      },
      members: () => [...this.world.members.values()].map(view),
      find: (id) => {
        const member = this.world.members.get(id);
        return member && view(member);
      },
      onChange: (changed) => {
        const listener = (): void => changed([]);
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
    };
  }

  #transport(): FarmPartOptions['transport'] {
    const bound = (): string[] => (this.face?.virtualAddresses ?? []).filter((one) => this.addresses.has(one));
    return {
      show: (face) => {
        this.face = face;
        return Promise.resolve();
      },
      boundFaces: bound,
      ownAddresses: () => [],
      sourceFor: () => this.ownAddress,
      listening: () => [{ id: 1, transport: 'udp', local: { address: '0.0.0.0', port: 5060 } }],
      listeners: () => [
        {
          transport: 'udp',
          host: undefined,
          port: 5060,
          isListening: this.isListening,
          error: this.isListening ? undefined : 'another program uses this UDP port',
        },
      ],
      onSockets: (changed) => (this.#socketsChanged = changed),
      refresh: () => Promise.resolve(),
    };
  }
}
