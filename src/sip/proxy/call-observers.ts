import type { SipMessage } from '../message/sip-message.ts';
import type { CallObserver } from './call-observer.ts';

/** Tells both, where there are two. */
export function observers(a: CallObserver | undefined, b: CallObserver | undefined): CallObserver | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return new BothObservers(a, b);
}

class BothObservers implements CallObserver {
  readonly #a: CallObserver;
  readonly #b: CallObserver;

  constructor(a: CallObserver, b: CallObserver) {
    this.#a = a;
    this.#b = b;
  }

  provisional(status: number): void {
    this.#a.provisional(status);
    this.#b.provisional(status);
  }

  answered(response: SipMessage): void {
    this.#a.answered(response);
    this.#b.answered(response);
  }

  failed(status: number): void {
    this.#a.failed(status);
    this.#b.failed(status);
  }

  cancelled(): void {
    this.#a.cancelled();
    this.#b.cancelled();
  }
}
