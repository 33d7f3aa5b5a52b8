import { transportLimits } from './limits.ts';

interface RecentSend {
  readonly address: string;
  readonly port: number;
  readonly untilMs: number;
  readonly failed: (error: Error) => void;
}

/** Who sent to where by UDP a moment ago: ICMP says later that nobody is there. */
export class RecentSends {
  readonly #ring = new Array<RecentSend | undefined>(transportLimits.maxRecentSends).fill(undefined);
  #next = 0;

  add(address: string, port: number, nowMs: number, failed: (error: Error) => void): void {
    this.#ring[this.#next] = { address, port, untilMs: nowMs + transportLimits.recentSendMs, failed };
    this.#next = (this.#next + 1) % this.#ring.length;
  }

  unreachable(address: string, port: number, nowMs: number, error: Error): void {
    for (const [index, send] of this.#ring.entries()) {
      if (send?.port !== port || send.address !== address) continue;
      this.#ring[index] = undefined;
      if (nowMs <= send.untilMs) send.failed(error);
    }
  }
}
