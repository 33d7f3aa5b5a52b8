import { transportLimits } from './limits.ts';

type Failed = (error: Error) => void;

const size = transportLimits.maxRecentSends;

/** Who sent to where by UDP a moment ago: ICMP says later that nobody is there. A ring, since every request is in it. */
export class RecentSends {
  readonly #addresses = new Array<string>(size).fill('');
  readonly #ports = new Uint16Array(size);
  readonly #untilMs = new Float64Array(size);
  readonly #failed = new Array<Failed | undefined>(size).fill(undefined);
  #next = 0;

  add(address: string, port: number, nowMs: number, failed: Failed): void {
    const at = this.#next;
    this.#addresses[at] = address;
    this.#ports[at] = port;
    this.#untilMs[at] = nowMs + transportLimits.recentSendMs;
    this.#failed[at] = failed;
    this.#next = (at + 1) % size;
  }

  unreachable(address: string, port: number, nowMs: number, error: Error): void {
    for (let at = 0; at < size; at++) {
      const failed = this.#failed[at];
      if (failed === undefined || this.#ports[at] !== port || this.#addresses[at] !== address) continue;
      this.#failed[at] = undefined;
      if (nowMs <= this.#untilMs[at]!) failed(error);
    }
  }
}
