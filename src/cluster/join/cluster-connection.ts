import type { Clock } from '#io';
import type { ControllerConnectionStatus } from '../cluster-modes.ts';

/** What the connection consists of: the engine answers, the controller is known, and the bus hears it. */
export interface ClusterReach {
  readonly isOnline: boolean;
  /** Empty when it is. */
  readonly cause: string;
  /** Absent = `other`. */
  readonly causeKind?: Exclude<ControllerConnectionStatus['causeKind'], 'none'>;
}

const RETRY_INTERVAL_MS = 3_000;

/** Keeps the books of a member's connection to its cluster: kept up for ever, tried again every few seconds. */
export class ClusterConnection {
  readonly #clock: Clock;
  readonly #controller: { readonly address: string; readonly port: number };
  readonly #reach: () => ClusterReach;
  readonly #timer: { cancel(): void };
  readonly #startedAtMs: number;
  #firstConnectedAtMs = 0;
  #connectedAtMs = 0;
  #attempts = 1;
  #successes = 0;
  #failures = 0;
  #cause = 'connecting';
  #causeKind: ControllerConnectionStatus['causeKind'] = 'other';
  #nextAttemptMs: number;

  /** `reach` is asked at each `look`, and every few seconds. */
  constructor(options: {
    readonly clock: Clock;
    readonly controller: { readonly address: string; readonly port: number };
    readonly reach: () => ClusterReach;
  }) {
    this.#clock = options.clock;
    this.#controller = options.controller;
    this.#reach = options.reach;
    this.#startedAtMs = this.#clock.wallMs();
    this.#nextAttemptMs = this.#clock.nowMs() + RETRY_INTERVAL_MS;
    this.#timer = this.#clock.every(RETRY_INTERVAL_MS, () => this.look());
    this.look();
  }

  /** To be called when something has changed: the engine's state, the controller, a link of the bus. */
  look(): void {
    const { isOnline, cause, causeKind = 'other' } = this.#reach();
    const wasOnline = this.#connectedAtMs > 0;
    if (isOnline) {
      if (!wasOnline) this.#connected();
      return;
    }
    this.#cause = cause;
    this.#causeKind = causeKind;
    if (wasOnline) this.#lost();
    else this.#stillAway();
  }

  status(): ControllerConnectionStatus {
    const isOnline = this.#connectedAtMs > 0;
    return {
      address: this.#controller.address,
      port: this.#controller.port,
      isOnline,
      cause: isOnline ? '' : this.#cause,
      causeKind: isOnline ? 'none' : this.#causeKind,
      startedAtMs: this.#startedAtMs,
      firstConnectedAtMs: this.#firstConnectedAtMs,
      currentConnectedAtMs: this.#connectedAtMs,
      tries: this.#attempts,
      successes: this.#successes,
      failures: this.#failures,
    };
  }

  stop(): void {
    this.#timer.cancel();
  }

  #connected(): void {
    const now = this.#clock.wallMs();
    this.#successes++;
    this.#connectedAtMs = now;
    if (this.#firstConnectedAtMs === 0) this.#firstConnectedAtMs = now;
  }

  /** Engine and bus reconnect by themselves, at once: that is the next attempt. */
  #lost(): void {
    this.#connectedAtMs = 0;
    this.#attempts++;
    this.#nextAttemptMs = this.#clock.nowMs() + RETRY_INTERVAL_MS;
  }

  #stillAway(): void {
    const now = this.#clock.nowMs();
    if (now < this.#nextAttemptMs) return;
    this.#failures++;
    this.#attempts++;
    this.#nextAttemptMs = now + RETRY_INTERVAL_MS;
  }
}
