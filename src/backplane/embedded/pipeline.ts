import type { Clock, Timer } from '#io';
import { Unavailable } from '../backplane.ts';
import { limits } from '../limits.ts';
import type { Engine } from './engine.ts';
import type { Reply, Request } from './requests.ts';

interface Call {
  readonly request: Request;
  /** undefined once it was called. */
  done: ((reply: Reply) => void) | undefined;
}

/** Requests of one group share one transaction; more wait for the next, so that no group takes long. */
const groupMaxRequests = 2_000;

/**
 * Group commit: what is asked in one turn of the loop, or while the engine is busy, goes to it as one group.
 * `answered` sees the replies of a group first, in order; then each caller gets its own. A caller whose group takes
 * longer than the time-out is told that it failed; `answered` still sees the replies if they come.
 */
export class Pipeline {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #answered: (replies: readonly Reply[]) => void;
  readonly #idle: (() => void)[] = [];
  #waiting: Call[] = [];
  #isBusy = false;

  constructor(engine: Engine, clock: Clock, timeoutMs: number, answered: (replies: readonly Reply[]) => void) {
    this.#engine = engine;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#answered = answered;
  }

  submit(request: Request, done: (reply: Reply) => void): void {
    if (this.#waiting.length >= limits.pendingMaxCalls) {
      throw new Unavailable(`${this.#waiting.length} calls wait for the store; nothing was changed; try again later`);
    }
    this.#waiting.push({ request, done });
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#clock.soon(() => void this.#work());
  }

  ask(request: Request): Promise<Reply> {
    return new Promise((resolve) => this.submit(request, resolve));
  }

  /** Resolves when everything asked so far has been answered. */
  drain(): Promise<void> {
    if (!this.#isBusy) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) await this.#runGroup(this.#nextGroup());
    this.#isBusy = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #nextGroup(): Call[] {
    const group = this.#waiting.slice(0, groupMaxRequests);
    this.#waiting = this.#waiting.slice(groupMaxRequests);
    return group;
  }

  async #runGroup(group: readonly Call[]): Promise<void> {
    let watchdog: Timer | undefined;
    const overdue = (): void => {
      this.#giveUp(group);
      watchdog = this.#clock.after(this.#timeoutMs, overdue);
    };
    watchdog = this.#clock.after(this.#timeoutMs, overdue);
    try {
      const replies = await this.#engine.run(group.map((call) => call.request));
      this.#answered(replies);
      group.forEach((call, i) => settle(call, replies[i]!));
    } finally {
      watchdog.cancel();
    }
  }

  /** The engine hangs, which means the disk does: nobody waits for it longer than the time-out. */
  #giveUp(group: readonly Call[]): void {
    const silence = `the store has not answered for ${this.#timeoutMs} ms: its disk hangs`;
    const unknown: Reply = { kind: 'failed', message: `${silence}; it is not certain whether the change was made` };
    const refused: Reply = { kind: 'failed', message: `${silence}; nothing was changed` };
    this.#answered([unknown]);
    for (const call of group) settle(call, unknown);
    for (const call of this.#waiting.splice(0)) settle(call, refused);
  }
}

function settle(call: Call, reply: Reply): void {
  call.done?.(reply);
  call.done = undefined;
}
