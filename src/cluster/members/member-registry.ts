import type { Logger } from '#base';
import { Unavailable, type Backplane, type Guard, type Lease } from '#backplane';
import type { Clock, Network } from '#io';
import type { Bus } from '../bus.ts';
import type { BusMember, MemberSource } from '../bus/member-source.ts';
import type { MemberBoot } from '../member-boot.ts';
import type { MemberId } from '../member-id.ts';
import type { LoadCounts, MemberInfo, MemberView, Membership } from '../membership.ts';
import { Attachment } from './attachment.ts';
import { DeathWatch } from './death-watch.ts';
import { quarantineLeases } from './engine-witness.ts';
import { LoadReporter } from './load-reporter.ts';
import { MemberDirectory } from './member-directory.ts';
import type { MemberLiveness } from './member-liveness.ts';
import { SilenceWatch, unheardAfterMs } from './silence-watch.ts';
import { silenceMs, standingMs } from './standing.ts';

/**
 * A member that does not renew its lease for so long is dead. C6: a hang or a cut is found out within 5 s, and etcd takes
 * up to half a second more to end a lease. A member outlasts any interruption of 3 s, after
 * which the engine counts as lost.
 */
export const memberLeaseTtlMs = 4_000;
/** Whoever announces something waits so long for a slow engine. */
const announceWithinMs = 20_000;
const announceRetryMs = 500;

export interface MemberRegistryOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What this member says of itself at its start; `boot` is new at each start. */
  readonly self: MemberInfo;
  readonly leaseTtlMs?: number;
  /** To see at once that the process of another member has ended. Absent: its lease tells, in some seconds. */
  readonly network?: Pick<Network, 'dial'>;
}

/** This member's place in the cluster, and everybody else's. */
export class MemberRegistry implements Membership, MemberLiveness, MemberSource {
  readonly #clock: Clock;
  readonly #directory: MemberDirectory;
  readonly #attachment: Attachment;
  readonly #reporter: LoadReporter;
  readonly #deathWatch: DeathWatch | undefined;
  readonly #leaseListeners = new Set<() => void>();
  readonly #leaseTtlMs: number;
  /** The cluster is one process. */
  readonly #isAlone: boolean;
  #self: MemberInfo;
  #silence: SilenceWatch | undefined;
  #unfollow: (() => void) | undefined;
  #bus: Pick<Bus, 'links'> | undefined;
  /** So much sooner than this member loses its place others say that they do not hear it; a tenth of a second to be safe. */
  readonly #witnessLagMs: number;
  #isStopped = false;
  #hasBeenAttached = false;

