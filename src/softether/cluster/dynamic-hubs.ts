import { silentLogger, type Logger } from '#base';
import type { Claims, MemberBoot, ObjectDirectory, PlacedObject } from '#cluster';
import { hubKeyOf, type HubHost, type VirtualHub } from '#hub';
import type { Clock, Timer } from '#io';
import type { ClusterSessionLimits } from './limits.ts';

/** Far less than the time between the moment at which a member takes its lease for lost and the one at which others can. */
const sureForMs = 20;

export interface DynamicHubsOptions {
  readonly self: MemberBoot;
  /** Where each dynamic hub lives, by its upper-cased name, as this member's copy of the store shows it. */
  readonly objects: Pick<ObjectDirectory, 'find' | 'onChange'>;
  /** Which of them are this member's, exactly. */
  readonly claims: Pick<Claims, 'state' | 'isServing' | 'onChange'>;
  readonly host: Pick<HubHost, 'instance' | 'opened' | 'openDynamic' | 'closeDynamic' | 'onInstance'>;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly limits: Pick<ClusterSessionLimits, 'hubLingerMs' | 'claimWaitMs' | 'reportRetryMs'>;
  /** Whether somebody may still come for it with a ticket. */
  readonly expectsFor: (hubName: string) => boolean;
  /** Tells the controller that the instance here is no more. False, or rejected: it is told again. */
  readonly release: (object: PlacedObject) => Promise<boolean>;
}

/**
 * The dynamic hubs that live on this member. One is opened for its first session, when the store shows that it is this
 * member's; it ends some seconds after its last session, and the controller is told. Whatever happens to this member
 * meanwhile (cut off, suspended, taken for dead): while a hub may live elsewhere no frame of it moves here, and as soon as it
 * is known to be another's, its own sessions of it end.
 */
export class DynamicHubs {
  readonly #options: Required<DynamicHubsOptions>;
  readonly #lingering = new Map<string, Timer>();
  /** No ticket is taken for them until the store shows that this placement of them is over; its revision. */
  readonly #closing = new Map<string, number>();
  /** Log-ins that wait for their hub. */
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #ends: (() => void)[];
  #wasServing: boolean;
  /** Until then (own clock) nobody need ask again whether frames may move. */
  #sureUntilMs = -Infinity;
  #isStopped = false;

  constructor(options: DynamicHubsOptions) {
    this.#options = { logger: silentLogger, ...options };
    this.#wasServing = options.claims.isServing();
    this.#ends = [
      options.claims.onChange(() => this.#followServing()),
      options.objects.onChange((hubKeys) => {
        for (const hubKey of hubKeys) this.follow(hubKey);
      }),
      options.host.onInstance((hub) => {
        this.#watchOver(hub);
        this.#wake(hubKeyOf(hub.name));
      }),
    ];
  }

  /** It has no more sessions here, and is being given back. */
  isClosing(hubName: string): boolean {
    const key = hubKeyOf(hubName);
    const revision = this.#closing.get(key);
    return revision !== undefined && this.#own(key)?.revision === revision;
  }

  isHere(hubName: string): boolean {
    return this.#own(hubKeyOf(hubName)) !== undefined;
  }

