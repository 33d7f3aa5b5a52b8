import { ThreadLinks } from '#cluster';
import type { ThreadPort } from '#io';
import { createNodeIo } from '#io/node';
import { serveBench, threadCpu } from './far-member.ts';
import { startBus } from './members.ts';

/** `a/1` in a thread of its own; a message brings a line from `a/0`. */
export function run(port: ThreadPort): void {
  const links = new ThreadLinks('a', {
    connect: () => Promise.reject(new Error('it is dialled, and dials nobody')),
    onLine: (accept) =>
      port.receive((_message, [end]) => {
        if (end !== undefined) accept('a/0', end);
      }),
  });
  void startBus(createNodeIo(), 'a/1', [links], []).then((bus) => serveBench(bus, threadCpu));
}