  constructor({ backplane, clock, logger, self, network, leaseTtlMs = memberLeaseTtlMs }: MemberRegistryOptions) {
    this.#clock = clock;
    this.#self = self;
    this.#leaseTtlMs = leaseTtlMs;
    this.#witnessLagMs = Math.max(0, standingMs(leaseTtlMs) - unheardAfterMs) + 100;
    this.#isAlone = backplane.mode === 'embedded';
    this.#directory = new MemberDirectory({
      backplane,
      clock,
      self: self.id,
      quarantineMs: quarantineLeases * leaseTtlMs,
    });
    this.#deathWatch =
      network &&
      new DeathWatch({
        network,
        clock,
        members: () => this.#directory.everybody().filter(({ id }) => id !== self.id),
        isLinkDown: (info) => this.#directory.isLinkDown(info),
        ended: (info) => {
          logger.warn({ member: info.id, boot: info.boot }, 'the process of a member has ended');
          this.#directory.hasEnded(info);
        },
      });
    this.#reporter = new LoadReporter({
      clock,
      weight: () => this.#self.weight,
      capacity: () => this.#self.capacity,
      write: () => this.#attachment.write('load'),
    });
    this.#attachment = new Attachment({
      backplane,
      clock,
      logger,
      leaseTtlMs,
      info: () => this.#self,
      load: () => this.#reporter.report(),
      heardByMs: () => this.#heardByMs(),
      doubtful: () => this.#reporter.hurry(),
      changed: () => this.#attached(),
    });
  }

  /** Resolves when this member sees the others and they see it. */
  async start(): Promise<void> {
    await this.#directory.opened();
    await this.#attachment.start();
  }

  /** From now on it counts how well the bus hears the others: until then nobody else is online. */
  followLinks(bus: Pick<Bus, 'links' | 'onLink' | 'call' | 'serve'>): void {
    this.#unfollow?.();
    this.#bus = bus;
    const unfollow = bus.onLink((link) => {
      this.#directory.heard(link);
      this.#deathWatch?.look();
    });
    for (const link of bus.links()) this.#directory.heard(link);
    const silence = this.#watchSilence(bus);
    this.#silence = silence;
    this.#unfollow = () => {
      unfollow();
      silence.stop();
    };
  }

  /** Of this boot nothing has come for so long that it has lost its place, as it sees it itself. */
  silenceGuard(boot: MemberBoot): Guard | undefined {
    return this.#silence?.silenceGuard(boot);
  }

  get self(): MemberInfo {
    return this.#self;
  }

  members(): readonly MemberView[] {
    return this.#directory.members();
  }

  find(id: MemberId): MemberView | undefined {
    return this.#directory.find(id);
  }

  /** Everybody whom the engine still has, or had when it was last heard: also those that have ended. */
  everybody(): readonly MemberInfo[] {
    return this.#directory.everybody();
  }

  /** For so long this member declares nobody dead yet. */
  quarantineLeftMs(): number {
    return this.#directory.quarantineLeftMs();
  }

  /** When it was certain, on the own clock, that this boot has ended; undefined = it may live. */
  endedAtMs(boot: string): number | undefined {
    return this.#deathWatch?.endedAtMs(boot);
  }

  onChange(changed: (members: readonly MemberView[]) => void): () => void {
    return this.#directory.onChange(changed);
  }

  /** Whom the bus shall keep links to. */
  busMembers(): readonly BusMember[] {
    return this.members().map(({ info: { member, boot, busAddress } }) => ({ member, boot, busAddress }));
  }

  async announce(change: Parameters<Membership['announce']>[0]): Promise<void> {
    this.#self = { ...this.#self, ...change };
    const untilMs = this.#clock.nowMs() + announceWithinMs;
    for (;;) {
      if (await this.#attachment.write('both')) return;
      if (this.#isStopped || this.#clock.nowMs() >= untilMs) break;
      await new Promise<void>((resolve) => void this.#clock.after(announceRetryMs, resolve));
    }
    throw new Unavailable('the engine does not answer: the others will see the change when it does');
  }

  report(counts: LoadCounts): void {
    this.#reporter.count(counts);
  }

  /** Which of this member's public ports nobody could reach, and what came of it; part of its reports. */
  setUnreachable(ports: readonly number[], cause: string): void {
    this.#reporter.unreachable(ports, cause);
  }

  /** The lease of this member, valid at this moment; undefined = it is not in the cluster. */
  lease(): Lease | undefined {
    return this.#attachment.lease();
  }

  /** Until when (own clock) nobody can have seen this member gone; undefined = it never was in the cluster. */
  visibleUntilMs(): number | undefined {
    return this.#attachment.visibleUntilMs();
  }

  /** Own clock: the end of its lease, by its last renewal; undefined = it never had one. */
  deadlineMs(): number | undefined {
    return this.#attachment.deadlineMs();
  }

  /** Told when `lease()` is another one, or none. Returns the function that stops it. */
  onLease(changed: () => void): () => void {
    this.#leaseListeners.add(changed);
    return () => void this.#leaseListeners.delete(changed);
  }

  aliveGuard(boot: MemberBoot): Guard | undefined {
    return this.#directory.aliveGuard(boot);
  }

  goneGuard(boot: MemberBoot): Guard | undefined {
    return this.#directory.goneGuard(boot) ?? this.silenceGuard(boot);
  }

  onLiveness(changed: () => void): () => void {
    return this.#directory.onLiveness(changed);
  }

  /** Leaves the cluster: the others see it gone at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unfollow?.();
    this.#reporter.stop();
    this.#deathWatch?.stop();
    await this.#attachment.end();
    this.#directory.close();
    this.#leaseListeners.clear();
  }

  #watchSilence(bus: Pick<Bus, 'call' | 'serve'>): SilenceWatch {
    const directory = this.#directory;
    const others = (): readonly MemberView[] => directory.members().filter(({ info }) => info.id !== this.#self.id);
    return new SilenceWatch({
      bus,
      clock: this.#clock,
      // Leases of one process do not depend on anybody's silence; and it matters only to those who may lead.
      watched: () => (this.#isAlone || !this.#self.isEligible ? [] : others().map(({ info }) => info)),
      heard: () => others().flatMap(({ info, state }) => (state === 'online' ? [info] : [])),
      silentSinceMs: (boot) => directory.silentSinceMs(boot),
      guard: (boot) => directory.reportGuard(boot),
      silentForMs: silenceMs(this.#leaseTtlMs),
      found: () => directory.look(),
    });
  }

  /**
   * Until when nobody who may lead can act on this member's silence. It takes one who has heard nothing himself, and at least
   * one other who has heard nothing either: where all but one have heard this member, that one finds nobody.
   */
  #heardByMs(): number {
    if (this.#isAlone) return Infinity;
    const links = this.#bus?.links() ?? [];
    const others = this.#directory.members().flatMap(({ info: { id, boot, isEligible } }) => {
      const link = links.find(({ to }) => to.member === id && to.boot === boot);
      return id === this.#self.id ? [] : [{ isEligible, heardByMs: link?.heardByMs ?? -Infinity }];
    });
    const [last, ...further] = others.filter(({ isEligible }) => isEligible).sort((a, b) => a.heardByMs - b.heardByMs);
    if (last === undefined || others.length === 1) return Infinity;
    const witnesses = others.filter((one) => one !== last).map(({ heardByMs }) => heardByMs - this.#witnessLagMs);
    return Math.max(Math.min(last.heardByMs, ...further.map(({ heardByMs }) => heardByMs)), Math.min(...witnesses));
  }

  #attached(): void {
    // It was cut off or held up: what it has seen meanwhile says nothing about the others.
    if (this.#hasBeenAttached) this.#directory.quarantine();
    this.#hasBeenAttached = true;
    for (const changed of this.#leaseListeners) changed();
  }
}
