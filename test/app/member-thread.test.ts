import { expect, test } from 'vitest';
import { silentLogger } from '#base';
import type { Thread, ThreadPort, Threads, ThreadSink } from '#io';
import { VirtualClock } from '#io/sim';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { MemberThread } from '../../src/app/member/member-thread.ts';
import { Switchboard } from '../../src/app/member/switchboard.ts';
import type { FromMember, ToMember } from '../../src/app/member/thread-messages.ts';

/** Threads that do what the test says. */
class FakeThreads implements Threads {
  readonly started: { readonly sink: ThreadSink; readonly posted: ToMember[]; isTerminated: boolean }[] = [];

  start(_module: URL, _input: unknown, sink: ThreadSink): Thread {
    const thread = { sink, posted: [] as ToMember[], isTerminated: false };
    this.started.push(thread);
    return {
      post: (message) => void thread.posted.push(message as ToMember),
      terminate: () => {
        thread.isTerminated = true;
        sink.ended(undefined);
      },
    };
  }

  channel(): never {
    throw new Error('no channels here');
  }

  /** The last one that was started. */
  get last() {
    return this.started.at(-1)!;
  }

  says(message: FromMember): void {
    this.last.sink.message(message, []);
  }
}

const part = {
  mode: 'standalone',
  clusterId: 'c',
  serverName: 'farm',
  address: '',
  publicAddress: '',
  publicPorts: undefined,
  weight: 100,
  isEligible: true,
  isControllerOnly: false,
  joinedAtMs: 0,
  remote: undefined,
} as const;

function memberThread() {
  const clock = new VirtualClock();
  const threads = new FakeThreads();
  const lines: string[] = [];
  const member = new MemberThread({
    threads,
    clock,
    logger: silentLogger,
    input: { seat: { index: 1, count: 2 }, part, config: loadConfig(undefined), packageVersion: '0' },
    switchboard: new Switchboard(threads),
    invite: () => ({}) as ThreadPort,
    writeRecord: (line) => void lines.push(line),
  });
  return { clock, threads, lines, member };
}

const up: FromMember = { kind: 'up', listeners: [], sipListeners: [] };

test('a member that crashes is started again, later each time, and soon again once it has proven itself', () => {
  const { clock, threads, member } = memberThread();
  threads.says(up);
  expect(member.problem()).toBeUndefined();
  const startsAfter = (ms: number): number => {
    threads.last.sink.ended(new Error('out of memory'));
    expect(member.problem()).toBe('it ended with an error: out of memory');
    clock.advance(ms - 1);
    const before = threads.started.length;
    clock.advance(1);
    return threads.started.length - before;
  };
  expect(startsAfter(1_000)).toBe(1);
  expect(startsAfter(2_000)).toBe(1);
  expect(startsAfter(4_000)).toBe(1);
  threads.says(up);
  for (let second = 0; second < 61; second++) {
    clock.advance(1_000);
    threads.says({ kind: 'pong' });
  }
  expect(startsAfter(1_000)).toBe(1);
});

test('a member that does not answer for 20 s is ended and started again', () => {
  const { clock, threads, member } = memberThread();
  threads.says(up);
  clock.advance(19_000);
  expect(threads.last.isTerminated).toBe(false);
  threads.says({ kind: 'pong' });
  clock.advance(19_500);
  expect(threads.last.isTerminated).toBe(false);
  clock.advance(3_000);
  expect(threads.started[0]!.isTerminated).toBe(true);
  expect(threads.started.length).toBe(2);
  expect(member.problem()).toBe('it did not answer for 20 s');
});

test('a member that does not stop in 4 s is ended', async () => {
  const { clock, threads, member } = memberThread();
  threads.says(up);
  const stopped = member.stop();
  expect(threads.last.posted.at(-1)).toEqual({ kind: 'stop' });
  clock.advance(4_000);
  await stopped;
  expect(threads.last.isTerminated).toBe(true);
  clock.advance(60_000);
  expect(threads.started.length).toBe(1);
});

test('figures of a member that does not answer in a second are left out', async () => {
  const { clock, threads, member } = memberThread();
  threads.says(up);
  const answered = member.measure();
  const asked = threads.last.posted.at(-1) as Extract<ToMember, { kind: 'measure' }>;
  threads.says({ kind: 'measured', id: asked.id, samples: { a: [{ labels: {}, value: 1 }] } });
  expect(await answered).toEqual({ a: [{ labels: {}, value: 1 }] });
  const silent = member.measure();
  clock.advance(1_000);
  expect(await silent).toBeUndefined();
});
