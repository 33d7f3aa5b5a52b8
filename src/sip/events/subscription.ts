/** What happens to a subscription (RFC 6665 §4.2). */
export type SubscriptionInput =
  /** A SUBSCRIBE that is granted: the first or a refresh; 0 ends it. */
  | { readonly kind: 'subscribed'; readonly expiresS: number }
  /** What it is about has changed. */
  | { readonly kind: 'changed' }
  /** The NOTIFY under way was answered with a 2xx. */
  | { readonly kind: 'notified' }
  /** It was refused, or nobody answered. */
  | { readonly kind: 'failed' }
  /** Time to look. */
  | { readonly kind: 'woken' }
  /** What it is about is no more, or may not be seen any more. */
  | { readonly kind: 'withdrawn'; readonly reason: 'noresource' | 'rejected' | 'deactivated' };

export type SubscriptionAction =
  | { readonly kind: 'notify'; readonly state: string }
  /** Give it `woken` then; instead of the time before. */
  | { readonly kind: 'wakeAt'; readonly atMs: number }
  | { readonly kind: 'ended' };

type State = 'active' | 'terminated';

/**
 * The notifier's side of a subscription: one NOTIFY at a time, no closer than `intervalMs`, the last one with the reason of
 * the end. A NOTIFY that fails ends it (RFC 6665 §4.2.2): the subscriber is gone, or asks anew.
 */
export class Subscription {
  readonly #intervalMs: number;
  #state: State = 'active';
  #reason = 'timeout';
  #expiresAtMs = 0;
  #notifiedAtMs = Number.NEGATIVE_INFINITY;
  #isUnderWay = false;
  #isChanged = false;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  get isActive(): boolean {
    return this.#state === 'active';
  }

  receive(input: SubscriptionInput, nowMs: number): SubscriptionAction[] {
    switch (input.kind) {
      case 'subscribed':
        if (this.#state === 'terminated') return [];
        this.#expiresAtMs = nowMs + input.expiresS * 1000;
        if (input.expiresS === 0) return this.#terminate('timeout', nowMs);
        // RFC 6665 §4.2.1.2: every SUBSCRIBE is followed by a NOTIFY, whatever the interval
        return this.#isUnderWay ? this.#later() : this.#notify(nowMs);
      case 'changed':
        if (this.#state === 'terminated') return [];
        if (this.#isUnderWay) return this.#later();
        if (nowMs < this.#notifiedAtMs + this.#intervalMs) {
          this.#isChanged = true;
          return [this.#wake()];
        }
        return this.#notify(nowMs);
      case 'notified':
        this.#isUnderWay = false;
        if (this.#state === 'terminated') return this.#isChanged ? this.#notify(nowMs) : [{ kind: 'ended' }];
        return this.#isChanged ? [this.#wake()] : [];
      case 'failed':
        this.#state = 'terminated';
        return [{ kind: 'ended' }];
      case 'woken':
        return this.#woken(nowMs);
      case 'withdrawn':
        return this.#state === 'terminated' ? [] : this.#terminate(input.reason, nowMs);
    }
  }

  #woken(nowMs: number): SubscriptionAction[] {
    if (this.#state === 'terminated') return [];
    if (nowMs >= this.#expiresAtMs) return this.#terminate('timeout', nowMs);
    const isDue = this.#isChanged && !this.#isUnderWay && nowMs >= this.#notifiedAtMs + this.#intervalMs;
    return isDue ? this.#notify(nowMs) : [this.#wake()];
  }

  #later(): SubscriptionAction[] {
    this.#isChanged = true;
    return [this.#wake()];
  }

  #terminate(reason: string, nowMs: number): SubscriptionAction[] {
    this.#state = 'terminated';
    this.#reason = reason;
    if (!this.#isUnderWay) return this.#notify(nowMs);
    this.#isChanged = true;
    return [];
  }

  #notify(nowMs: number): SubscriptionAction[] {
    this.#isUnderWay = true;
    this.#isChanged = false;
    this.#notifiedAtMs = nowMs;
    if (this.#state === 'terminated') return [{ kind: 'notify', state: `terminated;reason=${this.#reason}` }];
    const left = Math.max(Math.ceil((this.#expiresAtMs - nowMs) / 1000), 0);
    return [{ kind: 'notify', state: `active;expires=${left}` }, this.#wake()];
  }

  #wake(): SubscriptionAction {
    const next = this.#isChanged && !this.#isUnderWay ? this.#notifiedAtMs + this.#intervalMs : this.#expiresAtMs;
    return { kind: 'wakeAt', atMs: Math.min(next, this.#expiresAtMs) };
  }
}
