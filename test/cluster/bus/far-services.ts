import { silentLogger } from '#base';
import { MemberBus, type LinkMaker, type MemberBoot } from '#cluster';
import type { NodeIo } from '#io/node';

/** A member in another process or thread, for tests: it knows nobody, and is dialled. */
export async function startFar(io: NodeIo, self: MemberBoot, makers: readonly LinkMaker[]): Promise<MemberBus> {
  const { clock, random } = io;
  const members = { busMembers: () => [], onChange: () => () => undefined };
  const bus = new MemberBus({ self, cluster: 'farm-1', clock, random, logger: silentLogger, members, makers });
  let events = 0;
  bus.serve('test/echo', (body, from) => ({ body, from }));
  bus.serve('test/event', () => {
    events++;
  });
  bus.serve('test/events', () => events);
  bus.serve('test/hang', () => new Promise(() => undefined));
  await bus.start();
  return bus;
}
