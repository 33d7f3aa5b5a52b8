import { PortLinks } from '#cluster';
import type { ThreadPort } from '#io';
import { createNodeIo } from '#io/node';
import { startFar } from './far-services.ts';

/** `a/1` in a thread of its own. A message with an end brings the channel to `a/0`; `loop` hangs it for ever. */
export function run(port: ThreadPort): void {
  const links = new PortLinks('a/1');
  port.receive((message, [end]) => {
    if (message === 'loop') for (;;);
    if (end !== undefined) links.add('a/0', end);
  });
  void startFar(createNodeIo(), { member: 'a/1', boot: 'boot-of-the-thread' }, [links]);
}
