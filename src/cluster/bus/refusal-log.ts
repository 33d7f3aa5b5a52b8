import type { Logger } from '#base';

/** So many different refusals are remembered; then they are all told once more. */
const MAX_REMEMBERED = 256;

/**
 * Says why connections are refused, each reason once for each address: who is refused comes again every other second. A link
 * that comes up makes everything new.
 */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #message: string;
  readonly #told = new Set<string>();

  constructor(logger: Logger, message: string) {
    this.#logger = logger;
    this.#message = message;
  }

  /** `address` without a port: that is another one each time. */
  tell(address: string, why: string): void {
    const key = `${address} ${why}`;
    if (this.#told.has(key)) return;
    if (this.#told.size >= MAX_REMEMBERED) this.#told.clear();
    this.#told.add(key);
    this.#logger.warn({ remote: address, why }, this.#message);
  }

  forget(): void {
    this.#told.clear();
  }
}
