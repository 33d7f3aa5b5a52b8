import { HubfarmError, reasonOf, type Logger } from '#base';
import { Gone, Refused, type BusHandler } from '../bus.ts';
import type { MemberBoot } from '../member-boot.ts';
import type { Outcome } from './codec/frame.ts';

const SERVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/;

/** What this member does for others. */
export class Services {
  readonly #handlers = new Map<string, BusHandler>();
  readonly #self: string;
  readonly #maxBytes: number;
  readonly #logger: Logger;

  /** `maxBytes`: of an answer. */
  constructor(self: string, maxBytes: number, logger: Logger) {
    this.#self = self;
    this.#maxBytes = maxBytes;
    this.#logger = logger;
  }

  serve(service: string, handler: BusHandler): () => void {
    if (!SERVICE_NAME.test(service)) throw new Error(`"${service}" cannot be the name of a service`);
    if (this.#handlers.has(service)) throw new Error(`the service ${service} has a handler already`);
    this.#handlers.set(service, handler);
    return () => {
      if (this.#handlers.get(service) === handler) this.#handlers.delete(service);
    };
  }

  /** `done` is called once, at once or later. */
  call(seq: number, service: string, json: string, from: MemberBoot, done: (outcome: Outcome) => void): void {
    const handler = this.#handlers.get(service);
    if (handler === undefined) {
      done({ kind: 'gone', seq, text: `${this.#self} does not know ${service}` });
      return;
    }
    try {
      const result = handler(parse(json), from);
      if (isThenable(result)) {
        result.then(
          (value) => done(this.#answer(seq, service, value)),
          (error: unknown) => done(this.#failure(seq, service, error)),
        );
      } else done(this.#answer(seq, service, result));
    } catch (error) {
      done(this.#failure(seq, service, error));
    }
  }

  /** False: nobody is there for it. */
  deliver(service: string, json: string, from: MemberBoot): boolean {
    const handler = this.#handlers.get(service);
    if (handler === undefined) return false;
    try {
      const result = handler(parse(json), from);
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.#report(service, error));
    } catch (error) {
      this.#report(service, error);
    }
    return true;
  }

  #answer(seq: number, service: string, value: unknown): Outcome {
    try {
      const json = toJson(value);
      if (!isLonger(json, this.#maxBytes)) return { kind: 'answer', seq, json };
      const text = `the answer to ${service} is longer than ${this.#maxBytes} bytes: ask for less at a time`;
      return { kind: 'refused', seq, code: 'TOO_LARGE', text };
    } catch (error) {
      return this.#failure(seq, service, error);
    }
  }

  #failure(seq: number, service: string, error: unknown): Outcome {
    if (error instanceof Gone) return { kind: 'gone', seq, text: error.message };
    const text = reasonOf(error);
    if (error instanceof Refused) return { kind: 'refused', seq, code: error.reason, text };
    if (error instanceof HubfarmError) return { kind: 'refused', seq, code: error.code, text };
    this.#report(service, error);
    return { kind: 'refused', seq, code: 'INTERNAL', text };
  }

  #report(service: string, error: unknown): void {
    this.#logger.error({ service, err: error }, `the service ${service} of the bus has failed`);
  }
}

/** @throws TypeError where `value` has no form in JSON. */
export function toJson(value: unknown): string {
  // The type says string, but a function or a symbol gives undefined.
  const json: string | undefined = value === undefined ? undefined : JSON.stringify(value);
  return json ?? '';
}

/** Whether `text` takes more than `maxBytes` in UTF-8. */
export function isLonger(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}

function parse(json: string): unknown {
  if (json === '') return undefined;
  try {
    return JSON.parse(json) as unknown;
  } catch (cause) {
    throw new HubfarmError('BAD_BODY', 'the body is no JSON', { cause });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
