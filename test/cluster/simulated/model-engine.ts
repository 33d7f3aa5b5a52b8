import type { Clock, Timer } from '#io';
import { entriesOf } from '../../../src/backplane/embedded/listed.ts';
import { openDatabase } from '../../../src/backplane/embedded/open-database.ts';
import type { Change, Reply, Request } from '../../../src/backplane/embedded/requests.ts';
import { Store } from '../../../src/backplane/embedded/store.ts';

interface GrantedLease {
  readonly ttlMs: number;
  expiry: Timer;
}

export type Commit = (revision: number, changes: readonly Change[]) => void;

/**
 * The engine of a cluster in memory: the SQL store of the embedded backplane, with the leases on this side of the line,
 * as etcd has them. While it is down nothing expires, and what it has promised it gives anew when it is back.
 */
export class ModelEngine {
  readonly #clock: Clock;
  readonly #database;
  readonly #store: Store;
  readonly #leases = new Map<string, GrantedLease>();
  readonly #commits = new Set<Commit>();
  readonly #backListeners = new Set<() => void>();
  #isUp = true;
  #backAtMs = -Infinity;
  #leasesBeganAtMs = -Infinity;

  constructor(clock: Clock) {
    const { database } = openDatabase(':memory:');
    this.#clock = clock;
    this.#database = database;
    this.#store = new Store(database, ':memory:', (lease) => this.#leases.has(lease));
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get backAtMs(): number {
    return this.#backAtMs;
  }

  /** When it came back last, or its leader changed: leases begin anew then. */
  get leasesBeganAtMs(): number {
    return this.#leasesBeganAtMs;
  }

  onCommit(commit: Commit): () => void {
    this.#commits.add(commit);
    return () => void this.#commits.delete(commit);
  }

  onBack(back: () => void): () => void {
    this.#backListeners.add(back);
    return () => void this.#backListeners.delete(back);
  }

  ask(request: Request): Reply {
    const [answer] = this.#store.answer([request]);
    const reply = answer?.kind === 'listed' ? entriesOf(answer) : answer;
    if (reply?.kind === 'done' && reply.changes.length > 0) {
      for (const commit of this.#commits) commit(reply.revision, reply.changes);
    }
    return reply!;
  }

  grant(id: string, ttlMs: number): void {
    this.#leases.set(id, { ttlMs, expiry: this.#expiry(id, ttlMs) });
  }

  /** False: there is no such lease any more. */
  renew(id: string): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    lease.expiry.cancel();
    lease.expiry = this.#expiry(id, lease.ttlMs);
    return true;
  }

  revoke(id: string): void {
    this.#leases.get(id)?.expiry.cancel();
    if (this.#leases.delete(id)) this.ask({ kind: 'expire', lease: id });
  }

  hasLease(id: string): boolean {
    return this.#leases.has(id);
  }

  goDown(): void {
    this.#isUp = false;
    for (const { expiry } of this.#leases.values()) expiry.cancel();
  }

  comeBack(): void {
    this.#isUp = true;
    this.#backAtMs = this.#clock.nowMs();
    this.#leasesBeganAtMs = this.#backAtMs;
    for (const [id, lease] of this.#leases) lease.expiry = this.#expiry(id, lease.ttlMs);
    for (const back of this.#backListeners) back();
  }

  /** Another of its machines leads: as etcd does, it gives each lease its whole time anew, and a second. */
  changeLeader(): void {
    if (!this.#isUp) return;
    this.#leasesBeganAtMs = this.#clock.nowMs();
    for (const [id, lease] of this.#leases) {
      lease.expiry.cancel();
      lease.expiry = this.#expiry(id, lease.ttlMs + 1_000);
    }
  }

  image(): Uint8Array {
    return this.#database.serialize();
  }

  close(): void {
    for (const { expiry } of this.#leases.values()) expiry.cancel();
    this.#database.close();
  }

  #expiry(id: string, ttlMs: number): Timer {
    return this.#clock.after(ttlMs, () => this.revoke(id));
  }
}
