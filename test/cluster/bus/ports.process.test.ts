import { describe, expect, onTestFinished, test } from 'vitest';
import { Gone, ThreadLinks } from '#cluster';
import type { Thread } from '#io';
import { createNodeIo } from '#io/node';
import { FairStopwatch } from '../../io/node/fair-stopwatch.ts';
import { startNear, type NearMember } from './near-member.ts';

const io = createNodeIo();

async function linked(): Promise<{ readonly near: NearMember; readonly thread: Thread }> {
  const thread = io.threads.start(new URL('./far-thread.ts', import.meta.url), undefined, {
    message: () => undefined,
    ended: () => undefined,
  });
  onTestFinished(() => thread.terminate());
  const links = new ThreadLinks('a', {
    connect: () => {
      const [mine, other] = io.threads.channel();
      thread.post('a line', [other]);
      return Promise.resolve(mine);
    },
    onLine: () => undefined,
  });
  const near = await startNear(io, { member: 'a/0', boot: 'near' }, () => [links]);
  const up = near.next('up');
  near.book.set({ member: 'a/1', boot: 'boot-of-the-thread', busAddress: '' });
  await up;
  return { near, thread };
}

describe('members in two threads', () => {
  test('call each other over a channel; who calls is known from the channel', async () => {
    const { near } = await linked();
    const texts = [10, 64 * 1024, 1 << 20].map((size) => 'x'.repeat(size));
    const answers = await Promise.all(texts.map((text) => near.bus.call('a/1', 'test/echo', text)));
    expect(answers).toEqual(texts.map((body) => ({ body, from: { member: 'a/0', boot: 'near' } })));
    for (let n = 0; n < 5_000; n++) near.bus.send('a/1', 'test/event', n);
    expect(await near.bus.call('a/1', 'test/events', undefined)).toBe(5_000);
  });

  test('the end of a thread is noticed at once', async () => {
    const { near, thread } = await linked();
    const down = near.next('down');
    const ended = new FairStopwatch();
    thread.terminate();
    await down;
    // At once, that is; other processes may have the machine.
    expect(ended.ms).toBeLessThan(10_000);
    near.book.remove('a/1');
    await expect(near.bus.call('a/1', 'test/echo', 1)).rejects.toBeInstanceOf(Gone);
  });

  test('a thread that hangs fills its queue, not the memory', async () => {
    const { near, thread } = await linked();
    thread.post('loop');
    const text = 'x'.repeat(1 << 20);
    for (let n = 0; n < 100; n++) {
      near.bus.send('a/1', 'test/event', text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(near.bus.counters.droppedSends).toBeGreaterThan(50);
  });
});
