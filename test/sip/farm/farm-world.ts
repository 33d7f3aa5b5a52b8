import { MemoryDatagramNetwork, type MemoryDatagrams, MemoryNetwork, SeededRandom, VirtualClock } from '#io/sim';
import type { Account } from '../../../src/sip/accounts/account.ts';
import type { FarmMode } from '../../../src/sip/farm/farm-membership.ts';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import { Member, VIP, type MemberOptions, type MemberWorld } from './farm-member.ts';

export interface FarmWorldOptions extends MemberOptions {
  readonly seed?: number;
  readonly members?: number;
  /** How long a member takes to see a change, at least and at most. */
  readonly noticeMs?: readonly [number, number];
}

/** A farm on networks in memory, behind a balancer that sends each datagram to the next member. */
export class FarmWorld implements MemberWorld {
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
      ha1bMd5: '',
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
