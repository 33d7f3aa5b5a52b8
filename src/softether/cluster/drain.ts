import { silentLogger, type Logger } from '#base';
import { hubKeyOf, kindInCluster } from '#hub';
import type { Clock } from '#io';
import type { SoftEtherSession } from '../session.ts';
import type { DynamicHubs } from './dynamic-hubs.ts';

export interface DrainProgress {
  /** Sessions at the beginning. */
  readonly total: number;
  /** Told to connect again. */
  readonly sentAway: number;
  /** Still here. */
  readonly left: number;
}

export interface DrainOptions {
  readonly sessionsPerSecond: number;
  readonly signal?: AbortSignal;
  readonly progress?: (progress: DrainProgress) => void;
}

export interface DrainDeps {
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly sessions: () => readonly SoftEtherSession[];
  readonly hubs: Pick<DynamicHubs, 'close'>;
}

/** Between two batches. */
const STEP_MS = 100;

/**
 * Sends the sessions of this member away, a few at a time: each is closed in order (close_notify), at which stock clients log
 * in again after their retry interval, others at once, and the controller, which knows that this member is draining, finds
 * them another place. A dynamic hub goes as a whole, because it can live in one place only: all its sessions at once,
 * then its instance, so that the first client that comes back has it made elsewhere.
 */
export class Drain {
  readonly #deps: Required<DrainDeps>;
  /** Dynamic hubs that somebody wants to get to now: they go next. */
  readonly #wanted = new Set<string>();
  #isRunning = false;

  constructor(deps: DrainDeps) {
    this.#deps = { logger: silentLogger, ...deps };
  }

  /** Somebody who was sent to this hub was refused here: it goes next, or at once where no drain runs. */
  want(hubName: string): void {
    if (!this.#isRunning) void this.#deps.hubs.close(hubName);
    else this.#wanted.add(hubKeyOf(hubName));
  }

  /** Resolves when no session is left, or `signal` is aborted. The member must have been announced as draining before. */
  async run({ sessionsPerSecond, signal, progress }: DrainOptions): Promise<DrainProgress> {
    const { clock, sessions, logger } = this.#deps;
    const total = sessions().length;
    let sentAway = 0;
    let credit = 0;
    this.#isRunning = true;
    try {
      for (;;) {
        credit += (Math.max(sessionsPerSecond, 1) * STEP_MS) / 1_000;
        while (credit >= 1 && signal?.aborted !== true) {
          const gone = await this.#next();
          if (gone === 0) break;
          sentAway += gone;
          // A large hub uses up the next batches' share too.
          credit -= gone;
        }
        const state = { total, sentAway, left: sessions().length };
        if (signal?.aborted === true) {
          logger.info(state, 'drain given up');
          return state;
        }
        progress?.(state);
        if (state.left === 0) {
          logger.info(state, 'drained: no session is left');
          return state;
        }
        await new Promise<void>((resolve) => void clock.after(STEP_MS, resolve));
      }
    } finally {
      this.#isRunning = false;
      this.#wanted.clear();
    }
  }

  /** How many sessions it ended. */
  async #next(): Promise<number> {
    const { sessions, hubs } = this.#deps;
    const all = sessions();
    for (const key of this.#wanted) {
      this.#wanted.delete(key);
      const ofHub = all.filter(({ hub }) => hubKeyOf(hub.name) === key);
      await hubs.close(key);
      if (ofHub.length > 0) return ofHub.length;
    }
    const [session] = all;
    if (session === undefined) return 0;
    const { hub } = session;
    if (kindInCluster(hub.record.kind) === 'static') {
      session.disconnect('moved');
      return 1;
    }
    const count = all.filter((other) => other.hub === hub).length;
    await hubs.close(hub.name);
    // Where it is not this member's hub any more, its sessions end all the same.
    if (!session.isEnded) session.disconnect('moved');
    return count;
  }
}
