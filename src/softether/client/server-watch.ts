import type { TimerWheel, Watched } from '../timer-wheel.ts';
import type { ClientLimits } from './limits.ts';

/** `unknown`: something answered, though not as it should; the session is judged by its own silence. */
export type Verdict = 'alive' | 'dead' | 'unknown';

export interface ServerWatchOptions {
  readonly wheel: TimerWheel;
  readonly limits: Pick<ClientLimits, 'probeAfterMs' | 'probeIntervalMs' | 'maxProbeIntervalMs'>;
  /** When something last came from the server, in the wheel's time. */
  readonly lastHeardMs: () => number;
  readonly probe: () => Promise<Verdict>;
  readonly dead: () => void;
}

const LOOK_AGAIN_MS = 1_000;

/**
 * Notices a server that has stopped but whose machine still acknowledges what we send. Servers answer nothing to
 * keep-alives, and their own come up to ten seconds apart: so when frames go out and nothing comes back for some time, the
 * server is asked, on a connection of its own, whether it is there. A session that is idle, or answered, costs nothing.
 */
export class ServerWatch implements Watched {
  readonly #options: ServerWatchOptions;
  /** When the first frame went out that nothing has followed. */
  #unansweredSinceMs = Infinity;
  #nextProbeMs = 0;
  /** Probes in a row that found the server alive. Traffic that is not answered at all is no sign of trouble. */
  #vainProbes = 0;
  #isWatched = false;
  #isProbing = false;
  #isStopped = false;

  constructor(options: ServerWatchOptions) {
    this.#options = options;
  }

  /** Frames went out that are usually answered. */
  sent(): void {
    if (this.#unansweredSinceMs !== Infinity) return;
    const { wheel, limits } = this.#options;
    if (limits.probeAfterMs === 0) return;
    this.#unansweredSinceMs = wheel.nowMs;
    if (this.#isWatched) return;
    this.#isWatched = true;
    wheel.watch(this, limits.probeAfterMs);
  }

  look(nowMs: number): number {
    const { limits, lastHeardMs } = this.#options;
    const silentForMs = nowMs - this.#unansweredSinceMs;
    if (this.#isStopped || lastHeardMs() >= this.#unansweredSinceMs) {
      if (silentForMs <= limits.probeAfterMs) this.#vainProbes = 0;
      this.#isWatched = false;
      this.#unansweredSinceMs = Infinity;
      return 0;
    }
    if (silentForMs < limits.probeAfterMs) return limits.probeAfterMs - silentForMs;
    if (!this.#isProbing && nowMs >= this.#nextProbeMs) void this.#probe();
    return LOOK_AGAIN_MS;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #probe(): Promise<void> {
    const { wheel, limits, probe, lastHeardMs, dead } = this.#options;
    this.#isProbing = true;
    const sinceMs = this.#unansweredSinceMs;
    const verdict = await probe();
    this.#isProbing = false;
    const intervalMs = Math.min(limits.probeIntervalMs * 2 ** this.#vainProbes, limits.maxProbeIntervalMs);
    this.#nextProbeMs = wheel.nowMs + intervalMs;
    this.#vainProbes++;
    if (verdict === 'dead' && lastHeardMs() < sinceMs && !this.#isStopped) dead();
  }
}
