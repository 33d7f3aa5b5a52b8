import { Conflict, Unavailable, type Backplane, type Guard, type Lease, type Operation } from '#backplane';
import type { Logger } from '#base';
import { RecordCopy, type MemberBoot, type MemberId } from '#cluster';
import type { Clock, Timer } from '#io';
import { ownerAmong, partitionOf, partitions } from './partitions.ts';

/** Backends that offer themselves, and who owns which partition of the accounts; all under the owner's lease. */
const ownPrefix = 'own/';
const backendPrefix = 'own/backend/';
const accountPrefix = 'own/account/';

/** A backend that is gone is noticed after this at the latest: its accounts then go to the others. */
const leaseTtlMs = 5_000;
const retryMs = 500;
const checkEveryMs = 1_000;

export interface OwnershipOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly self: MemberBoot;
  /** Takes accounts; others ask those that do. */
  readonly isBackend: boolean;
  /** Resolves when what the owners before have written is shown here. */
  readonly catchUp: () => Promise<void>;
  /** Resolves when the writes that are under way have ended. */
  readonly settled: () => Promise<void>;
}

/**
 * Which backend changes the bindings of an account: accounts fall into 256 partitions, and each backend takes those for
 * which it stands first among the backends that are there (rendezvous hashing), so that a change of theirs moves few.
 * What an owner writes is guarded by its ownership: one that was held up for longer than its lease gets `Conflict`.
 */
export class AccountOwnership {
  readonly #options: OwnershipOptions;
  readonly #records: RecordCopy<MemberBoot>;
  readonly #owned = new Map<number, Guard>();
  readonly #check: Timer;
  #lease: Lease | undefined;
  #retry: Timer | undefined;
  #isWorking = false;
  #isDue = false;
  #isStopped = false;

