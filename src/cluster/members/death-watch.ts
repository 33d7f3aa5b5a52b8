import { IoError, type Clock, type Network, type Timer } from '#io';
import type { MemberInfo } from '../membership.ts';

/** Between two looks at a member whose link has broken. */
const lookEveryMs = 250;
/** It is believed to have ended when its machine has said so this often in a row. */
const refusalsNeeded = 2;
const dialTimeoutMs = 1_000;
/** Boots that have ended; the oldest are forgotten: their leases are long over. */
const endedMax = 10_000;

export interface DeathWatchOptions {
  readonly network: Pick<Network, 'dial'>;
  readonly clock: Clock;
  readonly members: () => readonly MemberInfo[];
  /** Its link is broken (not only silent). */
  readonly isLinkDown: (info: MemberInfo) => boolean;
  /** A boot has ended, for certain. */
  readonly ended: (info: MemberInfo) => void;
}

/**
 * Tells a process that has ended from one that is cut off or hangs, within a second: its link was reset, and its machine
 * answers that nobody listens where it did. A living member always listens on its bus address; a machine that is off,
 * or behind a cut, answers nothing at all, and then its lease decides.
 */
export class DeathWatch {
  readonly #options: DeathWatchOptions;
  /** Boot → when it was known to have ended, own clock. */
  readonly #ended = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  readonly #dialling = new Set<string>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: DeathWatchOptions) {
    this.#options = options;
  }

  /** undefined = it is not known to have ended. */
  endedAtMs(boot: string): number | undefined {
    return this.#ended.get(boot);
  }

  /** A link has changed. */
  look(): void {
    if (this.#isStopped) return;
    const suspects = this.#options.members().filter((info) => this.#isSuspect(info));
    for (const info of suspects) void this.#dial(info);
    if (suspects.length === 0) this.#refusals.clear();
    else
      this.#timer ??= this.#options.clock.after(lookEveryMs, () => {
        this.#timer = undefined;
        this.look();
      });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #isSuspect(info: MemberInfo): boolean {
    // Threads have no address: whoever runs them knows when one ends.
    return info.busAddress !== '' && !this.#ended.has(info.boot) && this.#options.isLinkDown(info);
  }

  async #dial(info: MemberInfo): Promise<void> {
    const { boot, busAddress } = info;
    if (this.#dialling.has(boot)) return;
    this.#dialling.add(boot);
    const isRefused = await this.#isRefused(busAddress);
    this.#dialling.delete(boot);
    if (!this.#isSuspect(info) || this.#isStopped) return;
    const refusals = isRefused ? (this.#refusals.get(boot) ?? 0) + 1 : 0;
    this.#refusals.set(boot, refusals);
    if (refusals < refusalsNeeded) return;
    this.#ended.set(boot, this.#options.clock.nowMs());
    if (this.#ended.size > endedMax) this.#ended.delete(this.#ended.keys().next().value ?? '');
    this.#options.ended(info);
  }

  async #isRefused(address: string): Promise<boolean> {
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
    const port = Number(address.slice(colon + 1));
    try {
      const stream = await this.#options.network.dial({ host, port, tls: false, timeoutMs: dialTimeoutMs });
      stream.destroy();
      return false;
    } catch (error) {
      if (error instanceof IoError) return error.code === 'REFUSED';
      throw error;
    }
  }
}
