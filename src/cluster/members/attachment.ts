import type { Logger } from '#base';
import { Conflict, Unavailable, type Backplane, type Lease, type Operation, type Revision } from '#backplane';
import type { Clock, Timer } from '#io';
import type { LoadReport, MemberInfo } from '../membership.ts';
import { infoKey, loadKey } from './member-keys.ts';
import { parseMemberInfo } from './member-record.ts';
import { Standing } from './standing.ts';

/** Between two attempts to be in the cluster (again), and of a report that did not get through. */
const retryMs = 500;

export interface AttachmentOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leaseTtlMs: number;
  /** What this member says of itself at the moment. */
  readonly info: () => MemberInfo;
  readonly load: () => LoadReport;
  /** As `StandingOptions.heardByMs`. */
  readonly heardByMs: () => number;
  /** Nothing of this member got through for a while: it shall write. */
  readonly doubtful: () => void;
  /** It is in the cluster now (with a new lease), or no longer. */
  readonly changed: () => void;
}

/**
 * This member's lease and what stands under it. A lost lease is followed by a new one, for ever, with the same boot:
 * the member is the same, its sessions live. Only `end` ends it.
 */
export class Attachment {
  readonly #options: AttachmentOptions;
  /** Under which the records were written; kept when it is lost, for the time of its last renewal. */
  #lease: Lease | undefined;
  #isAttached = false;
  /** Create revision of this member's info: what is written rests on it still being this boot's. */
  #createRevision = 0;
  #isEnding = false;
  #attaching: Promise<void> | undefined;
  #retry: Timer | undefined;
  /** Writes one after the other: the last one wins in the store, too. */
  #writing: Promise<unknown> = Promise.resolve();

  readonly #standing: Standing;

  constructor(options: AttachmentOptions) {
    this.#options = options;
    const { clock, leaseTtlMs, heardByMs, doubtful } = options;
    this.#standing = new Standing({ clock, leaseTtlMs, heardByMs, doubtful, lapsed: () => this.#lapsed() });
  }

  /** The lease under which this member is in the cluster; undefined while it is not. Exact at this moment. */
  lease(): Lease | undefined {
    if (!this.#isAttached || this.#lease === undefined) return undefined;
    const untilMs = Math.min(this.#lease.deadlineMs(), this.#standing.untilMs());
    return this.#options.clock.nowMs() < untilMs ? this.#lease : undefined;
  }

  /** No later than this (own clock) can anybody see this member gone. undefined = it never was in the cluster. */
  visibleUntilMs(): number | undefined {
    return this.#lease && Math.min(this.#lease.deadlineMs(), this.#standing.untilMs());
  }

  /** The end of its lease, by the last good renewal: nine tenths of its time after it (backplane S5). */
  deadlineMs(): number | undefined {
    return this.#lease?.deadlineMs();
  }

  /** Resolves when the others can see this member. Rejects only if `end` comes first. */
  async start(): Promise<void> {
    while (this.lease() === undefined) {
      if (this.#isEnding) throw new Unavailable('this member has ended before it was in the cluster');
      await this.#attach();
      if (this.lease() === undefined) await this.#pause();
    }
  }

  /** Writes what this member says and counts. False: it did not get through; the next one will tell all. */
  write(what: 'info' | 'load' | 'both'): Promise<boolean> {
    const written = this.#writing.then(() => this.#write(what));
    this.#writing = written;
    return written;
  }

  /** Leaves the cluster at once. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#standing.stop();
    this.#retry?.cancel();
    await this.#writing;
    const lease = this.#isAttached ? this.#lease : undefined;
    this.#isAttached = false;
    // An engine that is away forgets the lease by itself.
    await lease?.revoke().catch(() => undefined);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#retry = this.#options.clock.after(retryMs, resolve);
    });
  }

  #attach(): Promise<void> {
    this.#attaching ??= this.#attachOnce().finally(() => (this.#attaching = undefined));
    return this.#attaching;
  }

  async #attachOnce(): Promise<void> {
    const { backplane, leaseTtlMs, info } = this.#options;
    let lease: Lease | undefined;
    let sentMs: number;
    try {
      lease = await backplane.lease(leaseTtlMs);
      sentMs = this.#options.clock.nowMs();
      this.#createRevision = await this.#writeNew(lease);
    } catch (error) {
      if (!(error instanceof Unavailable || error instanceof Conflict)) throw error;
      // Where the write came through after all, its keys go with the lease.
      await lease?.revoke().catch(() => undefined);
      return;
    }
    this.#lease = lease;
    this.#isAttached = true;
    this.#standing.begin(sentMs);
    this.#options.logger.info({ member: info().id, lease: lease.id }, 'this member is in the cluster');
    void lease.lost.then((why) => this.#lost(lease, why));
    this.#options.changed();
  }

  /** Gives the create revision of the info. */
  async #writeNew(lease: Lease): Promise<Revision> {
    const { backplane, info } = this.#options;
    const { id, boot } = info();
    const key = infoKey(id);
    const stored = await backplane.get(key);
    const guard = { key, modRevision: stored?.modRevision ?? 0 };
    if (stored !== undefined && parseMemberInfo(id, stored.value)?.boot === boot) {
      await backplane.txn(this.#operations('both', lease), [guard]);
      return stored.createRevision;
    }
    // An earlier boot of this member, killed a moment ago: its key must go, and a new one come, for others tell boots
    // apart by its create revision.
    if (stored !== undefined) await backplane.txn([{ kind: 'delete', key }], [guard]);
    return backplane.txn(this.#operations('both', lease), [{ key, modRevision: 0 }]);
  }

  async #write(what: 'info' | 'load' | 'both'): Promise<boolean> {
    const lease = this.lease();
    if (lease === undefined) return false;
    const guard = { key: infoKey(this.#options.info().id), createRevision: this.#createRevision };
    const sentMs = this.#options.clock.nowMs();
    try {
      await this.#options.backplane.txn(this.#operations(what, lease), [guard]);
      if (what !== 'info') this.#standing.told(sentMs);
      return true;
    } catch (error) {
      // The engine knows another boot, or has forgotten this one (restored from a backup): start over.
      if (error instanceof Conflict) await lease.revoke().catch(() => undefined);
      else if (!(error instanceof Unavailable)) throw error;
      return false;
    }
  }

  #operations(what: 'info' | 'load' | 'both', lease: Lease): Operation[] {
    const info = this.#options.info();
    const operations: Operation[] = [];
    if (what !== 'load') {
      operations.push({ kind: 'put', key: infoKey(info.id), value: JSON.stringify(info), lease });
    }
    if (what !== 'info') {
      const report = { ...this.#options.load(), boot: info.boot };
      operations.push({ kind: 'put', key: loadKey(info.id), value: JSON.stringify(report), lease });
    }
    return operations;
  }

  /** Its lease may live on in the engine, but the others may have gone on without it. */
  #lapsed(): void {
    const lease = this.#lease;
    if (lease === undefined || !this.#isAttached) return;
    this.#lost(lease, 'nothing of this member has come to the others: it is cut off, or it was held up');
    // Left to itself it would live on.
    lease.revoke().catch(() => undefined);
  }

  #lost(lease: Lease, why: string): void {
    if (this.#lease !== lease || !this.#isAttached || this.#isEnding) return;
    this.#isAttached = false;
    this.#standing.end();
    this.#options.logger.warn({ why }, 'this member has lost its place in the cluster; it asks for a new one');
    this.#options.changed();
    this.start().catch(() => undefined);
  }
}
