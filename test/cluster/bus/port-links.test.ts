import { describe, expect, test } from 'vitest';
import { MemberBus, PortLinks, type BusPeer, type MemberBoot, type MemberId } from '#cluster';
import type { Clock } from '#io';
import { HostClock, memoryChannel, SeededRandom, VirtualClock } from '#io/sim';
import { LogLines, outcome, PeerBook } from './bus-rig.ts';

interface Seat {
  readonly bus: MemberBus;
  readonly links: PortLinks;
  readonly log: LogLines;
}

const clock = new VirtualClock();
const book = new PeerBook();

async function start(self: MemberBoot, own: Clock = clock): Promise<Seat> {
  const links = new PortLinks(self.member);
  const log = new LogLines();
  const random = new SeededRandom(1);
  const bus = new MemberBus({ self, cluster: 'one', clock: own, random, logger: log, peers: book, makers: [links] });
  await bus.start();
  return { bus, links, log };
}

function connect(one: Seat, other: Seat, nameOfOther: MemberId = other.bus.self.member): void {
  const [mine, theirs] = memoryChannel(clock);
  one.links.add(nameOfOther, mine);
  other.links.add(one.bus.self.member, theirs);
}

const listed = (self: MemberBoot): BusPeer => ({ ...self, busAddress: '' });

describe('links between threads', () => {
  test('are as good as any: calls both ways, sends, and a thread that is started anew', async () => {
    const [zero, one] = [await start({ member: 'a/0', boot: 'x' }), await start({ member: 'a/1', boot: 'y' })];
    for (const { bus } of [zero, one]) bus.serve('test/echo', (body, from) => ({ body, from: from.member }));
    book.set(listed(zero.bus.self));
    book.set(listed(one.bus.self));
    // The call is there before the channel.
    const early = outcome(zero.bus.call('a/1', 'test/echo', 1));
    await clock.run(100);
    connect(one, zero);
    await clock.run(100);
    expect(early.value).toEqual({ body: 1, from: 'a/0' });
    const back = outcome(one.bus.call('a/0', 'test/echo', 'x'.repeat(200_000)));
    await clock.run(100);
    expect(back.value).toMatchObject({ from: 'a/1' });
    const stopped = one.bus.stop();
    await clock.run(1_000);
    await stopped;
    const again = await start({ member: 'a/1', boot: 'z' });
    again.bus.serve('test/echo', () => 'again');
    book.set(listed(again.bus.self));
    connect(zero, again);
    await clock.run(100);
    const next = outcome(zero.bus.call('a/1', 'test/echo', 1));
    await clock.run(100);
    expect(next.value).toBe('again');
  });

  test('come up however late a thread is, and outlive one that hangs: nobody could make another', async () => {
    const slow = new HostClock(clock);
    const zero = await start({ member: 'b/0', boot: 'x' });
    const [mine, theirs] = memoryChannel(clock, slow);
    zero.links.add('b/1', mine);
    await clock.run(30_000);
    const one = await start({ member: 'b/1', boot: 'y' }, slow);
    one.bus.serve('test/echo', (body) => body);
    one.links.add('b/0', theirs);
    await clock.run(100);
    expect(zero.bus.links()).toMatchObject([{ to: one.bus.self, state: 'up' }]);
    const changes: string[] = [];
    zero.bus.onLink(({ state }) => changes.push(state));
    slow.sleep();
    await clock.run(30_000);
    slow.wake(() => undefined);
    await clock.run(500);
    expect(changes).toEqual(['silent', 'up']);
    const called = outcome(zero.bus.call('b/1', 'test/echo', 1));
    await clock.run(100);
    expect(called.value).toBe(1);
  });

  test('lead to the member that the maker of the channel says, and to no other', async () => {
    const [zero, two] = [await start({ member: 'a/0', boot: 'x' }), await start({ member: 'a/2', boot: 'y' })];
    connect(zero, two, 'a/3');
    await clock.run(100);
    expect(zero.bus.links()).toEqual([]);
    expect([...zero.log.lines, ...two.log.lines].join()).toContain('this is a/2, not a/3');
  });
});
