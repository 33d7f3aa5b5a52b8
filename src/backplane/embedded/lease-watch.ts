import type { Clock, Timer } from '#io';

interface WatchedLease {
  readonly ttlMs: number;
  renewedAtMs: number;
  isOverdue: boolean;
}

const checkEveryMs = 200;

/**
 * Ends leases whose holder, another thread, hangs. The store's own thread may be held up too, by its disk: a lease is
 * overdue only when that shows in two checks, between which the renewals that had been waiting were read.
 */
export class LeaseWatch {
  readonly #clock: Clock;
  readonly #expire: (lease: string) => void;
  readonly #leases = new Map<string, WatchedLease>();
  #timer: Timer | undefined;

  constructor(clock: Clock, expire: (lease: string) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  isLive(lease: string): boolean {
    return this.#leases.has(lease);
  }

  granted(lease: string, ttlMs: number): void {
    this.#leases.set(lease, { ttlMs, renewedAtMs: this.#clock.nowMs(), isOverdue: false });
    this.#timer ??= this.#clock.every(checkEveryMs, () => this.#check());
  }

  renewed(lease: string): void {
    const watched = this.#leases.get(lease);
    if (watched === undefined) return;
    watched.renewedAtMs = this.#clock.nowMs();
    watched.isOverdue = false;
  }

  /** The holder has gone: all that begin with its prefix end now. */
  holderGone(prefix: string): void {
    for (const lease of [...this.#leases.keys()]) if (lease.startsWith(`${prefix}.`)) this.#end(lease);
  }

  ended(lease: string): void {
    this.#leases.delete(lease);
    if (this.#leases.size === 0) this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #check(): void {
    const nowMs = this.#clock.nowMs();
    for (const [lease, watched] of this.#leases) {
      if (nowMs - watched.renewedAtMs < watched.ttlMs) continue;
      if (watched.isOverdue) this.#end(lease);
      else watched.isOverdue = true;
    }
  }

  #end(lease: string): void {
    this.ended(lease);
    this.#expire(lease);
  }
}
