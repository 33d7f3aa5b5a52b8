import { expect, onTestFinished, test } from 'vitest';
import type { ByteStream, Thread } from '#io';
import { createNodeNetwork, createNodeThreads } from '#io/node';
import { testIdentity } from './loopback.ts';

const threads = createNodeThreads();
const module = new URL('./tls-echo-thread.ts', import.meta.url);

interface Running {
  readonly thread: Thread;
  readonly port: number;
  readonly ended: Promise<Error | undefined>;
}

async function start(): Promise<Running> {
  const identity = await testIdentity();
  const port = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<Error | undefined>();
  const thread = threads.start(module, identity, {
    message: (message) => port.resolve(Number(message)),
    ended: ended.resolve,
  });
  onTestFinished(() => thread.terminate());
  return { thread, port: await port.promise, ended: ended.promise };
}

/** Sends for as long as the connection is up; resolves when something has come back. */
function keepBusy(stream: ByteStream, lost: () => void): Promise<void> {
  const block = Buffer.alloc(20_000);
  return new Promise((resolve) => {
    const send = (): void => {
      if (!stream.isClosed) stream.write(block, () => setImmediate(send));
    };
    stream.receiveShared({ data: () => resolve(), closed: lost });
    send();
  });
}

test('a thread that is ended while its TLS connections are busy takes them with it, and nothing else', async () => {
  const network = createNodeNetwork();
  for (let round = 0; round < 6; round++) {
    const { thread, port, ended } = await start();
    const dial = (): Promise<ByteStream> =>
      network.dial({ host: '127.0.0.1', port, timeoutMs: 10_000, tls: true, mayDropEncryption: false });
    const streams = await Promise.all([dial(), dial(), dial(), dial()]);
    const lost = streams.map(() => Promise.withResolvers<undefined>());
    await Promise.all(streams.map((stream, at) => keepBusy(stream, () => lost[at]!.resolve(undefined))));
    thread.terminate();
    await ended;
    await Promise.all(lost.map(({ promise }) => promise));
    await expect(dial()).rejects.toThrow();
  }
});
