import type { Clock, Random, Timer } from '#io';
import { Conflict, type Lease } from '../backplane.ts';
import { BadRequest, limits } from '../limits.ts';
import { encodeLeaseGrant, encodeLeaseId } from './codec/lease.ts';
import { judged } from './engine-errors.ts';
import { LeaseRenewal } from './lease-renewal.ts';
import { methods } from './methods.ts';
import { isStatus, type EngineClient } from './rpc/engine-client.ts';
import { status } from './rpc/rpc-error.ts';

/** The holder stops this early, so that nobody can see its keys gone while it still acts. */
const holderShare = 0.9;
/** From any of its renewals on a lease outlasts the 3 s after which the engine counts as lost, and a tenth of a second more; */
const outlastsMs = 3_100;
/** no lease is renewed more often than that, and none more seldom. */
const renewalsPerTtlMax = 8;
const renewalsPerTtlMin = 4;
/** An answer to a renewal that takes a longer share of the TTL is not waited for alone: all engines are asked. */
const patienceShare = 0.1;
/** Own ids, so that a grant can be repeated; below 2^52, so that no tool shows them wrongly. */
const idBytes = 6;
const revokeTriesMax = 30;
const revokeEveryMs = 1_000;

/** Leases of this client at the engine. */
export class Leases {
  readonly #live = new Map<string, HeldLease>();
  readonly #client: EngineClient;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #renewal: LeaseRenewal;
  #lastGrant: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(client: EngineClient, clock: Clock, random: Random) {
    this.#client = client;
    this.#clock = clock;
    this.#random = random;
    this.#renewal = new LeaseRenewal(client, clock);
  }

  /** Leases are given out in the order in which they were asked for. */
  async grant(ttlMs: number): Promise<Lease> {
    if (this.#live.size >= limits.leasesMax) throw new BadRequest(`${limits.leasesMax} leases are held already`);
    const earlier = this.#lastGrant;
    const asked = this.#ask(ttlMs);
    this.#lastGrant = settled(earlier, asked);
    await earlier;
    const { id, sentMs } = await asked;
    const lease = new HeldLease(id, ttlMs, sentMs, this.#clock, this.#renewal, {
      ended: () => void this.#live.delete(id),
      revoke: () => this.#revoke(id),
    });
    if (this.#isClosed) lease.end('the store was closed');
    else this.#live.set(id, lease);
    return lease;
  }

  check(lease: { readonly id: string }): void {
    if (!this.#live.has(lease.id)) throw new Conflict(`the lease ${lease.id} is gone; nothing was applied`);
  }

  /** Ends all; resolves when the engine knows, or cannot be told. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const ids = [...this.#live.keys()];
    for (const lease of [...this.#live.values()]) lease.end('the store was closed');
    this.#renewal.close();
    await Promise.allSettled(ids.map((id) => this.#revokeOnce(id)));
  }

  async #ask(ttlMs: number): Promise<{ readonly id: string; readonly sentMs: number }> {
    const id = String(this.#random.bytes(idBytes).readUIntBE(0, idBytes) + 1);
    const sentMs = this.#clock.nowMs();
    try {
      const request = encodeLeaseGrant(id, Math.ceil(ttlMs / 1_000));
      await this.#client.call(methods.leaseGrant, request, { mayRepeat: true });
    } catch (error) {
      // An earlier try of this very call made it.
      if (!isStatus(error, status.failedPrecondition)) throw judged(error);
    }
    return { id, sentMs };
  }

  async #revokeOnce(id: string): Promise<void> {
    try {
      await this.#client.call(methods.leaseRevoke, encodeLeaseId(id), { mayRepeat: true });
    } catch (error) {
      // Gone already.
      if (!isStatus(error, status.notFound)) throw judged(error);
    }
  }

  /** Tried until the engine answers: after an outage it would keep a dead lease for one more TTL. */
  async #revoke(id: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#revokeOnce(id);
        return;
      } catch (error) {
        if (tries >= revokeTriesMax || this.#isClosed) throw error;
      }
      await new Promise<void>((resolve) => void this.#clock.after(revokeEveryMs, resolve));
    }
  }
}

function renewEveryMs(ttlMs: number): number {
  return Math.min(Math.max(ttlMs * holderShare - outlastsMs, ttlMs / renewalsPerTtlMax), ttlMs / renewalsPerTtlMin);
}

async function settled(...promises: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(promises);
}

interface LeaseHome {
  readonly ended: () => void;
  readonly revoke: () => Promise<void>;
}

class HeldLease implements Lease {
  readonly id: string;
  readonly ttlMs: number;
  readonly lost: Promise<string>;
  readonly #clock: Clock;
  readonly #renewal: LeaseRenewal;
  readonly #home: LeaseHome;
  readonly #resolveLost: (why: string) => void;
  readonly #tick: Timer;
  #deadline: Timer;
  #renewedAtMs: number;
  #hasEnded = false;

  constructor(id: string, ttlMs: number, sentMs: number, clock: Clock, renewal: LeaseRenewal, home: LeaseHome) {
    this.id = id;
    this.ttlMs = ttlMs;
    this.#clock = clock;
    this.#renewal = renewal;
    this.#home = home;
    this.#renewedAtMs = sentMs;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.lost = promise;
    this.#resolveLost = resolve;
    this.#tick = clock.every(renewEveryMs(ttlMs), () => this.#renew());
    this.#deadline = this.#armDeadline();
  }

  deadlineMs(): number {
    return this.#renewedAtMs + this.ttlMs * holderShare;
  }

  async revoke(): Promise<void> {
    if (this.#hasEnded) return;
    this.end('revoked');
    await this.#home.revoke();
  }

  end(why: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#tick.cancel();
    this.#deadline.cancel();
    this.#renewal.forget(this.id);
    this.#home.ended();
    this.#resolveLost(why);
  }

  #armDeadline(): Timer {
    return this.#clock.after(Math.max(0, this.deadlineMs() - this.#clock.nowMs()), () => {
      if (!this.#hasExpired()) this.#deadline = this.#armDeadline();
    });
  }

  #renew(): void {
    if (this.#hasExpired()) return;
    const renewed = (sentMs: number): void => {
      this.#renewedAtMs = Math.max(this.#renewedAtMs, sentMs);
    };
    const gone = (): void => this.end('the engine has ended it: no renewal reached it in time');
    this.#renewal.renew(this.id, this.ttlMs * patienceShare, renewed, gone);
  }

  #hasExpired(): boolean {
    if (this.#hasEnded) return true;
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.deadlineMs()) return false;
    const silentMs = Math.round(nowMs - this.#renewedAtMs);
    this.end(`not renewed for ${silentMs} ms (TTL ${this.ttlMs} ms): this process or the engine was held up`);
    // Others count on the TTL; after it nothing is gained by the lease.
    const expiresInMs = Math.max(0, this.#renewedAtMs + this.ttlMs - nowMs);
    this.#clock.after(expiresInMs, () => void this.#home.revoke().catch(() => undefined));
    return true;
  }
}
