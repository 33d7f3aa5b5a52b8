import { describe, expect, test } from 'vitest';
import { createNodeIo, createNodeThreads } from '#io/node';
import type { Datagram, Thread } from '#io';

const body = new URL('./echo-thread.ts', import.meta.url);
const threads = createNodeThreads();

const bindAlone = async (port: number): Promise<Datagram> =>
  (await createNodeIo().datagrams()).bind({ host: '127.0.0.1', port });

function start(): { readonly thread: Thread; next(): Promise<unknown>; readonly ended: Promise<Error | undefined> } {
  const ended = Promise.withResolvers<Error | undefined>();
  let heard = Promise.withResolvers<unknown>();
  const thread = threads.start(
    body,
    { of: 'the test' },
    { message: (message) => heard.resolve(message), ended: ended.resolve },
  );
  return {
    thread,
    ended: ended.promise,
    next: async () => {
      const message = await heard.promise;
      heard = Promise.withResolvers();
      return message;
    },
  };
}

describe('a thread', () => {
  test('gets its input and messages as copies, and ends when it has nothing to do', async () => {
    const { thread, next, ended } = start();
    thread.post({ a: [1, 2] });
    expect(await next()).toEqual({ input: { of: 'the test' }, message: { a: [1, 2] } });
    thread.post('close');
    expect(await ended).toBeUndefined();
  });

  test('says what it did not catch', async () => {
    const { thread, ended } = start();
    thread.post('fail');
    expect((await ended)?.message).toBe('as was asked');
  });

  test('can be ended in an endless loop', async () => {
    const { thread, ended } = start();
    thread.post('loop');
    thread.terminate();
    expect(await ended).toBeUndefined();
  });
});

describe('a thread that dies', () => {
  test.each(['datagrams', 'mediaSockets'] as const)(
    'takes its %s with it: the kernel hands them nothing more',
    async (kind) => {
      for (const way of ['terminate', 'fail'] as const) {
        const { thread, next, ended } = start();
        thread.post({ bind: kind, port: 0 });
        const { port } = (await next()) as { readonly port: number };
        // Somebody else cannot have the port as long as that socket is there.
        await expect(bindAlone(port)).rejects.toThrow();
        if (way === 'terminate') thread.terminate();
        else thread.post('fail');
        await ended;
        (await bindAlone(port)).close();
      }
    },
  );

  test('takes nothing with it that it has closed: that descriptor is another socket by now', async () => {
    const { thread, next, ended } = start();
    thread.post({ bind: 'datagrams', port: 0, isClosedAtOnce: true });
    await next();
    const socket = await bindAlone(0);
    const heard = new Promise<string>((resolve) => {
      socket.receive({ received: (bytes) => resolve(bytes.toString()) });
    });
    thread.terminate();
    await ended;
    socket.send(Buffer.from('still there'), '127.0.0.1', socket.local.port);
    expect(await heard).toBe('still there');
    socket.close();
  });
});

describe('a channel', () => {
  test('connects two threads, and its other end hears when a thread has ended', async () => {
    const { thread, ended } = start();
    const [mine, other] = threads.channel();
    thread.post('here is an end', [other]);
    const answer = new Promise((resolve) => mine.receive(resolve));
    const closed = new Promise<void>((resolve) => mine.onClosed(resolve));
    mine.post('word');
    expect(await answer).toEqual({ echoed: 'word' });
    thread.terminate();
    await closed;
    await ended;
  });

  test('handles a message to its end, promises included, before the next is delivered', async () => {
    const [mine, other] = threads.channel();
    const seen: string[] = [];
    const done = new Promise<void>((resolve) =>
      other.receive((message) => {
        seen.push(`begin ${String(message)}`);
        void Promise.resolve()
          .then(() => undefined)
          .then(() => undefined)
          .then(() => {
            seen.push(`end ${String(message)}`);
            if (message === 3) resolve();
          });
      }),
    );
    for (const n of [1, 2, 3]) mine.post(n);
    await done;
    expect(seen).toEqual([1, 2, 3].flatMap((n) => [`begin ${n}`, `end ${n}`]));
    mine.close();
  });
});
