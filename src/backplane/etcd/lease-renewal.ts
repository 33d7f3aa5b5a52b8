import type { Clock } from '#io';
import { decodeLeaseState, encodeLeaseId } from './codec/lease.ts';
import { methods } from './methods.ts';
import type { EngineClient } from './rpc/engine-client.ts';
import type { RpcStream } from './rpc/link.ts';

interface Renewal {
  readonly sentMs: number;
  readonly renewed: (sentMs: number) => void;
  readonly gone: () => void;
}

/**
 * Renews all leases over one stream. The engine answers in order, and one lease that it cannot answer for holds up all
 * behind it: then the stream is opened anew, at the next endpoint.
 */
export class LeaseRenewal {
  readonly #client: EngineClient;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Renewal>();
  #stream: RpcStream | undefined;
  #isClosed = false;

  constructor(client: EngineClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** `renewed` gets the moment at which the answered renewal was sent; `gone`: there is no such lease any more. */
  renew(id: string, patienceMs: number, renewed: (sentMs: number) => void, gone: () => void): void {
    if (this.#isClosed) return;
    const before = this.#waiting.get(id);
    if (before !== undefined) {
      if (this.#clock.nowMs() - before.sentMs < patienceMs) return;
      this.#startAnew();
    }
    this.#stream ??= this.#open();
    this.#waiting.set(id, { sentMs: this.#clock.nowMs(), renewed, gone });
    this.#stream.send(encodeLeaseId(id));
  }

  forget(id: string): void {
    this.#waiting.delete(id);
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
    this.#stream?.cancel();
    this.#stream = undefined;
  }

  #startAnew(): void {
    this.#stream?.cancel();
    this.#stream = undefined;
    this.#client.leaveCurrent();
    this.#waiting.clear();
  }

  #open(): RpcStream {
    const stream = this.#client.stream(methods.leaseKeepAlive, {
      message: (message) => {
        const { id, ttlSeconds } = decodeLeaseState(message);
        const renewal = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (renewal === undefined) return;
        if (ttlSeconds > 0) renewal.renewed(renewal.sentMs);
        else renewal.gone();
      },
      ended: () => {
        if (this.#stream !== stream) return;
        this.#stream = undefined;
        this.#waiting.clear();
      },
    });
    return stream;
  }
}
