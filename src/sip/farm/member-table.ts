import type { FarmMember, FarmMembership } from './farm-membership.ts';

/** Members that were seen and are gone are remembered for what their tokens mean. Beyond it the oldest is forgotten. */
const mostMembers = 1024;

/** The members of the farm by token and by name, as the membership says, and those that went. */
export class MemberTable {
  readonly #membership: FarmMembership;
  readonly #present = new Map<string, FarmMember>();
  /** The present ones, too. */
  readonly #known = new Map<string, FarmMember>();
  readonly #byName = new Map<string, FarmMember>();
  #isAlone = true;

  constructor(membership: FarmMembership) {
    this.#membership = membership;
    this.refresh();
  }

  /** Reads the membership once more. */
  refresh(): void {
    const { self } = this.#membership;
    const members = this.#membership.members();
    this.#present.clear();
    for (const member of [...members.filter(({ token }) => token !== self.token), self]) {
      this.#present.set(member.token, member);
      this.#known.delete(member.token);
      this.#known.set(member.token, member);
      this.#byName.set(member.name, member);
    }
    for (const [token, member] of this.#known) {
      if (this.#known.size <= mostMembers) break;
      this.#known.delete(token);
      this.#byName.delete(member.name);
    }
    this.#isAlone = this.#known.size === 1;
  }

  get self(): FarmMember {
    return this.#membership.self;
  }

  /** No other member was ever seen. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  [Symbol.iterator](): IterableIterator<FarmMember> {
    return this.#present.values();
  }

  /** A member that frames can be sent to; not this one. */
  reachable(token: string): FarmMember | undefined {
    const member = this.#present.get(token);
    return member?.isReachable === true && token !== this.self.token ? member : undefined;
  }

  /** Present, or gone. */
  known(token: string): FarmMember | undefined {
    return this.#known.get(token);
  }

  byName(name: string): FarmMember | undefined {
    return this.#byName.get(name);
  }
}
