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
  /** Absent: it always is. It is closed, and opened again, as its address goes and comes. */
  readonly isPossible?: () => boolean;
}

interface Listener {
  readonly plan: ListenerPlan;
  close: (() => Promise<void>) | undefined;
  error: string | undefined;
}

export interface SipListenersParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** There is a socket more or less, and `list` says so. */
  readonly changed: () => void;
}

/**
 * The sockets of a SIP server. One that cannot be opened is shown as such, stops no other, and is tried again. Those on
 * virtual addresses come and go with the addresses.
 */
export class SipListeners {
  readonly #parts: SipListenersParts;
  readonly #listeners: readonly Listener[];
  #virtual: readonly Listener[] = [];
  #retry: Timer | undefined;
  /** One change after the other. */
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: SipListenersParts, plans: readonly ListenerPlan[]) {
    this.#parts = parts;
    this.#listeners = plans.map(asListener);
  }

  async start(): Promise<void> {
    await this.look();
    this.#lookLater();
  }

  /** Opens what can be opened, and closes what is not possible any more. */
  look(): Promise<void> {
    return this.#next(async () => {
      for (const listener of this.#all()) await this.#follow(listener);
    });
  }

  /** Sockets on virtual addresses are these from now on. Those that were there already stay open. */
  replaceVirtual(plans: readonly ListenerPlan[]): Promise<void> {
    return this.#next(async () => {
      const before = this.#virtual;
      this.#virtual = plans.map((plan) => before.find((one) => isSamePlace(one.plan, plan)) ?? asListener(plan));
      for (const listener of before.filter((one) => !this.#virtual.includes(one))) await this.#close(listener);
      for (const listener of this.#virtual) await this.#follow(listener);
    });
  }

  /** Closes and opens those for which it is true: they are to be opened otherwise than before. */
  reopen(isMeant: (plan: ListenerPlan) => boolean): Promise<void> {
    return this.#next(async () => {
      for (const listener of this.#listeners.filter(({ plan, close }) => close !== undefined && isMeant(plan))) {
        await this.#close(listener);
        await this.#follow(listener);
      }
    });
  }

  /** A line for each address that was asked for. */
  list(): readonly SipListenerStatus[] {
    const shown = this.#all().filter(({ plan, close }) => !plan.isOptional || close !== undefined);
    const seen = new Map<string, SipListenerStatus>();
    for (const { plan, close, error } of shown) {
      const { transport, host, port, isPossible } = plan;
      const key = `${transport} ${host ?? ''} ${port}`;
      const isListening = close !== undefined;
      if (seen.get(key)?.isListening === true) continue;
      const isVirtual = isPossible !== undefined;
      seen.set(key, { transport, host, port, isListening, isVirtual, error: isListening ? undefined : error });
    }
    return [...seen.values()];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#retry?.cancel();
    await Promise.all(this.#all().map((listener) => this.#close(listener)));
  }

  #all(): readonly Listener[] {
    return [...this.#listeners, ...this.#virtual];
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #follow(listener: Listener): Promise<void> {
    const { plan, close } = listener;
    if (this.#isStopped) return;
    const isPossible = plan.isPossible?.() ?? true;
    if (close === undefined && isPossible) await this.#open(listener);
    if (isPossible) return;
    const error = `${plan.bindTo} is not an address of this machine`;
    if (listener.error !== error) this.#parts.logger.warn({ transport: plan.transport }, `no SIP there: ${error}`);
    listener.error = error;
    await this.#close(listener);
  }

  async #close(listener: Listener): Promise<void> {
    const { close } = listener;
    listener.close = undefined;
    await close?.();
    if (close !== undefined) this.#parts.changed();
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
      this.#parts.changed();
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
  #lookLater(): void {
    if (this.#isStopped) return;
    this.#retry = this.#parts.clock.after(transportLimits.refreshMs, () => {
      const needsLook = this.#all().some(({ plan, close }) => close === undefined || plan.isPossible !== undefined);
      void (needsLook ? this.look() : Promise.resolve()).then(() => this.#lookLater());
    });
  }
}

const asListener = (plan: ListenerPlan): Listener => ({ plan, close: undefined, error: undefined });

const isSamePlace = (a: ListenerPlan, b: ListenerPlan): boolean =>
  a.transport === b.transport && a.bindTo === b.bindTo && a.port === b.port;
