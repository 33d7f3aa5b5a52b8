import { describe, expect, test } from 'vitest';
import { HubfarmError } from '#base';
import { Gone, Overloaded, Refused, Timeout } from '#cluster';
import { BusRig, outcome, type RigMember } from './bus-rig.ts';

interface Two {
  readonly rig: BusRig;
  readonly a: RigMember;
  readonly b: RigMember;
}

async function two(): Promise<Two> {
  const rig = new BusRig();
  const [a, b] = await rig.members('a', 'b');
  return { rig, a: a!, b: b! };
}

const never = (): Promise<never> => new Promise(() => undefined);

describe('a call', () => {
  test('runs a service there and brings its answer; the caller is who its certificate says', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/echo', (body, from) => ({ body, from }));
    const called = outcome(a.bus.call('b/0', 'test/echo', { n: [1, 'ü', null] }));
    await rig.clock.run(100);
    expect(called.value).toEqual({ body: { n: [1, 'ü', null] }, from: a.self });
  });

  test('goes both ways over one link', async () => {
    const { rig, a, b } = await two();
    for (const { bus } of [a, b]) bus.serve('test/name', () => Promise.resolve(bus.self.member));
    const calls = [a.bus.call('b/0', 'test/name', undefined), b.bus.call(a.self, 'test/name', undefined)];
    await rig.clock.run(100);
    expect(await Promise.all(calls)).toEqual(['b/0', 'a/0']);
    expect(rig.network.pairs).toHaveLength(1);
  });

  test('is Refused with the code and the text of the error that the handler threw', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/refuse', () => {
      throw new HubfarmError('HUB_FULL', 'the hub A is full');
    });
    b.bus.serve('test/refuse-later', () => Promise.reject(new HubfarmError('HUB_FULL', 'the hub B is full')));
    const now = outcome(a.bus.call('b/0', 'test/refuse', {}));
    const later = outcome(a.bus.call('b/0', 'test/refuse-later', {}));
    await rig.clock.run(100);
    expect(now.error).toBeInstanceOf(Refused);
    expect(now.error).toMatchObject({ reason: 'HUB_FULL', message: 'the hub A is full' });
    expect(later.error).toMatchObject({ reason: 'HUB_FULL', message: 'the hub B is full' });
  });

  test('whose handler has a fault is Refused as INTERNAL, and the fault is logged there', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/fault', () => (undefined as unknown as { x: { y: number } }).x.y);
    const called = outcome(a.bus.call('b/0', 'test/fault', {}));
    await rig.clock.run(100);
    expect(called.error).toMatchObject({ code: 'REFUSED', reason: 'INTERNAL' });
    expect(b.log.lines).toContain('error the service test/fault of the bus has failed');
  });

  test('of an object that is not known there is Gone, and so is one of a service that is not there', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/task', () => {
      throw new Gone('there is no task 7');
    });
    const object = outcome(a.bus.call('b/0', 'test/task', 7));
    const service = outcome(a.bus.call('b/0', 'test/nothing', 7));
    await rig.clock.run(100);
    expect(object.error).toBeInstanceOf(Gone);
    expect(object.error?.message).toBe('there is no task 7');
    expect(service.error).toBeInstanceOf(Gone);
  });

  test('without an answer in time is Timeout, at its time', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/hang', never);
    const called = outcome(a.bus.call('b/0', 'test/hang', {}));
    const short = outcome(a.bus.call('b/0', 'test/hang', {}, { timeoutMs: 200 }));
    await rig.clock.run(201);
    expect(short.error).toBeInstanceOf(Timeout);
    await rig.clock.run(2_700);
    expect(called.isSettled).toBe(false);
    await rig.clock.run(200);
    expect(called.error).toBeInstanceOf(Timeout);
    expect(called.error?.message).toBe('b has not answered test/hang within 3000 ms');
  });

  test('can be given up', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/hang', never);
    const giveUp = new AbortController();
    const called = outcome(a.bus.call('b/0', 'test/hang', {}, { signal: giveUp.signal }));
    const late = outcome(a.bus.call('b/0', 'test/hang', {}, { signal: AbortSignal.abort() }));
    await rig.clock.run(50);
    expect(late.error).toBeInstanceOf(Timeout);
    expect(called.isSettled).toBe(false);
    giveUp.abort(new Error('the user went away'));
    await rig.clock.run(1);
    expect(called.error).toMatchObject({ code: 'TIMEOUT', cause: { message: 'the user went away' } });
  });

  test('to oneself works as any other, without a link', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    a.bus.serve('test/echo', (body, from) => ({ body, from }));
    const body = { deep: [1] };
    const called = outcome(a.bus.call('a/0', 'test/echo', body));
    const earlier = outcome(a.bus.call({ member: 'a/0', boot: 'earlier' }, 'test/echo', body));
    await rig.clock.run(10);
    expect(called.value).toEqual({ body, from: a.self });
    expect((called.value as { body: unknown }).body).not.toBe(body);
    expect(earlier.error).toBeInstanceOf(Gone);
  });

  test('waits for the link, and goes out when it is up', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    const b = await rig.start('b');
    b.bus.serve('test/echo', (body) => body);
    const called = outcome(a.bus.call('b/0', 'test/echo', 'early'));
    await rig.clock.run(100);
    expect(called.value).toBe('early');
  });

  test('to nobody is Gone at once', async () => {
    const { rig, a } = await two();
    const called = outcome(a.bus.call('c/0', 'test/echo', {}));
    await rig.clock.run(0);
    expect(called.error).toBeInstanceOf(Gone);
    expect(called.error?.message).toBe('c is no member (any more)');
  });

  test('carries bodies and answers of megabytes beside small ones', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/echo', (body) => body);
    const sizes = [64 * 1024, 10, 3_000_000, 100, 70_000];
    const calls = sizes.map((size) => a.bus.call('b/0', 'test/echo', 'ä'.repeat(size / 2)));
    await rig.clock.run(2_000);
    expect(((await Promise.all(calls)) as string[]).map(({ length }) => length * 2)).toEqual(sizes);
  });

  test('that is too long for a frame is Overloaded at once; an answer that is, Refused', async () => {
    const rig = new BusRig();
    const limits = { maxFrameBytes: 10_000 };
    const a = await rig.start('a', { limits });
    const b = await rig.start('b', { limits });
    b.bus.serve('test/long', (length) => 'x'.repeat(Number(length)));
    const called = outcome(a.bus.call('b/0', 'test/long', 'x'.repeat(10_000)));
    const answered = outcome(a.bus.call('b/0', 'test/long', 10_000));
    const fits = outcome(a.bus.call('b/0', 'test/long', 9_000));
    await rig.clock.run(500);
    expect(called.error).toBeInstanceOf(Overloaded);
    expect(answered.error).toMatchObject({ reason: 'TOO_LARGE' });
    expect(fits.value).toHaveLength(9_000);
  });

  test('above the cap of calls that wait is Overloaded at once, and others go on', async () => {
    const rig = new BusRig();
    const a = await rig.start('a', { limits: { maxPendingCalls: 3 } });
    const b = await rig.start('b');
    await rig.clock.run(100);
    let finish = (): void => undefined;
    b.bus.serve('test/wait', () => new Promise<void>((resolve) => (finish = resolve)));
    const calls = [1, 2, 3, 4].map(() => outcome(a.bus.call('b/0', 'test/wait', {})));
    await rig.clock.run(100);
    expect(calls.map(({ error }) => error?.message)).toEqual([
      undefined,
      undefined,
      undefined,
      'test/wait not sent: 3 calls to b wait for an answer',
    ]);
    expect(calls[3]!.error).toBeInstanceOf(Overloaded);
    finish();
    await rig.clock.run(100);
    const next = outcome(a.bus.call('b/0', 'test/wait', {}));
    await rig.clock.run(100);
    expect(next.isSettled).toBe(false);
  });

  test('that the other side has no room for is not run, and Overloaded', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    const b = await rig.start('b', { limits: { maxHeldCalls: 2 } });
    let ran = 0;
    b.bus.serve('test/wait', () => {
      ran++;
      return never();
    });
    const calls = [1, 2, 3].map(() => outcome(a.bus.call('b/0', 'test/wait', {})));
    await rig.clock.run(1_000);
    expect(ran).toBe(2);
    expect(calls.map(({ error }) => error?.constructor)).toEqual([undefined, undefined, Overloaded]);
  });
});

