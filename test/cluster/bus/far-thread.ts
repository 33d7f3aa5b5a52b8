import { ThreadLinks } from '#cluster';
import type { ThreadPort } from '#io';
import { createNodeIo } from '#io/node';
import { startFar } from './far-services.ts';

/** `a/1` in a thread of its own. A message with an end brings a line from `a/0`; `loop` hangs it for ever. */
export function run(port: ThreadPort): void {
  const links = new ThreadLinks('a', {
    connect: () => Promise.reject(new Error('it is dialled, and dials nobody')),
    onLine: (accept) =>
      port.receive((message, [end]) => {
        if (message === 'loop') for (;;);
        if (end !== undefined) accept('a/0', end);
      }),
  });
  void startFar(createNodeIo(), { member: 'a/1', boot: 'boot-of-the-thread' }, [links]);
}
