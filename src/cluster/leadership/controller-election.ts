import type { Logger } from '#base';
import { Conflict, Unavailable, type Backplane, type Guard, type Leadership, type Lease } from '#backplane';
import type { Clock, Timer } from '#io';
import type { MemberBoot } from '../member-boot.ts';
import { isText, parseJsonObject } from '../json-record.ts';
import { parseMemberId, type MemberId } from '../member-id.ts';
import type { Controllership, Membership } from '../membership.ts';
import { RecordCopy } from '../record-copy.ts';
import { StandBack } from './stand-back.ts';

const electionName = 'controller';
const electionKey = `elect/${electionName}`;
/** The engine did not take the candidature. */
const retryMs = 1_000;

export interface ControllerElectionOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly membership: Pick<Membership, 'self' | 'members' | 'onChange'> & LeaseHolder;
}

/** Whose lease the candidature is under. */
export interface LeaseHolder {
  lease(): Lease | undefined;
  onLease(changed: () => void): () => void;
  /** When it was certain that a boot has ended: then nobody waits for its lease. */
  endedAtMs?(boot: string): number | undefined;
  /** Nothing has come of a boot for so long that its leadership is over; holds while nothing has come since. */
  silenceGuard?(boot: MemberBoot): Guard | undefined;
}

/**
 * Who the controller is; and this member's candidature, if it is eligible. Whoever leads goes on leading: it is
 * followed only when its lease ends, or when it steps down. One that has lost its lease queues behind the others, and
 * one that loses it again and again lets them go first for a while.
 */
export class ControllerElection implements Controllership {
  readonly #options: ControllerElectionOptions;
  readonly #copy: RecordCopy<MemberBoot>;
  readonly #standBack = new StandBack();
  readonly #listeners = new Set<(controller: MemberBoot | undefined) => void>();
  readonly #stops: (() => void)[];
  #leadership: Leadership | undefined;
  #candidature: AbortController | undefined;
  #waiting: Timer | undefined;
  #isSucceeding = false;
  #isStopped = false;