  /** The instance of a hub that is to be this member's, as soon as the store shows it. Undefined: it is not, or offline. */
  async open(hubName: string): Promise<VirtualHub | undefined> {
    const { clock, limits, host, claims } = this.#options;
    const key = hubKeyOf(hubName);
    const untilMs = clock.nowMs() + limits.claimWaitMs;
    for (;;) {
      if (this.isClosing(key)) return undefined;
      const hub = claims.state(key) === 'held' ? host.openDynamic(key) : undefined;
      if (hub !== undefined) this.#linger(key);
      const leftMs = untilMs - clock.nowMs();
      if (hub !== undefined || leftMs <= 0 || this.#isStopped) return hub;
      await this.#change(key, leftMs);
    }
  }

  /** Something of this hub has changed: its holder, its sessions, its tickets. */
  follow(hubName: string): void {
    const key = hubKeyOf(hubName);
    const { claims, host } = this.#options;
    const instance = host.opened().has(key) ? host.instance(key) : undefined;
    if (instance !== undefined) instance.isSuspended = claims.state(key) === 'suspended';
    if (this.isHere(key)) {
      if (!this.isClosing(key) && this.#isIdle(key)) this.#linger(key);
    } else {
      this.#closing.delete(key);
      this.#stopLingering(key);
      this.#lost(key);
    }
    this.#wake(key);
  }

  /** Ends it here now, sessions and all. Resolves when the controller knows, or could not be told yet. */
  async close(hubName: string): Promise<void> {
    const key = hubKeyOf(hubName);
    this.#stopLingering(key);
    const object = this.#own(key);
    if (object === undefined || this.isClosing(key)) return;
    this.#closing.set(key, object.revision);
    this.#options.host.closeDynamic(key, 'moved');
    await this.#release(object);
  }

  stop(): void {
    this.#isStopped = true;
    for (const end of this.#ends.splice(0)) end();
    for (const timer of this.#lingering.values()) timer.cancel();
    this.#lingering.clear();
    for (const key of [...this.#waiting.keys()]) this.#wake(key);
  }

  /**
   * A process that was held up, and goes on, may find frames before any timer has told it that its lease is over: then
   * they do not move.
   */
  #watchOver(hub: VirtualHub): void {
    if (this.#options.host.opened().has(hubKeyOf(hub.name))) hub.mayForward = () => this.#isServingNow();
  }

  #isServingNow(): boolean {
    const { clock, claims } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs < this.#sureUntilMs) return true;
    if (!claims.isServing()) return false;
    this.#sureUntilMs = nowMs + sureForMs;
    return true;
  }

  /** This member has lost its lease, or has one again. */
  #followServing(): void {
    const { claims, host, logger } = this.#options;
    const isServing = claims.isServing();
    if (isServing === this.#wasServing) return;
    this.#wasServing = isServing;
    const keys = new Set([...host.opened(), ...this.#waiting.keys(), ...this.#closing.keys()]);
    if (host.opened().size > 0) {
      const hubs = host.opened().size;
      const what = isServing ? 'dynamic hubs go on' : 'dynamic hubs wait: they may have been placed elsewhere';
      logger.warn({ hubs }, what);
    }
    for (const key of keys) this.follow(key);
  }

  #lost(key: string): void {
    const { host, logger } = this.#options;
    if (!host.opened().has(key)) return;
    const sessions = host.instance(key)?.sessionCount ?? 0;
    logger.warn({ hub: key, sessions }, 'a dynamic hub is not the one of this member any more: it is closed here');
    host.closeDynamic(key, 'moved');
  }

  #isIdle(key: string): boolean {
    const { host, expectsFor } = this.#options;
    const sessions = host.instance(key)?.sessions() ?? [];
    return !expectsFor(key) && !sessions.some(({ kind }) => kind === 'client');
  }

  #linger(key: string): void {
    const { clock, limits } = this.#options;
    this.#stopLingering(key);
    if (this.#isStopped) return;
    const timer = clock.after(limits.hubLingerMs, () => {
      this.#lingering.delete(key);
      if (this.isHere(key) && this.#isIdle(key)) void this.close(key);
    });
    this.#lingering.set(key, timer);
  }

  #stopLingering(key: string): void {
    this.#lingering.get(key)?.cancel();
    this.#lingering.delete(key);
  }

  async #release(object: PlacedObject): Promise<void> {
    const { release, clock, limits, logger } = this.#options;
    try {
      if (await release(object)) return;
    } catch (error) {
      logger.debug(
        { hub: object.name, err: error },
        'the controller could not be told that a hub has ended, again soon',
      );
    }
    clock.after(limits.reportRetryMs, () => {
      if (!this.#isStopped && this.#own(object.name)?.revision === object.revision) void this.#release(object);
    });
  }

  #own(key: string): PlacedObject | undefined {
    const { objects, self } = this.#options;
    const object = objects.find(key);
    return object?.member === self.member && object.boot === self.boot ? object : undefined;
  }

  #change(key: string, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiting);
      const done = (): void => {
        timer.cancel();
        waiting.delete(done);
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
        resolve();
      };
      const timer = this.#options.clock.after(withinMs, done);
      waiting.add(done);
    });
  }

  #wake(key: string): void {
    for (const done of [...(this.#waiting.get(key) ?? [])]) done();
  }
}