  private constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#records = new RecordCopy({
      backplane: options.backplane,
      prefix: ownPrefix,
      parse: (_, value) => parseOwner(value),
      changed: () => this.#follow(),
    });
    this.#check = options.clock.every(checkEveryMs, () => this.#follow());
  }

  /** Resolves when the owners are known. A backend takes its share soon after. */
  static async open(options: OwnershipOptions): Promise<AccountOwnership> {
    const ownership = new AccountOwnership(options);
    await ownership.#records.opened;
    if (options.isBackend) void ownership.#offer();
    return ownership;
  }

  /** Gives everything back, so that the others need not wait for the lease. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#check.cancel();
    this.#retry?.cancel();
    this.#owned.clear();
    await this.#options.settled();
    await this.#lease?.revoke().catch(() => undefined);
    this.#records.close();
  }

  /** Exact at this moment, also when this process was held up and no timer has run since. */
  isHere(aor: string): boolean {
    return this.#isLeaseGood() && this.#owned.has(partitionOf(aor));
  }

  /** undefined = nobody at the moment. */
  ownerOf(aor: string): 'here' | MemberBoot | undefined {
    if (this.isHere(aor)) return 'here';
    const owner = this.#records.get(`${accountPrefix}${partitionOf(aor)}`)?.value;
    return owner?.boot === this.#options.self.boot ? undefined : owner;
  }

  /** For each write about the account; undefined = it is not this member's. */
  guard(aor: string): Guard | undefined {
    return this.#owned.get(partitionOf(aor));
  }

  get ownedPartitions(): number {
    return this.#isLeaseGood() ? this.#owned.size : 0;
  }

  #isLeaseGood(): boolean {
    return this.#lease !== undefined && this.#lease.deadlineMs() > this.#options.clock.nowMs();
  }

  async #offer(): Promise<void> {
    const { backplane, self, logger, clock } = this.#options;
    if (this.#isStopped) return;
    try {
      const lease = await backplane.lease(leaseTtlMs);
      await backplane.put(backendPrefix + self.member, JSON.stringify(self), { lease });
      this.#lease = lease;
      void lease.lost.then((why) => {
        if (this.#lease !== lease || this.#isStopped) return;
        this.#lease = undefined;
        this.#owned.clear();
        logger.warn({ why }, 'this member has lost its SIP accounts to the others until it has a lease again');
        void this.#offer();
      });
      this.#follow();
    } catch (error) {
      logger.debug({ err: error }, 'no lease for SIP accounts yet');
      this.#retry = clock.after(retryMs, () => void this.#offer());
    }
  }

  /** One round at a time; what happens meanwhile leads to another one. */
  #follow(): void {
    for (const [partition, guard] of this.#owned) {
      const record = this.#records.get(`${accountPrefix}${partition}`);
      if (record !== undefined && 'createRevision' in guard && record.createRevision > guard.createRevision) {
        this.#owned.delete(partition);
      }
    }
    if (this.#isWorking) {
      this.#isDue = true;
      return;
    }
    this.#isWorking = true;
    void this.#round();
  }

  async #round(): Promise<void> {
    try {
      do await this.#claimAndRelease();
      while (this.#wasAskedAgain());
    } catch (error) {
      // The next check tries again.
      const isUsual = error instanceof Conflict || error instanceof Unavailable;
      if (!isUsual) this.#options.logger.error({ err: error }, 'the shares of the SIP accounts could not be settled');
    } finally {
      this.#isWorking = false;
    }
  }

  #wasAskedAgain(): boolean {
    const isDue = this.#isDue;
    this.#isDue = false;
    return isDue;
  }

  async #claimAndRelease(): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined || this.#isStopped || !this.#isLeaseGood()) return;
    const { self } = this.#options;
    const backends = this.#backends();
    const claims: number[] = [];
    const releases: number[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const record = this.#records.get(`${accountPrefix}${partition}`);
      const isMine = ownerAmong(partition, backends) === self.member;
      // Claims end when their record is shown: here it has vanished since.
      if (record === undefined) this.#owned.delete(partition);
      if (record === undefined && isMine) claims.push(partition);
      // Under a lease of before, or of a claim whose outcome was not known: given back, and taken anew.
      else if (record?.value.boot === self.boot && !(isMine && this.#owned.has(partition))) releases.push(partition);
    }
    if (releases.length > 0) await this.#release(releases);
    if (claims.length > 0) await this.#claim(claims, lease);
  }

  #backends(): MemberId[] {
    const found: MemberId[] = [];
    for (const [key, { value }] of this.#records.entries()) if (key.startsWith(backendPrefix)) found.push(value.member);
    return found;
  }

  async #claim(claims: readonly number[], lease: Lease): Promise<void> {
    const { backplane, self, catchUp } = this.#options;
    const value = JSON.stringify(self);
    const keys = claims.map((partition) => `${accountPrefix}${partition}`);
    const revision = await backplane.txn(
      keys.map((key): Operation => ({ kind: 'put', key, value, lease })),
      keys.map((key) => ({ key, modRevision: 0 })),
    );
    await catchUp();
    if (this.#lease !== lease) return;
    for (const [at, partition] of claims.entries()) {
      this.#owned.set(partition, { key: keys[at]!, createRevision: revision });
    }
    for (const key of keys) await this.#records.shows(key, revision);
  }

  async #release(releases: readonly number[]): Promise<void> {
    const { backplane, settled } = this.#options;
    for (const partition of releases) this.#owned.delete(partition);
    await settled();
    for (const partition of releases) {
      const key = `${accountPrefix}${partition}`;
      const record = this.#records.get(key);
      if (record === undefined) continue;
      const { createRevision } = record;
      await backplane.txn([{ kind: 'delete', key }], [{ key, createRevision }]).catch(unlessConflict);
      await this.#records.leaves(key, record.modRevision);
    }
  }
}

/** Somebody else was faster: then it is gone already. */
function unlessConflict(error: unknown): void {
  if (!(error instanceof Conflict)) throw error;
}

function parseOwner(value: Uint8Array): MemberBoot | undefined {
  try {
    const { member, boot } = JSON.parse(Buffer.from(value).toString()) as Partial<Record<keyof MemberBoot, unknown>>;
    return typeof member === 'string' && typeof boot === 'string' ? { member: member as MemberId, boot } : undefined;
  } catch {
    return undefined;
  }
}
