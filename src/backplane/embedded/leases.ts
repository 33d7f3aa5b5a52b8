import type { Clock, Timer } from '#io';
import { Conflict, type Lease } from '../backplane.ts';
import { limits } from '../limits.ts';
import type { OtherClients } from './engine.ts';

/** The holder stops this early, so that nobody can see its keys gone while it still acts. */
const holderShare = 0.9;
const renewalsPerTtl = 5;

/** Leases of this client. They renew themselves; they end when its thread could not run for as long as their TTL. */
export class Leases {
  readonly #live = new Map<string, HeldLease>();
  readonly #clock: Clock;
  readonly #expire: (id: string) => Promise<void>;
  readonly #others: OtherClients | undefined;

  constructor(clock: Clock, expire: (id: string) => Promise<void>, others?: OtherClients) {
    this.#clock = clock;
    this.#expire = expire;
    this.#others = others;
  }

  /** False at the cap. */
  get hasRoom(): boolean {
    return this.#live.size < limits.leasesMax;
  }

  grant(id: string, ttlMs: number): Lease {
    const forget = (): void => void this.#live.delete(id);
    const renewed = (): void => this.#others?.renewed(id);
    const lease = new HeldLease(id, ttlMs, this.#clock, { forget, renewed, expire: () => this.#expire(id) });
    this.#live.set(id, lease);
    this.#others?.granted(id, ttlMs);
    return lease;
  }

  check(lease: Lease): void {
    if (!this.#live.has(lease.id)) throw new Conflict(`the lease ${lease.id} is gone; nothing was applied`);
  }

  endAll(why: string): void {
    for (const lease of this.#live.values()) lease.end(why);
  }
}

interface LeaseHome {
  readonly forget: () => void;
  readonly renewed: () => void;
  readonly expire: () => Promise<void>;
}

class HeldLease implements Lease {
  readonly id: string;
  readonly ttlMs: number;
  readonly lost: Promise<string>;
  readonly #clock: Clock;
  readonly #renewal: Timer;
  readonly #home: LeaseHome;
  readonly #resolveLost: (why: string) => void;
  #renewedAtMs: number;
  #hasEnded = false;

  constructor(id: string, ttlMs: number, clock: Clock, home: LeaseHome) {
    this.id = id;
    this.ttlMs = ttlMs;
    this.#clock = clock;
    this.#home = home;
    this.#renewedAtMs = clock.nowMs();
    const { promise, resolve } = Promise.withResolvers<string>();
    this.lost = promise;
    this.#resolveLost = resolve;
    this.#renewal = clock.every(ttlMs / renewalsPerTtl, () => this.#renew());
  }

  deadlineMs(): number {
    return this.#renewedAtMs + this.ttlMs * holderShare;
  }

  async revoke(): Promise<void> {
    if (this.#hasEnded) return;
    this.end('revoked');
    await this.#home.expire();
  }

  end(why: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#renewal.cancel();
    this.#home.forget();
    this.#resolveLost(why);
  }

  #renew(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.deadlineMs()) {
      this.#renewedAtMs = nowMs;
      this.#home.renewed();
      return;
    }
    const silentMs = Math.round(nowMs - this.#renewedAtMs);
    this.end(`not renewed for ${silentMs} ms (TTL ${this.ttlMs} ms): the process was held up`);
    const expiresInMs = Math.max(0, this.#renewedAtMs + this.ttlMs - nowMs);
    this.#clock.after(expiresInMs, () => void this.#home.expire().catch(() => undefined));
  }
}
