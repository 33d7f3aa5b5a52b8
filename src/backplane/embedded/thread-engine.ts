import type { Thread, ThreadPort, Threads } from '#io';
import type { Engine } from './engine.ts';
import { packRequest, unpackReply } from './packed-requests.ts';
import type { Reply } from './requests.ts';
import { StoreError } from './store-error.ts';
import { openingId, type Answer, type FromThread, type Question, type ToThread } from './thread-messages.ts';

/** The store in a thread of its own: a slow disk holds up the callers of the store, never the frames of the loop. */
export interface ThreadEngine extends Engine {
  /** An end of a channel: `joinEngine` in any thread makes a client of the same store from it. */
  invite(): ThreadPort;
}

export async function threadEngine(path: string, threads: Threads): Promise<ThreadEngine> {
  const ended = Promise.withResolvers<undefined>();
  // Built, this file is .js; from a checkout it is .ts.
  const body = new URL(`./store-thread${import.meta.url.slice(-3)}`, import.meta.url);
  const client = new StoreClient((message) => thread.post(message));
  const thread: Thread = threads.start(body, path, {
    message: (message) => client.hear(message as FromThread),
    ended: (error) => {
      client.fail(error ?? new StoreError('STORE_FAILED', `the thread of ${path} has ended`));
      ended.resolve(undefined);
    },
  });
  const engine = await engineOf(client, () => ended.promise);
  return {
    ...engine,
    invite: () => {
      const [theirs, ours] = threads.channel();
      thread.post({ kind: 'invite' } satisfies ToThread, [ours]);
      return theirs;
    },
  };
}

/** A further client of a store that another thread has opened. */
export function joinEngine(port: ThreadPort): Promise<Engine> {
  const closed = Promise.withResolvers<undefined>();
  const client = new StoreClient((message) => port.post(message));
  port.receive((message) => client.hear(message as FromThread));
  port.onClosed(() => {
    client.fail(new StoreError('STORE_FAILED', 'the thread that opened the store has closed it'));
    closed.resolve(undefined);
  });
  return engineOf(client, () => closed.promise);
}

async function engineOf(client: StoreClient, ended: () => Promise<undefined>): Promise<Engine> {
  const opened = await client.opened;
  return {
    leasePrefix: opened.kind === 'opened' ? opened.leasePrefix : '',
    run: async (requests) => {
      const answer = await client.ask({ kind: 'run', requests: requests.map(packRequest) });
      return answer.kind === 'replies' ? answer.replies.map((reply, at) => unpackReply(reply, requests[at]!)) : [];
    },
    backup: async (to) => {
      await client.ask({ kind: 'backup', path: to });
    },
    close: async () => {
      await client.ask({ kind: 'close' });
      await ended();
    },
    others: {
      onReplies: (seen) => (client.othersReplied = seen),
      granted: (lease, ttlMs) => client.tell({ kind: 'granted', lease, ttlMs }),
      renewed: (lease) => client.tell({ kind: 'renewed', lease }),
    },
  };
}

/** Questions to the store's thread, and their answers. */
class StoreClient {
  readonly opened: Promise<Answer>;
  othersReplied: (replies: readonly Reply[]) => void = () => undefined;
  readonly tell: (message: ToThread) => void;
  readonly #asked = new Map<number, PromiseWithResolvers<Answer>>();
  #lastId = openingId;
  #failure: Error | undefined;

  constructor(tell: (message: ToThread) => void) {
    this.tell = tell;
    this.opened = this.#answerTo(openingId);
  }

  ask(question: Question): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = ++this.#lastId;
    const answer = this.#answerTo(id);
    this.tell({ kind: 'ask', id, question });
    return answer;
  }

  hear(message: FromThread): void {
    if (message.kind === 'others') {
      this.othersReplied(message.replies);
      return;
    }
    const { id, answer } = message;
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (answer.kind === 'error') asked?.reject(new StoreError(answer.code, answer.message));
    else asked?.resolve(answer);
  }

  fail(error: Error): void {
    this.#failure = error;
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#asked.clear();
  }

  #answerTo(id: number): Promise<Answer> {
    const asked = Promise.withResolvers<Answer>();
    this.#asked.set(id, asked);
    return asked.promise;
  }
}
