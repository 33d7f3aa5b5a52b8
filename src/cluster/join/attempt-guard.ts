import { networkOf } from '#base';
import type { Clock } from '#io';

export interface AttemptLimits {
  /** Failures of one address (IPv6: /64) until it is blocked. */
  readonly maxFailures: number;
  readonly blockMs: number;
  /** A failure is forgotten after so long without another one. */
  readonly forgetMs: number;
  /** Addresses that are remembered; the oldest goes first. */
  readonly maxAddresses: number;
  /** Attempts under way, over all addresses and of one. */
  readonly maxAtOnce: number;
  readonly maxAtOncePerAddress: number;
  /** Begun in any one second, over all addresses: each proof holds this server's loop up for some 7 ms. */
  readonly maxPerSecond: number;
}

export const defaultAttemptLimits: AttemptLimits = {
  maxFailures: 5,
  blockMs: 60_000,
  forgetMs: 600_000,
  maxAddresses: 4_096,
  maxAtOnce: 64,
  maxAtOncePerAddress: 4,
  maxPerSecond: 5,
};

interface Failures {
  count: number;
  lastMs: number;
  blockedUntilMs: number;
}

export type AttemptVerdict =
  | { readonly kind: 'go'; readonly end: () => void }
  | { readonly kind: 'blocked'; readonly forMs: number }
  | { readonly kind: 'busy' };

/** Who guesses passwords gets five tries, then has to wait. An attempt that is broken off after its first step counts. */
export class AttemptGuard {
  readonly #clock: Clock;
  readonly #limits: AttemptLimits;
  /** Least recently failed first. */
  readonly #failures = new Map<string, Failures>();
  readonly #underWay = new Map<string, number>();
  #total = 0;
  #secondBegan = -Infinity;
  #inThisSecond = 0;

  constructor(clock: Clock, limits: AttemptLimits = defaultAttemptLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** `go`: `end` is to be called when the attempt is over. */
  begin(address: string): AttemptVerdict {
    const source = networkOf(address);
    const now = this.#clock.nowMs();
    const blockedUntilMs = this.#failures.get(source)?.blockedUntilMs ?? 0;
    if (blockedUntilMs > now) return { kind: 'blocked', forMs: blockedUntilMs - now };
    const ofSource = this.#underWay.get(source) ?? 0;
    const { maxAtOnce, maxAtOncePerAddress } = this.#limits;
    if (this.#total >= maxAtOnce || ofSource >= maxAtOncePerAddress || !this.#fitsInThisSecond(now)) {
      return { kind: 'busy' };
    }
    this.#total++;
    this.#underWay.set(source, ofSource + 1);
    return { kind: 'go', end: once(() => this.#end(source)) };
  }

  /** Returns how many more failures this address has before it is blocked; 0 = it is now. */
  failed(address: string): number {
    const source = networkOf(address);
    const now = this.#clock.nowMs();
    const old = this.#failures.get(source);
    const isFresh = old === undefined || now - old.lastMs > this.#limits.forgetMs;
    const count = (isFresh ? 0 : old.count) + 1;
    const isBlocked = count >= this.#limits.maxFailures;
    this.#failures.delete(source);
    this.#failures.set(source, {
      count: isBlocked ? 0 : count,
      lastMs: now,
      blockedUntilMs: isBlocked ? now + this.#limits.blockMs : 0,
    });
    if (this.#failures.size > this.#limits.maxAddresses) {
      const oldest = this.#failures.keys().next().value;
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    return isBlocked ? 0 : this.#limits.maxFailures - count;
  }

  succeeded(address: string): void {
    this.#failures.delete(networkOf(address));
  }

  #fitsInThisSecond(now: number): boolean {
    if (now - this.#secondBegan >= 1_000) {
      this.#secondBegan = now;
      this.#inThisSecond = 0;
    }
    return this.#inThisSecond++ < this.#limits.maxPerSecond;
  }

  #end(source: string): void {
    this.#total--;
    const left = (this.#underWay.get(source) ?? 1) - 1;
    if (left === 0) this.#underWay.delete(source);
    else this.#underWay.set(source, left);
  }
}

function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) run();
    isDone = true;
  };
}
