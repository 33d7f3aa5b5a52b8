import { addressAndPort } from './hop.ts';
import { transportLimits } from './limits.ts';
import type { Target } from './target.ts';
import { forTcp } from './via-token.ts';

const mostRefusals = 4_096;

type Failed = (error: Error) => void;

export interface LargeRequestsParts {
  readonly nowMs: () => number;
  readonly byUdp: (bytes: Buffer, target: Target, failed: Failed) => void;
  readonly byStream: (bytes: Buffer, target: Target, failed: Failed) => void;
  /** There is a connection to that place. */
  readonly isConnected: (target: Target) => boolean;
}

/** Requests that are too long for UDP go by TCP, and by UDP all the same where TCP is not taken (RFC 3261 §18.1.1). */
export class LargeRequests {
  readonly #parts: LargeRequestsParts;
  /** Places that do not take TCP, and until when that is believed. */
  readonly #refusals = new Map<string, number>();
  /** Requests for UDP that went by TCP instead, and when. A transaction sends the same bytes each time. */
  readonly #moved = new WeakMap<Buffer, number>();

  constructor(parts: LargeRequestsParts) {
    this.#parts = parts;
  }

  /** A request for UDP that should rather go by `send`. */
  concerns({ length }: Buffer, { address, port, socketId }: Target): boolean {
    if (length <= transportLimits.datagramSafeBytes || socketId !== undefined) return false;
    const until = this.#refusals.get(addressAndPort(address, port));
    return until === undefined || until < this.#parts.nowMs();
  }

  send(bytes: Buffer, target: Target, failed: Failed): void {
    const { nowMs, byUdp, byStream } = this.#parts;
    const changed = forTcp(bytes);
    if (changed === undefined) {
      byUdp(bytes, target, failed);
      return;
    }
    const byTcp: Target = { ...target, transport: 'tcp' };
    if (this.#isOnItsWay(bytes, byTcp)) return;
    this.#moved.set(bytes, nowMs());
    byStream(changed, byTcp, () => {
      this.#moved.delete(bytes);
      if (this.#refusals.size >= mostRefusals) this.#refusals.clear();
      this.#refusals.set(addressAndPort(target.address, target.port), nowMs() + transportLimits.tcpRefusedMs);
      byUdp(bytes, target, failed);
    });
  }

  /** Sent again by timer A or E of a transaction that takes UDP for granted: a connection loses nothing (RFC 3261 §17.1.1.2). */
  #isOnItsWay(bytes: Buffer, byTcp: Target): boolean {
    const sinceMs = this.#moved.get(bytes);
    if (sinceMs === undefined) return false;
    const { nowMs, isConnected } = this.#parts;
    return nowMs() - sinceMs < transportLimits.dialTimeoutMs || isConnected(byTcp);
  }
}
