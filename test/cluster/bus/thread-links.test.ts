import { describe, expect, test } from 'vitest';
import { MemberBus, ThreadLinks, type BusMember, type MemberBoot, type MemberId, type ThreadLines } from '#cluster';
import type { Clock, ThreadPort } from '#io';
import { HostClock, memoryChannel, SeededRandom, VirtualClock } from '#io/sim';
import { LogLines, outcome, MemberBook } from './bus-rig.ts';

type AcceptLine = Parameters<ThreadLines['onLine']>[0];

interface Seat {
  readonly bus: MemberBus;
  readonly log: LogLines;
}

const listed = (self: MemberBoot): BusMember => ({ ...self, busAddress: '' });

/** A server whose threads share one loop. A line to a thread that does not listen yet waits for it. */
class Server {
  readonly clock = new VirtualClock();
  readonly book = new MemberBook();
  readonly #listening = new Map<MemberId, AcceptLine>();
  readonly #waiting = new Map<MemberId, (readonly [MemberId, ThreadPort])[]>();
  readonly #clocks = new Map<MemberId, Clock>();

  async start(self: MemberBoot, clock: Clock = this.clock): Promise<Seat> {
    this.#clocks.set(self.member, clock);
    const log = new LogLines();
    const makers = [new ThreadLinks('a', this.#linesOf(self.member))];
    const random = new SeededRandom(1);
    const bus = new MemberBus({ self, cluster: 'one', clock, random, logger: log, members: this.book, makers });
    await bus.start();
    return { bus, log };
  }

  /** Lines to `to` end at `actual`. */
  misdirect(to: MemberId, actual: MemberId): void {
    this.#listening.set(to, (from, port) => this.#listening.get(actual)?.(from, port));
  }

  #linesOf(member: MemberId): ThreadLines {
    return {
      connect: (to) => {
        const [mine, theirs] = memoryChannel(
          this.#clocks.get(member) ?? this.clock,
          this.#clocks.get(to) ?? this.clock,
        );
        const accept = this.#listening.get(to);
        if (accept === undefined) this.#waiting.set(to, [...(this.#waiting.get(to) ?? []), [member, theirs]]);
        else accept(member, theirs);
        return Promise.resolve(mine);
      },
      onLine: (accept) => {
        this.#listening.set(member, accept);
        for (const [from, port] of this.#waiting.get(member) ?? []) accept(from, port);
        this.#waiting.delete(member);
      },
    };
  }
}

describe('links between threads', () => {
  test('are as good as any: calls both ways, sends, and a thread that is started anew', async () => {
    const server = new Server();
    const { clock, book } = server;
    const [zero, one] = [
      await server.start({ member: 'a/0', boot: 'x' }),
      await server.start({ member: 'a/1', boot: 'y' }),
    ];
    const events: unknown[] = [];
    for (const { bus } of [zero, one]) bus.serve('test/echo', (body, from) => ({ body, from: from.member }));
    one.bus.serve('test/event', (body) => events.push(body));
    book.set(listed(zero.bus.self));
    book.set(listed(one.bus.self));
    // The call is there before the link.
    const early = outcome(zero.bus.call('a/1', 'test/echo', 1));
    await clock.run(100);
    expect(early.value).toEqual({ body: 1, from: 'a/0' });
    zero.bus.send('a/1', 'test/event', 'sent');
    const back = outcome(one.bus.call('a/0', 'test/echo', 'x'.repeat(200_000)));
    await clock.run(100);
    expect(back.value).toMatchObject({ from: 'a/1' });
    expect(events).toEqual(['sent']);
    const stopped = one.bus.stop();
    await clock.run(1_000);
    await stopped;
    const again = await server.start({ member: 'a/1', boot: 'z' });
    again.bus.serve('test/echo', () => 'again');
    book.set(listed(again.bus.self));
    await clock.run(1_000);
    const next = outcome(zero.bus.call('a/1', 'test/echo', 1));
    await clock.run(100);
    expect(next.value).toBe('again');
  });

  test('come up however late a thread is, and outlive one that hangs: a channel does not break', async () => {
    const server = new Server();
    const { clock, book } = server;
    const slow = new HostClock(clock);
    const zero = await server.start({ member: 'a/0', boot: 'x' });
    book.set({ member: 'a/1', boot: 'y', busAddress: '' });
    await clock.run(30_000);
    const one = await server.start({ member: 'a/1', boot: 'y' }, slow);
    one.bus.serve('test/echo', (body) => body);
    await clock.run(100);
    expect(zero.bus.links()).toMatchObject([{ to: one.bus.self, state: 'up' }]);
    const changes: string[] = [];
    zero.bus.onLink(({ state }) => changes.push(state));
    slow.sleep();
    await clock.run(30_000);
    slow.wake(() => undefined);
    await clock.run(500);
    expect(changes).toEqual(['silent', 'up']);
    const called = outcome(zero.bus.call('a/1', 'test/echo', 1));
    await clock.run(100);
    expect(called.value).toBe(1);
  });

  test('lead to the member that was asked for, and to no other', async () => {
    const server = new Server();
    const zero = await server.start({ member: 'a/0', boot: 'x' });
    const two = await server.start({ member: 'a/2', boot: 'y' });
    server.misdirect('a/3', 'a/2');
    server.book.set({ member: 'a/3', boot: 'y', busAddress: '' });
    await server.clock.run(100);
    expect(zero.bus.links()).toEqual([]);
    expect([...zero.log.lines, ...two.log.lines].join()).toContain('this is a/2, not a/3');
  });

  test('to a thread that is not there are tried again, and named in the log', async () => {
    const clock = new VirtualClock();
    const log = new LogLines();
    const members = new MemberBook();
    members.set({ member: 'a/1', boot: 'y', busAddress: '' });
    let tries = 0;
    const connect = (): Promise<never> => {
      tries++;
      return Promise.reject(new Error('a/1 is not running'));
    };
    const makers = [new ThreadLinks('a', { connect, onLine: () => undefined })];
    const random = new SeededRandom(1);
    const self = { member: 'a/0', boot: 'x' } as const;
    const bus = new MemberBus({ self, cluster: 'one', clock, random, logger: log, members, makers });
    await bus.start();
    await clock.run(5_000);
    expect(tries).toBeGreaterThan(2);
    expect(log.lines).toEqual(['warn no link of the bus: a/1 is not running']);
  });
});
