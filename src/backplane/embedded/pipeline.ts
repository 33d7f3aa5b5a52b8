import type { Clock } from '#io';
import { Unavailable } from '../backplane.ts';
import { limits } from '../limits.ts';
import type { Engine } from './engine.ts';
import type { Reply, Request } from './requests.ts';

interface Call {
  readonly request: Request;
  readonly done: (reply: Reply) => void;
}

/** Requests of one group share one transaction; more wait for the next, so that no group takes long. */
const groupMaxRequests = 2_000;

/**
 * Group commit: what is asked in one turn of the loop, or while the engine is busy, goes to it as one group.
 * `answered` sees the replies of a group first, in order; then each caller gets its own.
 */
export class Pipeline {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #answered: (replies: readonly Reply[]) => void;
  readonly #exclusive: (() => Promise<void>)[] = [];
  readonly #idle: (() => void)[] = [];
  #waiting: Call[] = [];
  #isBusy = false;

  constructor(engine: Engine, clock: Clock, answered: (replies: readonly Reply[]) => void) {
    this.#engine = engine;
    this.#clock = clock;
    this.#answered = answered;
  }

  submit(request: Request, done: (reply: Reply) => void): void {
    if (this.#waiting.length >= limits.pendingMaxCalls) {
      throw new Unavailable(`${this.#waiting.length} calls wait for the store; nothing was changed; try again later`);
    }
    this.#waiting.push({ request, done });
    this.#schedule();
  }

  ask(request: Request): Promise<Reply> {
    return new Promise((resolve) => this.submit(request, resolve));
  }

  /** Runs `step` while no group is under way; requests wait until it has ended. */
  alone(step: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#exclusive.push(() => step().then(resolve, reject));
      this.#schedule();
    });
  }

  /** Resolves when everything asked so far has been answered. */
  drain(): Promise<void> {
    if (!this.#isBusy) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#clock.soon(() => void this.#work());
  }

  async #work(): Promise<void> {
    for (;;) {
      const step = this.#exclusive.shift();
      if (step !== undefined) await step();
      else if (this.#waiting.length > 0) await this.#runGroup();
      else break;
    }
    this.#isBusy = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #runGroup(): Promise<void> {
    const group = this.#waiting.slice(0, groupMaxRequests);
    this.#waiting = this.#waiting.slice(groupMaxRequests);
    const replies = await this.#engine.run(group.map((call) => call.request));
    this.#answered(replies);
    group.forEach((call, i) => call.done(replies[i]!));
  }
}
