import type { Clock } from '#io';
import { Unavailable } from '../../backplane.ts';

/** Lets so many calls through at a time; the others wait in the order in which they came. */
export class Turnstile {
  readonly #width: number;
  readonly #waitingMax: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(width: number, waitingMax: number) {
    this.#width = width;
    this.#waitingMax = waitingMax;
  }

  /** Resolves with the function that makes room again. @throws Unavailable at the cap, and after `timeoutMs`. */
  async enter(clock: Clock, timeoutMs: number): Promise<() => void> {
    if (this.#inside < this.#width) this.#inside++;
    else await this.#turn(clock, timeoutMs);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#passOn();
    };
  }

  #turn(clock: Clock, timeoutMs: number): Promise<void> {
    if (this.#waiting.size >= this.#waitingMax) {
      throw new Unavailable(`${this.#waiting.size} calls wait for the engine; nothing was changed; try again later`);
    }
    return new Promise((resolve, reject) => {
      const go = (): void => {
        timer.cancel();
        resolve();
      };
      const timer = clock.after(timeoutMs, () => {
        this.#waiting.delete(go);
        const count = this.#waiting.size;
        reject(new Unavailable(`the engine is too slow: ${count} calls wait for it; nothing was changed`));
      });
      this.#waiting.add(go);
    });
  }

  #passOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#inside--;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