describe('what the other side keeps of answered calls', () => {
  test('is forgotten when the answers are confirmed: any number of calls, and one that takes long, need little memory', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    const b = await rig.start('b', { limits: { maxHeldCalls: 50, maxHeldLength: 50_000 } });
    b.bus.serve('test/long', never);
    b.bus.serve('test/echo', (body) => body);
    const long = outcome(a.bus.call('b/0', 'test/long', {}, { timeoutMs: 60_000 }));
    for (let round = 0; round < 100; round++) {
      const calls = Array.from({ length: 20 }, (_, n) => outcome(a.bus.call('b/0', 'test/echo', `${n}`.repeat(100))));
      await rig.clock.run(10);
      expect(calls.filter(({ error }) => error !== undefined)).toEqual([]);
    }
    expect(long.isSettled).toBe(false);
  });
});

describe('a send', () => {
  test('arrives once and in order', async () => {
    const { rig, a, b } = await two();
    const seen: unknown[] = [];
    b.bus.serve('test/event', (body, from) => seen.push([body, from.member]));
    for (let n = 0; n < 100; n++) a.bus.send('b/0', 'test/event', n);
    await rig.clock.run(100);
    expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => [n, 'a/0']));
  });

  test('while the link is down, or to nobody, is dropped and counted', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/event', () => undefined);
    b.host.kill();
    await rig.clock.run(10);
    a.bus.send('b/0', 'test/event', 1);
    a.bus.send('z/0', 'test/event', 1);
    expect(a.bus.counters.droppedSends).toBe(2);
  });

  test('whose handler fails is logged there, and the link goes on', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/event', () => Promise.reject(new Error('no')));
    b.bus.serve('test/echo', (body) => body);
    a.bus.send('b/0', 'test/event', 1);
    a.bus.send('b/0', 'test/unknown', 1);
    const called = outcome(a.bus.call('b/0', 'test/echo', 1));
    await rig.clock.run(10);
    expect(b.log.lines).toContain('error the service test/event of the bus has failed');
    expect(b.bus.counters.unknownSends).toBe(1);
    expect(called.value).toBe(1);
  });

  test('to oneself arrives, later', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    const seen: unknown[] = [];
    a.bus.serve('test/event', (body) => seen.push(body));
    a.bus.send(a.self, 'test/event', 5);
    expect(seen).toEqual([]);
    await rig.clock.run(1);
    expect(seen).toEqual([5]);
  });
});

