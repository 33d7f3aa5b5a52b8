import type { Clock, Timer } from '#io';
import { Gone, Overloaded, Refused, Timeout } from '../bus.ts';
import type { Outcome } from './codec/frame.ts';
import type { FrameWriter } from './codec/frame-writer.ts';
import type { BusLimits } from './limits.ts';

interface Pending {
  readonly seq: number;
  readonly service: string;
  readonly json: string;
  readonly untilMs: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
  readonly signal: AbortSignal | undefined;
  readonly aborted: () => void;
  wasSent: boolean;
}

export interface NewCall {
  /** Larger than those of all calls before it, also to other members. */
  readonly seq: number;
  readonly service: string;
  readonly json: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Calls to one boot of a member that wait for their answers. Each ends exactly once. */
export class OutgoingCalls {
  readonly #clock: Clock;
  readonly #limits: BusLimits;
  readonly #name: string;
  /** In the order of `seq`. */
  readonly #pending = new Map<number, Pending>();
  #pendingLength = 0;
  /** Answers that came and that the other side may not know to have come. */
  #answered: number[] = [];

  constructor(name: string, clock: Clock, limits: BusLimits) {
    this.#name = name;
    this.#clock = clock;
    this.#limits = limits;
  }

  get count(): number {
    return this.#pending.size;
  }

  get unconfirmedAnswers(): number {
    return this.#answered.length;
  }

  /** Why there is no room for one more; undefined = there is. */
  shortage(json: string): string | undefined {
    const { maxPendingCalls, maxPendingLength } = this.#limits;
    if (this.#pending.size >= maxPendingCalls) return `${maxPendingCalls} calls to ${this.#name} wait for an answer`;
    if (this.#pendingLength + json.length <= maxPendingLength) return undefined;
    return `calls to ${this.#name} that wait for an answer hold ${this.#pendingLength} characters`;
  }

  /** `writer`: of the link, if it is up. */
  add(call: NewCall, writer: FrameWriter | undefined): Promise<unknown> {
    const { seq, service, json, timeoutMs, signal } = call;
    return new Promise((resolve, reject) => {
      const untilMs = this.#clock.nowMs() + timeoutMs;
      const timer = this.#clock.after(timeoutMs, () => {
        this.#fail(seq, new Timeout(`${this.#name} has not answered ${service} within ${timeoutMs} ms`));
      });
      const aborted = (): void => {
        this.#fail(seq, new Timeout(`${service} of ${this.#name} was given up`, { cause: signal?.reason }));
      };
      signal?.addEventListener('abort', aborted);
      const pending = { seq, service, json, untilMs, resolve, reject, timer, signal, aborted, wasSent: false };
      this.#pending.set(seq, pending);
      this.#pendingLength += json.length;
      if (writer === undefined) return;
      pending.wasSent = true;
      writer.call(seq, timeoutMs, service, json);
    });
  }

  /** A new link is up. `isRemembered`: the other side knows which calls came over the one before. */
  sendAgain(writer: FrameWriter, isRemembered: boolean): void {
    if (!isRemembered) {
      for (const { seq, service, wasSent } of [...this.#pending.values()]) {
        if (wasSent) this.#fail(seq, new Timeout(`${this.#name} no longer knows whether ${service} has run`));
      }
    }
    const nowMs = this.#clock.nowMs();
    for (const pending of this.#pending.values()) {
      pending.wasSent = true;
      writer.call(pending.seq, Math.max(1, Math.ceil(pending.untilMs - nowMs)), pending.service, pending.json);
    }
  }

  /** Over a link: the other side keeps the outcome until it is confirmed. */
  received(outcome: Outcome): void {
    this.#answered.push(outcome.seq);
    this.settle(outcome);
  }

  settle(outcome: Outcome): void {
    const pending = this.#take(outcome.seq);
    if (pending === undefined) return;
    switch (outcome.kind) {
      case 'answer':
        answer(pending, outcome.json, this.#name);
        return;
      case 'refused':
        pending.reject(new Refused(outcome.code, outcome.text));
        return;
      case 'gone':
        pending.reject(new Gone(outcome.text));
        return;
      case 'overload':
        pending.reject(new Overloaded(outcome.text));
    }
  }

  /** Tells the other side which answers it need not keep any more. */
  confirm(writer: FrameWriter, nextSeq: number): void {
    const [lowest = nextSeq] = this.#pending.keys();
    writer.acks(
      lowest,
      this.#answered.filter((seq) => seq > lowest),
    );
    this.#answered = [];
  }

  failAll(error: () => Error): void {
    for (const seq of [...this.#pending.keys()]) this.#fail(seq, error());
  }

  #fail(seq: number, error: Error): void {
    this.#take(seq)?.reject(error);
  }

  #take(seq: number): Pending | undefined {
    const pending = this.#pending.get(seq);
    if (pending === undefined) return undefined;
    this.#pending.delete(seq);
    this.#pendingLength -= pending.json.length;
    pending.timer.cancel();
    pending.signal?.removeEventListener('abort', pending.aborted);
    return pending;
  }
}

function answer(pending: Pending, json: string, name: string): void {
  let value: unknown;
  try {
    value = json === '' ? undefined : JSON.parse(json);
  } catch (cause) {
    pending.reject(new Refused('BAD_BODY', `${name} has answered ${pending.service} with what is no JSON`, { cause }));
    return;
  }
  pending.resolve(value);
}