  private constructor(options: ControllerElectionOptions) {
    const { backplane, membership } = options;
    this.#options = options;
    this.#copy = new RecordCopy({
      backplane,
      prefix: electionKey,
      parse: (key, value) => (key === electionKey ? parseBoot(value) : undefined),
      changed: () => this.#changed(),
    });
    const reconsider = (): void => this.#reconsider();
    this.#stops = [membership.onLease(reconsider), membership.onChange(reconsider)];
  }

  /** Resolves when it is known who leads, if anybody does. */
  static async open(options: ControllerElectionOptions): Promise<ControllerElection> {
    const election = new ControllerElection(options);
    await election.#copy.opened;
    election.#reconsider();
    return election;
  }

  controller(): MemberBoot | undefined {
    return this.#copy.get(electionKey)?.value;
  }

  isController(): boolean {
    return this.#leadership?.isValid() === true && this.#options.membership.lease() !== undefined;
  }

  epoch(): number | undefined {
    return this.isController() ? this.#leadership?.epoch : undefined;
  }

  guard(): Guard | undefined {
    return this.isController() ? this.#leadership?.guard : undefined;
  }

  onChange(changed: (controller: MemberBoot | undefined) => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  /** Lets another one lead, at once. Rejects with `Unavailable` when the engine does not answer: then the lease decides. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#waiting?.cancel();
    this.#withdraw();
    try {
      await this.#resign();
    } finally {
      this.#copy.close();
      this.#listeners.clear();
    }
  }

  #reconsider(): void {
    if (this.#isStopped) return;
    const { membership } = this.#options;
    const { self } = membership;
    this.#succeed();
    if (self.isDraining && this.#hasSuccessor()) {
      this.#withdraw();
      void this.#resign().catch(() => undefined);
      return;
    }
    if (!self.isEligible || this.#leadership !== undefined || this.#candidature !== undefined) return;
    const lease = membership.lease();
    if (lease !== undefined) this.#stand(lease);
  }

  /**
   * The controller's process has ended, or it hangs, or is cut off: its place is freed. Whoever held it could write nothing
   * any more.
   */
  #succeed(): void {
    const record = this.#copy.get(electionKey);
    const { backplane, membership } = this.#options;
    if (record === undefined || !membership.self.isEligible || this.#isSucceeding) return;
    const hasEnded = membership.endedAtMs?.(record.value.boot) !== undefined || this.#isEarlierBoot(record.value);
    const silence = hasEnded || membership.lease() === undefined ? undefined : membership.silenceGuard?.(record.value);
    if (!hasEnded && silence === undefined) return;
    const guards: Guard[] = [{ key: electionKey, createRevision: record.createRevision }];
    if (silence !== undefined) guards.push(silence);
    this.#isSucceeding = true;
    backplane
      .txn([{ kind: 'delete', key: electionKey }], guards)
      .catch((error: unknown) => {
        // Another candidate was faster, or the engine is away: then the lease decides.
        if (!(error instanceof Conflict || error instanceof Unavailable)) throw error;
      })
      .finally(() => (this.#isSucceeding = false));
  }

  /** A later boot of the same member is there, this very one perhaps: it was killed, and its lease lives on for a while. */
  #isEarlierBoot({ member, boot }: MemberBoot): boolean {
    const { membership } = this.#options;
    const { self } = membership;
    const now = self.member === member ? self : membership.members().find(({ info }) => info.member === member)?.info;
    return now !== undefined && now.boot !== boot;
  }

  /** A draining member leads until somebody else can. */
  #hasSuccessor(): boolean {
    const { membership } = this.#options;
    return membership.members().some(({ info, state }) => {
      return info.isEligible && !info.isDraining && state === 'online' && info.id !== membership.self.id;
    });
  }

  #stand(lease: Lease): void {
    const { clock } = this.#options;
    const candidature = new AbortController();
    this.#candidature = candidature;
    const pauseMs = this.#hasSuccessor() ? this.#standBack.pauseMs(clock.nowMs()) : 0;
    this.#waiting = clock.after(pauseMs, () => void this.#elect(lease, candidature));
  }

  async #elect(lease: Lease, candidature: AbortController): Promise<void> {
    const { backplane, membership, clock } = this.#options;
    const { member, boot } = membership.self;
    try {
      const self = JSON.stringify({ member, boot });
      const leadership = await backplane.elect(electionName, self, lease, candidature.signal);
      this.#lead(leadership);
    } catch (error) {
      if (!(error instanceof Conflict || error instanceof Unavailable) && !candidature.signal.aborted) throw error;
    } finally {
      if (this.#candidature === candidature) this.#candidature = undefined;
    }
    // Withdrawn, or its lease has gone: whatever has changed, it looks again.
    if (this.#leadership === undefined && !this.#isStopped) {
      this.#waiting = clock.after(retryMs, () => this.#reconsider());
    }
  }

  #lead(leadership: Leadership): void {
    const { logger, clock } = this.#options;
    this.#leadership = leadership;
    logger.info({ epoch: leadership.epoch }, 'this member is the controller');
    this.#changed();
    void leadership.lost.then((why) => {
      logger.warn({ epoch: leadership.epoch, why }, 'this member is not the controller any more');
      if (this.#leadership !== leadership) return;
      this.#leadership = undefined;
      this.#standBack.lost(clock.nowMs());
      this.#changed();
      this.#reconsider();
    });
    if (this.#isStopped) void this.#resign().catch(() => undefined);
  }

  #withdraw(): void {
    this.#candidature?.abort(new Unavailable('the candidature was withdrawn'));
    this.#candidature = undefined;
    this.#waiting?.cancel();
  }

  async #resign(): Promise<void> {
    const leadership = this.#leadership;
    this.#leadership = undefined;
    if (leadership === undefined) return;
    this.#changed();
    await leadership.resign();
  }

  #changed(): void {
    for (const changed of this.#listeners) changed(this.controller());
  }
}

function parseBoot(bytes: Uint8Array): MemberBoot | undefined {
  const { member, boot } = parseJsonObject(bytes) ?? {};
  if (!isText(member) || !isText(boot) || parseMemberId(member) === undefined) return undefined;
  return { member: member as MemberId, boot };
}
