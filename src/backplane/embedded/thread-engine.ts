import { Worker } from 'node:worker_threads';
import type { Engine } from './engine.ts';
import { StoreError } from './store-error.ts';
import { openingId, type Answer, type FromThread, type Question, type ToThread } from './thread-messages.ts';

/** The store in a thread of its own: a slow disk holds up the callers of the store, never the frames of the loop. */
export async function threadEngine(path: string): Promise<Engine> {
  const thread = new StoreThread(path);
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
  readonly #worker: Worker;
  readonly #asked = new Map<number, PromiseWithResolvers<Answer>>();
  #lastId = openingId;

  constructor(path: string) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.#worker = new Worker(new URL(`./store-thread.${extension}`, import.meta.url), { workerData: path });
    this.opened = this.#answerTo(openingId);
    this.#worker.on('message', ({ id, answer }: FromThread) => this.#settle(id, answer));
    this.#worker.on('error', (error: unknown) => this.#fail(error));
    this.ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(new StoreError('STORE_FAILED', 'the thread of the store has ended'));
        resolve();
      });
    });
  }

  ask(question: Question): Promise<Answer> {
    const id = ++this.#lastId;
    const answer = this.#answerTo(id);
    this.#worker.postMessage({ id, question } satisfies ToThread);
    return answer;
  }

  #answerTo(id: number): Promise<Answer> {
    const asked = Promise.withResolvers<Answer>();
    this.#asked.set(id, asked);
    return asked.promise;
  }

  #settle(id: number, answer: Answer): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (answer.kind === 'error') asked?.reject(new StoreError(answer.code, answer.message));
    else asked?.resolve(answer);
  }

  #fail(error: unknown): void {
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#asked.clear();
  }
}
