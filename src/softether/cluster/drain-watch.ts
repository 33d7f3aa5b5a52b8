import { silentLogger, type Logger } from '#base';
import type { Membership } from '#cluster';
import type { Clock, Timer } from '#io';
import type { Drain, DrainProgress } from './drain.ts';
import type { ClusterSessionLimits } from './limits.ts';

export interface DrainWatchOptions {
  readonly membership: Pick<Membership, 'self' | 'onChange'>;
  readonly drain: Pick<Drain, 'run'>;
  readonly sessionCount: () => number;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly limits: Pick<ClusterSessionLimits, 'drainDelayMs' | 'drainSessionsPerSecond'>;
}

/** How often it is looked whether somebody has come meanwhile (a hub administrator, straight). */
const LOOK_EVERY_MS = 1_000;

/**
 * Sends this member's sessions away as long as it is announced as draining. A little later than that: by then whoever
 * places sessions knows it; and a server that is being stopped, which says the same, is not there any more.
 */
export class DrainWatch {
  readonly #options: Required<DrainWatchOptions>;
  readonly #end: () => void;
  #under: AbortController | undefined;
  #timer: Timer | undefined;
  #progress: DrainProgress | undefined;

  constructor(options: DrainWatchOptions) {
    this.#options = { logger: silentLogger, ...options };
    this.#end = options.membership.onChange(() => this.#follow());
    this.#follow();
  }

  get progress(): DrainProgress | undefined {
    return this.#progress;
  }

  stop(): void {
    this.#end();
    this.#rest();
  }

  #follow(): void {
    const { membership, limits, clock, logger, sessionCount } = this.#options;
    const { isDraining } = membership.self;
    if (isDraining === (this.#under !== undefined)) return;
    if (!isDraining) {
      logger.info({ sessions: sessionCount() }, 'not draining any more: sessions are placed here again');
      this.#rest();
      return;
    }
    const under = new AbortController();
    this.#under = under;
    this.#progress = { total: sessionCount(), sentAway: 0, left: sessionCount() };
    logger.info(
      { sessions: sessionCount() },
      'draining: nothing new is placed here, sessions are told to connect again',
    );
    this.#timer = clock.after(limits.drainDelayMs, () => void this.#work(under.signal));
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { drain, limits, clock, sessionCount, logger } = this.#options;
    while (!signal.aborted) {
      try {
        const { drainSessionsPerSecond: sessionsPerSecond } = limits;
        const progress = (now: DrainProgress): void => void (this.#progress = now);
        if (sessionCount() > 0) await drain.run({ sessionsPerSecond, signal, progress });
      } catch (error) {
        logger.error({ err: error }, 'draining failed, trying again');
      }
      await new Promise<void>((resolve) => (this.#timer = clock.after(LOOK_EVERY_MS, resolve)));
    }
  }

  #rest(): void {
    this.#under?.abort();
    this.#under = undefined;
    this.#progress = undefined;
    this.#timer?.cancel();
  }
}
