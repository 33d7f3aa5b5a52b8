import { reasonOf, type Logger } from '#base';
import type { Clock, Timer } from '#io';
import { addressAndPort } from './hop.ts';
import { transportLimits } from './limits.ts';
import type { SipListenerStatus } from './settings.ts';
import type { TransportName } from './transport-name.ts';

/** One socket to open, and to open again when it could not be. */
export interface ListenerPlan {
  readonly transport: TransportName;
  /** As the administrator wrote it. */
  readonly host: string | undefined;
  /** The address to bind. */
  readonly bindTo: string;
  readonly port: number;
  /** Of several plans for one `host`, one is enough: this one need not work (no IPv6 on this machine). */
  readonly isOptional: boolean;
  /** Opens it; the result closes it. */
  readonly open: () => Promise<() => Promise<void>>;
}

interface Listener {
  readonly plan: ListenerPlan;
  close: (() => Promise<void>) | undefined;
  error: string | undefined;
}

export interface SipListenersParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The sockets of a SIP server. One that cannot be opened is shown as such, stops no other, and is tried again. */
export class SipListeners {
  readonly #parts: SipListenersParts;
  readonly #listeners: readonly Listener[];
  #retry: Timer | undefined;
  #isStopped = false;

  constructor(parts: SipListenersParts, plans: readonly ListenerPlan[]) {
    this.#parts = parts;
    this.#listeners = plans.map((plan) => ({ plan, close: undefined, error: undefined }));
  }

  async start(): Promise<void> {
    for (const listener of this.#listeners) await this.#open(listener);
    this.#retryLater();
  }

  /** A line for each address that was asked for. */
  list(): readonly SipListenerStatus[] {
    const shown = this.#listeners.filter(({ plan, close }) => !plan.isOptional || close !== undefined);
    const seen = new Map<string, SipListenerStatus>();
    for (const { plan, close, error } of shown) {
      const { transport, host, port } = plan;
      const key = `${transport} ${host ?? ''} ${port}`;
      const isListening = close !== undefined;
      if (seen.get(key)?.isListening === true) continue;
      seen.set(key, { transport, host, port, isListening, error: isListening ? undefined : error });
    }
    return [...seen.values()];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#retry?.cancel();
    await Promise.all(
      this.#listeners.map(async (listener) => {
        const { close } = listener;
        listener.close = undefined;
        await close?.();
      }),
    );
  }

  async #open(listener: Listener): Promise<void> {
    const { plan } = listener;
    const { logger } = this.#parts;
    try {
      const close = await plan.open();
      if (this.#isStopped) {
        await close();
        return;
      }
      listener.close = close;
      listener.error = undefined;
      logger.info({ transport: plan.transport, host: plan.bindTo, port: plan.port }, 'listening for SIP');
    } catch (error) {
      const message = reasonOf(error);
      const where = addressAndPort(plan.bindTo, plan.port);
      if (listener.error !== message && !plan.isOptional) {
        logger.warn({ transport: plan.transport }, `no SIP at ${plan.transport} ${where}: ${message}`);
      }
      listener.error = message;
    }
  }

  /** A port may become free, and an address may be added to this machine. */
  #retryLater(): void {
    if (this.#isStopped || this.#listeners.every(({ close }) => close !== undefined)) return;
    this.#retry = this.#parts.clock.after(transportLimits.refreshMs, () => {
      void this.#retryNow();
    });
  }

  async #retryNow(): Promise<void> {
    for (const listener of this.#listeners) {
      if (listener.close === undefined && !this.#isStopped) await this.#open(listener);
    }
    this.#retryLater();
  }
}
