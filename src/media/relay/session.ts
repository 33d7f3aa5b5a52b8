import { IoError } from '#io';
import { reasonOf } from '#base';
import type { KernelRelay } from './kernel-relay.ts';
import type { RelayListener, RelayPlan, RelayRefusal, RelaySession, StreamCounters, StreamPlan } from './relay.ts';
import { newStreamTotals, Stream, type StreamParts, type StreamTotals } from './stream.ts';

export interface SessionParts extends StreamParts {
  readonly nowMs: () => number;
  readonly closed: (session: Session) => void;
}

/** A call's streams, by the order of the m= lines; a line that has ended keeps its totals. */
export class Session implements RelaySession {
  readonly kind = 'session';
  readonly #parts: SessionParts;
  readonly #listener: RelayListener;
  readonly #streams: (Stream | undefined)[] = [];
  readonly #totals: (StreamTotals | undefined)[] = [];
  /** Of lines that are not relayed any more. */
  readonly #ended: (StreamCounters | undefined)[] = [];
  #timeoutMs = Infinity;
  /** `idle` was called, or the plan changed. */
  #awakeSinceMs = 0;
  #isClosed = false;

  constructor(parts: SessionParts, listener: RelayListener) {
    this.#parts = parts;
    this.#listener = listener;
  }

  update(plan: RelayPlan): RelayRefusal | undefined {
    if (this.#isClosed) return { kind: 'refused', port: undefined, reason: 'the relay session is closed' };
    const nowMs = this.#parts.nowMs();
    const opened = new Map<number, Stream>();
    for (const [index, wanted] of plan.streams.entries()) {
      if (wanted === undefined || this.#streams[index]?.fits(wanted) === true) continue;
      const refusal = this.#open(wanted, index, opened);
      if (refusal === undefined) continue;
      for (const stream of opened.values()) stream.close();
      return refusal;
    }
    this.#apply(plan, opened, nowMs);
    return undefined;
  }

  counters(): readonly (StreamCounters | undefined)[] {
    return Array.from(this.#totals, (_, index) => this.#streams[index]?.counters() ?? this.#ended[index]);
  }

  /** Of all streams, those that have ended too. */
  totals(): { readonly packets: number; readonly octets: number; readonly droppedPackets: number } {
    const sum = { packets: 0, octets: 0, droppedPackets: 0 };
    for (const stream of this.counters()) {
      for (const side of stream === undefined ? [] : [stream.a, stream.b]) {
        sum.packets += side.packets + side.controlPackets;
        sum.octets += side.octets;
        sum.droppedPackets += side.droppedPackets;
      }
    }
    return sum;
  }

  get streamCount(): { readonly all: number; readonly inKernel: number } {
    const live = this.#streams.filter((stream) => stream !== undefined);
    return { all: live.length, inKernel: live.filter(({ isInKernel }) => isInKernel).length };
  }

  /** Called a few times a second. */
  look(kernel: KernelRelay | undefined, nowMs: number): void {
    let heardMs = this.#awakeSinceMs;
    for (const stream of this.#streams) {
      if (stream === undefined) continue;
      if (kernel !== undefined) stream.offer(kernel, nowMs);
      heardMs = Math.max(heardMs, stream.lastHeardMs);
    }
    if (nowMs - heardMs < this.#timeoutMs) return;
    this.#awakeSinceMs = nowMs;
    this.#listener.idle();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of this.#streams) stream?.close();
    this.#parts.closed(this);
  }

  #open(plan: StreamPlan, index: number, opened: Map<number, Stream>): RelayRefusal | undefined {
    const totals = (this.#totals[index] ??= newStreamTotals());
    try {
      opened.set(
        index,
        Stream.open(plan, totals, this.#parts, (error) => this.#failed(error)),
      );
      return undefined;
    } catch (error) {
      return refusalOf(error, plan);
    }
  }

  #apply(plan: RelayPlan, opened: ReadonlyMap<number, Stream>, nowMs: number): void {
    this.#timeoutMs = plan.timeoutMs;
    this.#awakeSinceMs = nowMs;
    for (const [index, wanted] of plan.streams.entries()) {
      const before = this.#streams[index];
      const fresh = opened.get(index);
      if (wanted !== undefined && fresh === undefined) before?.update(wanted, nowMs);
      else {
        before?.close();
        this.#ended[index] = before?.counters() ?? this.#ended[index];
        this.#streams[index] = fresh;
      }
    }
  }

  #failed(error: Error): void {
    if (!this.#isClosed) this.#listener.failed(reasonOf(error));
  }
}

function refusalOf(error: unknown, plan: StreamPlan): RelayRefusal {
  const isPort = error instanceof IoError && (error.code === 'ADDRESS_IN_USE' || error.code === 'NO_PERMISSION');
  const reason = reasonOf(error);
  // Which of the four it was stands in the message; the side is told by its port.
  const side = [plan.a, plan.b].find(({ local }) =>
    [local.port, local.port + 1].some((port) => reason.includes(`:${port}`)),
  );
  return { kind: 'refused', port: isPort ? side?.local : undefined, reason };
}
