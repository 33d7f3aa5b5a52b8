import type { Backplane } from '#backplane';
import type { Logger } from '#base';
import type { Clock, Timer } from '#io';

const retryMs = 1_000;

export interface RecordWriterOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly key: string;
}

/** Keeps one record of the store as it should be: one write at a time, the newest text after it, again while it fails. */
export class RecordWriter {
  readonly #options: RecordWriterOptions;
  #wanted = '';
  #written = '';
  #work: Promise<void> | undefined;
  #retry: Timer | undefined;
  #isStopped = false;

  constructor(options: RecordWriterOptions) {
    this.#options = options;
  }

  write(text: string): void {
    this.#wanted = text;
    this.#next();
  }

  /** Resolves when what is wanted now is written, or could not be. */
  async settled(): Promise<void> {
    // One may have been under way that was not it.
    for (let writes = 0; writes < 2; writes++) await this.#work;
  }

  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
  }

  #next(): void {
    if (this.#isStopped || this.#work !== undefined || this.#wanted === this.#written) return;
    const { backplane, clock, logger, key } = this.#options;
    const text = this.#wanted;
    this.#work = backplane
      .put(key, text)
      .then(() => {
        this.#written = text;
        this.#work = undefined;
        this.#next();
      })
      .catch((error: unknown) => {
        this.#work = undefined;
        logger.debug({ err: error, againInMs: retryMs }, 'the other members could not be told of this one');
        if (!this.#isStopped) this.#retry = clock.after(retryMs, () => this.#next());
      });
  }
}
