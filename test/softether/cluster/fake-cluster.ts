import type { Guard } from '#backplane';
import type { Controllership, LoadReport, MemberBoot, MemberId, MemberInfo, Membership, MemberView } from '#cluster';

/** What all members of a test agree upon: who is there, and who leads. */
export class FakeCluster {
  readonly views = new Map<MemberId, MemberView>();
  /** What those say of themselves that nobody sees any more. */
  readonly left = new Map<MemberId, MemberInfo>();
  epoch = 0;
  controller: MemberBoot | undefined;
  readonly #memberListeners = new Set<(members: readonly MemberView[]) => void>();
  readonly #controllerListeners = new Set<(controller: MemberBoot | undefined) => void>();

  join(info: MemberInfo): void {
    this.views.set(info.id, { info, load: undefined, state: 'online', cause: '' });
    this.#tellMembers();
  }

  leave(id: MemberId): void {
    const info = this.views.get(id)?.info;
    if (info !== undefined) this.left.set(id, info);
    this.views.delete(id);
    this.#tellMembers();
  }

  change(id: MemberId, change: Omit<Partial<MemberView>, 'info'> & { readonly info?: Partial<MemberInfo> }): void {
    const view = this.views.get(id);
    if (view === undefined) return;
    const info = { ...view.info, ...change.info };
    this.views.set(id, { ...view, ...change, info });
    this.#tellMembers();
  }

  report(id: MemberId, load: Omit<LoadReport, 'sequence' | 'points' | 'unreachablePorts'>): void {
    const sequence = (this.views.get(id)?.load?.sequence ?? 0) + 1;
    this.change(id, { load: { ...load, sequence, points: 0, unreachablePorts: [] } });
  }

  elect(boot: MemberBoot | undefined): void {
    this.controller = boot;
    if (boot !== undefined) this.epoch += 10;
    for (const listener of this.#controllerListeners) listener(boot);
  }

  membershipOf(id: MemberId): Membership {
    const { views, left } = this;
    return {
      get self(): MemberInfo {
        return views.get(id)?.info ?? left.get(id) ?? memberInfo(id, 'gone', 0);
      },
      members: () => [...views.values()],
      find: (other) => views.get(other),
      onChange: (changed) => {
        this.#memberListeners.add(changed);
        return () => this.#memberListeners.delete(changed);
      },
      announce: (change) => {
        this.change(id, { info: change });
        return Promise.resolve();
      },
      report: () => undefined,
      stop: () => Promise.resolve(),
    };
  }

  controllershipOf({ member, boot }: MemberBoot): Controllership {
    const leads = (): boolean => this.controller?.member === member && this.controller.boot === boot;
    return {
      controller: () => this.controller,
      isController: leads,
      epoch: () => (leads() ? this.epoch : undefined),
      guard: (): Guard | undefined => (leads() ? { key: 'elect/controller', createRevision: this.epoch } : undefined),
      onChange: (changed) => {
        this.#controllerListeners.add(changed);
        return () => this.#controllerListeners.delete(changed);
      },
    };
  }

  #tellMembers(): void {
    for (const listener of this.#memberListeners) listener([...this.views.values()]);
  }
}

export function memberInfo(id: MemberId, boot: string, index: number, isEligible = false): MemberInfo {
  return {
    id,
    member: id,
    boot,
    version: '1',
    hostName: `host${index}`,
    startedAtMs: 0,
    joinedAtMs: 0,
    busAddress: `10.0.0.${index + 1}:5570`,
    publicAddress: `10.0.0.${index + 1}`,
    publicPorts: [443, 992],
    certificate: Buffer.from(`certificate of ${id}`).toString('base64'),
    weight: 100,
    isEligible,
    isControllerOnly: false,
    isDraining: false,
    capacity: 100_000,
  };
}
