import type { Thread, Threads } from '#io';
import type { Engine } from './engine.ts';
import { StoreError } from './store-error.ts';
import { openingId, type Answer, type FromThread, type Question, type ToThread } from './thread-messages.ts';

/** The store in a thread of its own: a slow disk holds up the callers of the store, never the frames of the loop. */
export async function threadEngine(path: string, threads: Threads): Promise<Engine> {
  const thread = new StoreThread(path, threads);
  const opened = await thread.opened;
  return {
    boot: opened.kind === 'opened' ? opened.boot : 0,
    run: async (requests) => {
      const answer = await thread.ask({ kind: 'run', requests });
      return answer.kind === 'replies' ? answer.replies : [];
    },
    backup: async (to) => {
      await thread.ask({ kind: 'backup', path: to });
    },
    close: async () => {
      await thread.ask({ kind: 'close' });
      await thread.ended;
    },
  };
}

class StoreThread {
  readonly opened: Promise<Answer>;
  readonly ended: Promise<void>;
  readonly #thread: Thread;
  readonly #asked = new Map<number, PromiseWithResolvers<Answer>>();
  #lastId = openingId;

  constructor(path: string, threads: Threads) {
    const ended = Promise.withResolvers<undefined>();
    this.ended = ended.promise;
    this.opened = this.#answerTo(openingId);
    // Built, this file is .js; from a checkout it is .ts.
    const body = new URL(`./store-thread${import.meta.url.slice(-3)}`, import.meta.url);
    this.#thread = threads.start(body, path, {
      message: (message) => this.#settle(message as FromThread),
      ended: (error) => {
        this.#fail(error ?? new StoreError('STORE_FAILED', `the thread of ${path} has ended`));
        ended.resolve(undefined);
      },
    });
  }

  ask(question: Question): Promise<Answer> {
    const id = ++this.#lastId;
    const answer = this.#answerTo(id);
    this.#thread.post({ id, question } satisfies ToThread);
    return answer;
  }

  #answerTo(id: number): Promise<Answer> {
    const asked = Promise.withResolvers<Answer>();
    this.#asked.set(id, asked);
    return asked.promise;
  }

  #settle({ id, answer }: FromThread): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (answer.kind === 'error') asked?.reject(new StoreError(answer.code, answer.message));
    else asked?.resolve(answer);
  }

  #fail(error: Error): void {
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#asked.clear();
  }
}
