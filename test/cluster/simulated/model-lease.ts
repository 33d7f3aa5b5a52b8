import type { Lease } from '#backplane';
import type { Clock, Timer } from '#io';

const holderShare = 0.9;
const renewalsPerTtl = 8;

/** The holder's side of a lease: renewed over the line, counted as lost by the own clock. */
export class ModelLease implements Lease {
  readonly id: string;
  readonly ttlMs: number;
  readonly lost: Promise<string>;
  readonly #clock: Clock;
  readonly #resolveLost: (why: string) => void;
  readonly #revoke: () => Promise<void>;
  readonly #ended: () => void;
  readonly #timer: Timer;
  #renewedAtMs: number;
  #hasEnded = false;

  constructor(
    id: string,
    ttlMs: number,
    grantedAtMs: number,
    clock: Clock,
    over: { renew: () => Promise<boolean>; revoke: () => Promise<void>; ended: () => void },
  ) {
    this.id = id;
    this.ttlMs = ttlMs;
    this.#clock = clock;
    this.#renewedAtMs = grantedAtMs;
    this.#revoke = over.revoke;
    this.#ended = over.ended;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.lost = promise;
    this.#resolveLost = resolve;
    this.#timer = clock.every(ttlMs / renewalsPerTtl, () => void this.#renew(over.renew));
    this.#watchDeadline();
  }

  deadlineMs(): number {
    return this.#renewedAtMs + this.ttlMs * holderShare;
  }

  async revoke(): Promise<void> {
    if (this.#hasEnded) return;
    this.end('revoked');
    await this.#revoke();
  }

  end(why: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#timer.cancel();
    this.#ended();
    this.#resolveLost(why);
  }

  async #renew(renew: () => Promise<boolean>): Promise<void> {
    const sentAtMs = this.#clock.nowMs();
    if (sentAtMs >= this.deadlineMs()) {
      this.end('not renewed in time');
      return;
    }
    try {
      if (await renew()) {
        if (this.#clock.nowMs() < this.deadlineMs()) this.#renewedAtMs = Math.max(this.#renewedAtMs, sentAtMs);
      } else this.end('the engine has forgotten it');
    } catch {
      // The deadline decides.
    }
  }

  #watchDeadline(): void {
    this.#clock.after(Math.max(0, this.deadlineMs() - this.#clock.nowMs()), () => {
      if (this.#hasEnded) return;
      if (this.#clock.nowMs() >= this.deadlineMs()) this.end('not renewed in time');
      else this.#watchDeadline();
    });
  }
}
