import { PortLinks } from '#cluster';
import type { ThreadPort } from '#io';
import { createNodeIo } from '#io/node';
import { serveBench, threadCpu } from './far-member.ts';
import { startBus } from './members.ts';

/** `a/1` in a thread of its own; the first message brings the channel to `a/0`. */
export function run(port: ThreadPort): void {
  const links = new PortLinks('a/1');
  port.receive((_message, [end]) => {
    if (end !== undefined) links.add('a/0', end);
    else port.close();
  });
  void startBus(createNodeIo(), 'a/1', [links], []).then((bus) => serveBench(bus, threadCpu));
}