describe('a service', () => {
  test('has one handler, and none when it was ended', async () => {
    const { rig, a, b } = await two();
    const end = b.bus.serve('test/a', () => 1);
    expect(() => b.bus.serve('test/a', () => 2)).toThrow('the service test/a has a handler already');
    expect(() => b.bus.serve('test a', () => 2)).toThrow('"test a" cannot be the name of a service');
    end();
    const called = outcome(a.bus.call('b/0', 'test/a', {}));
    await rig.clock.run(10);
    expect(called.error).toBeInstanceOf(Gone);
  });
});

describe('a slow reader', () => {
  /** `b` reads nothing until it is told to. */
  async function withDeafB(limits: object): Promise<Two> {
    const rig = new BusRig();
    const a = await rig.start('a', { limits });
    const b = await rig.start('b');
    await rig.clock.run(100);
    rig.network.pairs[0]!.server.pause();
    return { rig, a, b };
  }

  test('makes calls Overloaded and sends dropped when its queue is full; others are not held up', async () => {
    const { rig, a, b } = await withDeafB({ maxQueuedBytes: 1 << 20, maxStuckBytes: 2 << 20 });
    const c = await rig.start('c');
    for (const { bus } of [b, c]) bus.serve('test/echo', (body) => (body as string).length);
    await rig.clock.run(100);
    const body = 'x'.repeat(100_000);
    const calls = Array.from({ length: 20 }, () => outcome(a.bus.call('b/0', 'test/echo', body)));
    const toC = outcome(a.bus.call('c/0', 'test/echo', body));
    await rig.clock.run(100);
    expect(toC.value).toBe(100_000);
    expect(calls.some(({ error }) => error instanceof Overloaded)).toBe(true);
    expect(calls.some(({ isSettled }) => !isSettled)).toBe(true);
    for (let n = 0; n < 10; n++) a.bus.send('b/0', 'test/echo', body);
    expect(a.bus.counters.droppedSends).toBeGreaterThan(5);
    rig.network.pairs[0]!.server.resume();
    await rig.clock.run(500);
    expect(calls.every(({ isSettled }) => isSettled)).toBe(true);
    expect(calls.filter(({ value }) => value === 100_000).length).toBeGreaterThan(5);
    const after = outcome(a.bus.call('b/0', 'test/echo', body));
    await rig.clock.run(100);
    expect(after.value).toBe(100_000);
  });

  test('gets the answers that found no room when it reads again', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    const b = await rig.start('b', { limits: { maxQueuedBytes: 200_000, maxStuckBytes: 10 << 20 } });
    await rig.clock.run(100);
    b.bus.serve('test/much', async (length) => {
      await new Promise<void>((resolve) => b.host.clock.after(50, resolve));
      return 'x'.repeat(Number(length));
    });
    // Dialled by the one with the smaller name: a is the client.
    rig.network.pairs[0]!.client.pause();
    const calls = Array.from({ length: 20 }, () => outcome(a.bus.call('b/0', 'test/much', 100_000)));
    await rig.clock.run(500);
    rig.network.pairs[0]!.client.resume();
    await rig.clock.run(1_000);
    expect(calls.every(({ isSettled }) => isSettled)).toBe(true);
    expect(calls.filter(({ value }) => (value as string | undefined)?.length === 100_000)).toHaveLength(20);
  });
});

describe('when the bus stops', () => {
  test('its calls end, those of others to it are Gone at once, and nothing is left of it', async () => {
    const { rig, a, b } = await two();
    a.bus.serve('test/hang', never);
    b.bus.serve('test/hang', never);
    const mine = outcome(a.bus.call('b/0', 'test/hang', {}));
    const theirs = outcome(b.bus.call('a/0', 'test/hang', {}));
    await rig.clock.run(10);
    const stopped = outcome(a.bus.stop());
    await rig.clock.run(600);
    expect(stopped.isSettled).toBe(true);
    expect(mine.error).toMatchObject({ code: 'TIMEOUT', message: 'a stops' });
    expect(theirs.error).toBeInstanceOf(Gone);
    expect(theirs.error?.message).toBe('a has stopped');
    await expect(a.bus.call('b/0', 'test/hang', {})).rejects.toMatchObject({ code: 'TIMEOUT' });
    rig.book.remove('a/0');
    await b.bus.stop();
    await rig.clock.run(10_000);
    expect(rig.clock.pendingTimers).toBe(0);
  });
});
