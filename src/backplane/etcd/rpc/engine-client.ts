import type { Clock } from '#io';
import { Unavailable } from '../../backplane.ts';
import { Endpoint, endpointName, type EndpointOptions } from './endpoint.ts';
import type { RpcStream, StreamSink } from './link.ts';
import { RpcError, type status } from './rpc-error.ts';
import { Turnstile } from './turnstile.ts';

export interface CallOptions {
  /** The same request may reach the engine twice. */
  readonly mayRepeat?: boolean;
  /** Much data: it gets more time. */
  readonly isBulk?: boolean;
}

export interface Answer {
  readonly bytes: Buffer;
  /** An earlier try of the same request may have reached the engine too. */
  readonly isRepeated: boolean;
}

export interface Timeouts {
  /** After that the next endpoint is tried. */
  readonly attemptMs: number;
  /** The same for much data. */
  readonly bulkAttemptMs: number;
  /** After that the caller is told. */
  readonly callMs: number;
}

export interface EngineEndpoint {
  readonly host: string;
  readonly port: number;
}

export interface EngineClientOptions extends Omit<EndpointOptions, 'host' | 'port'> {
  /** The first is tried first. Asked again whenever one has failed: voters come and go. */
  readonly endpoints: () => readonly EngineEndpoint[];
  readonly timeouts: Timeouts;
  readonly maxCallsInFlight: number;
  readonly maxCallsWaiting: number;
}

/** Between two rounds over all endpoints. */
const roundPauseMs = 100;
/** One that has failed is passed over for so long, as long as there is another: a machine that is off answers nothing. */
const passedOverMs = 5_000;

/** To one of the engines. */
export interface EngineWay {
  readonly name: string;
  stream(method: string, sink: StreamSink): RpcStream;
}

/** Calls to the engine: at one of its endpoints, at the next when that one fails. */
export class EngineClient {
  readonly #clock: Clock;
  readonly #timeouts: Timeouts;
  readonly #turnstile: Turnstile;
  readonly #outcome: (isAnswered: boolean, why: string) => void;
  readonly #options: EngineClientOptions;
  #endpoints: readonly Endpoint[] = [];
  #current = 0;
  /** Endpoint → when it failed last (own clock). */
  readonly #failedAtMs = new WeakMap<Endpoint, number>();
  #isClosed = false;

  /** `outcome` is told of each call: did the engine answer, or not (and why). */
  constructor(options: EngineClientOptions, outcome: (isAnswered: boolean, why: string) => void) {
    this.#clock = options.clock;
    this.#timeouts = options.timeouts;
    this.#turnstile = new Turnstile(options.maxCallsInFlight, options.maxCallsWaiting);
    this.#outcome = outcome;
    this.#options = options;
    this.#renewEndpoints();
  }

  /** @throws RpcError when the engine judged the request; Unavailable when it did not answer in time. */
  async call(method: string, request: Uint8Array, options: CallOptions = {}): Promise<Answer> {
    const deadlineMs = this.#clock.nowMs() + this.#timeouts.callMs;
    const leave = await this.#turnstile.enter(this.#clock, this.#timeouts.callMs);
    try {
      const answer = await this.#tryUntil(deadlineMs, method, request, options);
      this.#outcome(true, '');
      return answer;
    } finally {
      leave();
    }
  }

  /** At the endpoint that is in use. When it ends with an error, the next one is tried by whatever comes next. */
  stream(method: string, sink: StreamSink): RpcStream {
    return this.#stream(this.#endpoint, method, sink);
  }

  /** To every endpoint, the one in use first: for what cannot wait until it is known which of them is good. */
  ways(): readonly EngineWay[] {
    this.#renewEndpoints();
    const inUse = this.#endpoint;
    const all = [inUse, ...this.#endpoints.filter((endpoint) => endpoint !== inUse)];
    return all.map((endpoint) => ({
      name: endpoint.name,
      stream: (method, sink) => this.#stream(endpoint, method, sink),
    }));
  }

  #stream(endpoint: Endpoint, method: string, sink: StreamSink): RpcStream {
    return endpoint.stream(method, {
      message: (message) => sink.message(message),
      ended: (error) => {
        if (error?.isPassing !== false) this.#leave(endpoint);
        sink.ended(error);
      },
    });
  }

