import type { MemberId, MemberView, Membership } from '#cluster';
import type { FarmMember, FarmMembership } from '../farm/farm-membership.ts';
import type { FarmRecord } from './farm-record.ts';

/** The records of all members, by member. */
export interface FarmRecords {
  get(id: MemberId): FarmRecord | undefined;
}

export interface ClusterFarmOptions {
  readonly membership: Pick<Membership, 'self' | 'members' | 'onChange'>;
  readonly records: FarmRecords;
  /** Of this member as it is at this moment, also when the store has not taken it yet. */
  readonly own: () => FarmRecord;
  /** As bindings name a member. */
  readonly nameOf: (id: MemberId) => string;
}

/**
 * Who is in the farm: what the members say of themselves, as long as the cluster knows the same boot of them. A link that
 * breaks makes its member unreachable at once; nobody waits for a lease.
 */
export class ClusterFarm implements FarmMembership {
  readonly #options: ClusterFarmOptions;
  readonly #listeners = new Set<() => void>();
  readonly #unfollow: () => void;
  #members: readonly FarmMember[] = [];
  #self!: FarmMember;

  constructor(options: ClusterFarmOptions) {
    this.#options = options;
    this.#unfollow = options.membership.onChange(() => this.look());
    this.#work();
  }

  get self(): FarmMember {
    return this.#self;
  }

  members(): readonly FarmMember[] {
    return this.#members;
  }

  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  /** A record may be another one than before. */
  look(): void {
    if (!this.#work()) return;
    for (const changed of [...this.#listeners]) changed();
  }

  stop(): void {
    this.#unfollow();
    this.#listeners.clear();
  }

  /** False: all is as before; loads are reported all the time. */
  #work(): boolean {
    const { membership, records, own } = this.#options;
    const { id, isDraining, weight, boot } = membership.self;
    const self = this.#member(id, { ...own(), boot }, { isDraining, weight, isReachable: true });
    const others = membership.members().flatMap((view): readonly FarmMember[] => {
      const record = view.info.id === id ? undefined : records.get(view.info.id);
      if (record === undefined || record.boot !== view.info.boot || record.token === self.token) return [];
      return [this.#member(view.info.id, record, ofView(view))];
    });
    const members = [self, ...others].sort((a, b) => (a.token < b.token ? -1 : 1));
    const isSame = members.length === this.#members.length && members.every((one, at) => one === this.#members[at]);
    this.#self = self;
    this.#members = members;
    return !isSame;
  }

  #member(
    id: MemberId,
    record: FarmRecord,
    {
      isDraining,
      weight,
      isReachable,
    }: Pick<MemberView['info'], 'isDraining' | 'weight'> & {
      readonly isReachable: boolean;
    },
  ): FarmMember {
    const { token, boot, machine, relayHost, relayPort, resolved, isReady, sockets, addresses } = record;
    const member: FarmMember = {
      token,
      name: this.#options.nameOf(id),
      boot: bootNumber(boot),
      machine,
      relayHost,
      relayPort,
      weight,
      mode: resolved.farm,
      isInFarm: resolved.farm === 'member' && isReady && !isDraining,
      isReachable: isReachable && (relayPort > 0 || id === this.#options.membership.self.id),
      sockets,
      addresses,
    };
    const before = this.#members.find((one) => one.token === token);
    return before !== undefined && JSON.stringify(before) === JSON.stringify(member) ? before : member;
  }
}

const ofView = ({ info: { isDraining, weight }, state }: MemberView) => ({
  isDraining,
  weight,
  isReachable: state === 'online',
});

/** 32 bits of a boot, which is random hex. */
export const bootNumber = (boot: string): number => Number.parseInt(boot.slice(0, 8), 16) >>> 0;
