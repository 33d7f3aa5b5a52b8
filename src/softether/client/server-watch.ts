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

const LOOK_AGAIN_MS = 500;
/** Frames that come no further apart than this (once a second, and a tick), for so long, are a stream. */
const STREAM_GAP_MS = 1_250;
const STREAM_AFTER_MS = 4_000;

/**
 * Notices a server that has stopped but whose machine still acknowledges what we send. Servers answer nothing to
 * keep-alives, and their own come up to ten seconds apart: so when frames go out and nothing comes back for some time, or
 * a stream of frames to us breaks off and nothing else comes, the server is asked, on a connection of its own, whether it
 * is there. A session that is idle, or answered, costs nothing.
 *
 * Only frames to one station count: a pause among broadcasts would bring the probes of all sessions of a hub at once.
 */
export class ServerWatch implements Watched {
  readonly #options: ServerWatchOptions;
  /** When the first frame went out that nothing has followed. */
  #unansweredSinceMs = Infinity;
  /** When the last frame came that is to us alone, and the first of its stream. */
  #frameCameMs = -Infinity;
  #streamSinceMs = -Infinity;
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
    const nowMs = this.#options.wheel.nowMs;
    // Before that one was answered; the look that would find it out may be seconds away.
    if (this.#unansweredSinceMs !== Infinity && this.#frameCameMs < this.#unansweredSinceMs) return;
    if (this.#unansweredSinceMs === nowMs) return;
    this.#unansweredSinceMs = nowMs;
    this.#begin();
  }

  /** Frames came that are to us alone. */
  came(): void {
    const nowMs = this.#options.wheel.nowMs;
    if (nowMs === this.#frameCameMs) return;
    if (nowMs - this.#frameCameMs > STREAM_GAP_MS) this.#streamSinceMs = nowMs;
    this.#frameCameMs = nowMs;
    if (this.#isStream()) this.#begin();
  }

  look(nowMs: number): number {
    const { limits } = this.#options;
    const sinceMs = this.#silentSinceMs(nowMs);
    if (sinceMs === Infinity || this.#isStopped) {
      this.#isWatched = false;
      return 0;
    }
    const silentForMs = nowMs - sinceMs;
    if (silentForMs < limits.probeAfterMs) return limits.probeAfterMs - silentForMs;
    if (!this.#isProbing && nowMs >= this.#nextProbeMs) void this.#probe(sinceMs);
    return LOOK_AGAIN_MS;
  }

  stop(): void {
    this.#isStopped = true;
  }

  #begin(): void {
    const { wheel, limits } = this.#options;
    if (this.#isWatched || this.#isStopped || limits.probeAfterMs === 0) return;
    this.#isWatched = true;
    wheel.watch(this, limits.probeAfterMs);
  }

  #isStream(): boolean {
    return this.#frameCameMs - this.#streamSinceMs >= STREAM_AFTER_MS;
  }

  /** Since when something is missed that ought to have come; Infinity = nothing is. */
  #silentSinceMs(nowMs: number): number {
    const { limits, lastHeardMs } = this.#options;
    const heardMs = lastHeardMs();
    if (heardMs >= this.#unansweredSinceMs) {
      if (nowMs - this.#unansweredSinceMs <= limits.probeAfterMs) this.#vainProbes = 0;
      this.#unansweredSinceMs = Infinity;
    }
    // Whatever else came after the stream had ended: the server is there.
    const isMissed = this.#isStream() && heardMs - this.#frameCameMs <= STREAM_GAP_MS;
    return Math.min(this.#unansweredSinceMs, isMissed ? heardMs : Infinity);
  }

  async #probe(sinceMs: number): Promise<void> {
    const { wheel, limits, probe, lastHeardMs, dead } = this.#options;
    this.#isProbing = true;
    const verdict = await probe();
    this.#isProbing = false;
    const intervalMs = Math.min(limits.probeIntervalMs * 2 ** this.#vainProbes, limits.maxProbeIntervalMs);
    this.#nextProbeMs = wheel.nowMs + intervalMs;
    this.#vainProbes++;
    // One answer is enough: the stream has ended, or is to show anew that it is one.
    this.#streamSinceMs = wheel.nowMs;
    if (verdict === 'dead' && lastHeardMs() <= sinceMs && !this.#isStopped) dead();
  }
}