  /** One request, a row of answers; the engine is held back while the reader is busy. @throws RpcError */
  async *read(method: string, request: Uint8Array): AsyncGenerator<Buffer> {
    const waiting: Buffer[] = [];
    let end: { readonly error: RpcError | undefined } | undefined;
    let wake = (): void => undefined;
    const stream = this.stream(method, {
      message: (message) => {
        waiting.push(message);
        stream.pause();
        wake();
      },
      ended: (error) => {
        end = { error };
        wake();
      },
    });
    stream.send(request);
    stream.end();
    try {
      for (;;) {
        const message = waiting.shift();
        if (message !== undefined) yield message;
        else if (end?.error !== undefined) throw end.error;
        else if (end !== undefined) return;
        else {
          const { promise, resolve } = Promise.withResolvers<undefined>();
          wake = () => resolve(undefined);
          stream.resume();
          await promise;
        }
      }
    } finally {
      stream.cancel();
    }
  }

  /** The endpoint in use is no good: the next one is tried from now on. */
  leaveCurrent(): void {
    this.#leave(this.#endpoint);
  }

  close(): void {
    this.#isClosed = true;
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  get #endpoint(): Endpoint {
    return this.#endpoints[this.#current % this.#endpoints.length]!;
  }

  #leave(endpoint: Endpoint): void {
    this.#failedAtMs.set(endpoint, this.#clock.nowMs());
    if (this.#endpoint !== endpoint) return;
    this.#current = this.#next();
    this.#renewEndpoints();
  }

  /** The next one that has not failed a moment ago; when all have, the one whose failure is the longest ago. */
  #next(): number {
    const count = this.#endpoints.length;
    const following = this.#endpoints.map((_, step) => (this.#current + 1 + step) % count);
    const failedAtMs = (at: number): number => this.#failedAtMs.get(this.#endpoints[at]!) ?? -Infinity;
    const nowMs = this.#clock.nowMs();
    const good = following.find((at) => nowMs - failedAtMs(at) >= passedOverMs);
    return good ?? following.reduce((best, at) => (failedAtMs(at) < failedAtMs(best) ? at : best));
  }

  /** The one in use stays in use if it is still there. */
  #renewEndpoints(): void {
    if (this.#isClosed) return;
    const inUse = this.#endpoints[this.#current];
    const before = new Map(this.#endpoints.map((endpoint) => [endpoint.name, endpoint]));
    const named = this.#options.endpoints().map((each) => ({ ...each, name: endpointName(each) }));
    // Nobody at all to ask would be for ever.
    if (named.length === 0 && inUse !== undefined) return;
    this.#endpoints = named.map((each) => before.get(each.name) ?? new Endpoint({ ...this.#options, ...each }));
    for (const endpoint of before.values()) if (!this.#endpoints.includes(endpoint)) endpoint.close();
    this.#current = Math.max(0, inUse === undefined ? 0 : this.#endpoints.indexOf(inUse));
  }

  async #tryUntil(deadlineMs: number, method: string, request: Uint8Array, options: CallOptions): Promise<Answer> {
    const { mayRepeat = false, isBulk = false } = options;
    const attemptMs = isBulk ? this.#timeouts.bulkAttemptMs : this.#timeouts.attemptMs;
    let isRepeated = false;
    for (let tries = 1; ; tries++) {
      const endpoint = this.#endpoint;
      // Never 0: the call waited for its turn until the last moment.
      const leftMs = Math.max(deadlineMs - this.#clock.nowMs(), roundPauseMs);
      try {
        return { bytes: await endpoint.unary(method, request, Math.min(attemptMs, leftMs)), isRepeated };
      } catch (error) {
        if (!(error instanceof RpcError) || !error.isPassing) {
          this.#outcome(true, '');
          throw error;
        }
        this.#leave(endpoint);
        if (!error.isUntouched) isRepeated = true;
        const isOver = this.#clock.nowMs() + roundPauseMs >= deadlineMs;
        if (this.#isClosed || isOver || (isRepeated && !mayRepeat)) throw this.#givenUp(error, isRepeated);
      }
      if (tries % this.#endpoints.length === 0) await this.#pause();
    }
  }

  #givenUp(error: RpcError, mayBeDone: boolean): Unavailable {
    this.#outcome(false, error.message);
    const certainty = mayBeDone ? 'it is not certain whether the change was made' : 'nothing was changed';
    const text = `the cluster's engine does not answer: ${error.message}; ${certainty}`;
    return new Unavailable(text, { cause: error }, this.#isClosed ? 'STORE_CLOSED' : 'UNAVAILABLE');
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(roundPauseMs, resolve));
  }
}

export const isStatus = (error: unknown, code: (typeof status)[keyof typeof status]): error is RpcError =>
  error instanceof RpcError && error.status === code;
