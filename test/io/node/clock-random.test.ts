import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createNodeClock, createNodeIo, createNodeRandom } from '#io/node';

describe("the machine's clock", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('waits also for longer than the runtime can, and can be told to stop', () => {
    const clock = createNodeClock();
    const days = 24 * 3_600_000;
    let ran = 0;
    clock.after(60 * days, () => ran++);
    const cancelled = clock.after(60 * days, () => ran++);
    vi.advanceTimersByTime(30 * days);
    cancelled.cancel();
    vi.advanceTimersByTime(29 * days);
    expect(ran).toBe(0);
    vi.advanceTimersByTime(1 * days);
    expect(ran).toBe(1);
  });

  test('repeats until it is cancelled', () => {
    const clock = createNodeClock();
    let ran = 0;
    const timer = clock.every(10, () => ran++);
    vi.advanceTimersByTime(35);
    timer.cancel();
    timer.cancel();
    vi.advanceTimersByTime(100);
    expect(ran).toBe(3);
  });

  test('does together what is to be done again and again, at the multiples of each interval', () => {
    const clock = createNodeClock();
    const intervals = [250, 500, 1_000, 100];
    const ranAt = new Map<number, number[]>(intervals.map((intervalMs) => [intervalMs, []]));
    const wakes = new Set<number>();
    let ms = 0;
    const timers = intervals.map((intervalMs) =>
      clock.every(intervalMs, () => {
        ranAt.get(intervalMs)?.push(ms);
        wakes.add(ms);
      }),
    );
    expect(vi.getTimerCount()).toBe(1);
    for (ms = 1; ms <= 10_000; ms++) vi.advanceTimersByTime(1);
    for (const [intervalMs, times] of ranAt) {
      const [first = 0] = times;
      expect(first).toBeGreaterThanOrEqual(intervalMs / 2);
      expect(first).toBeLessThanOrEqual(1.5 * intervalMs + 1);
      expect(times).toEqual(times.map((_, at) => first + at * intervalMs));
      expect(times.length).toBeGreaterThanOrEqual(10_000 / intervalMs - 1);
    }
    // Those of 100 ms, and every other one of 250: all else falls together with them.
    expect(wakes.size).toBeLessThanOrEqual(121);
    for (const timer of timers) timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('what fails once is done again the next time, and so is what was due with it', () => {
    const clock = createNodeClock();
    let ran = 0;
    const failing = clock.every(100, () => {
      throw new Error('on purpose');
    });
    const other = clock.every(100, () => ran++);
    for (let round = 0; round < 5; round++) expect(() => vi.advanceTimersByTime(100)).toThrow(/on purpose/);
    failing.cancel();
    vi.advanceTimersByTime(500);
    expect(ran).toBe(5);
    other.cancel();
  });

  test('does not keep the process for housekeeping, but for what was put off', () => {
    vi.useRealTimers();
    const clock = createNodeClock();
    const timeouts = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timeouts();
    const housekeeping = clock.every(1_000, () => undefined);
    expect(timeouts()).toBe(before);
    const work = clock.after(1_000, () => undefined);
    expect(timeouts()).toBe(before + 1);
    housekeeping.cancel();
    work.cancel();
  });
});

test('time runs forward, and `soon` is not now', async () => {
  const { clock } = createNodeIo();
  const [start, wall] = [clock.nowMs(), clock.wallMs()];
  let isSoon = false;
  const ran = new Promise<void>((resolve) => {
    clock.soon(() => {
      isSoon = true;
      resolve();
    });
  });
  expect(isSoon).toBe(false);
  await ran;
  expect(clock.nowMs()).toBeGreaterThanOrEqual(start);
  expect(Math.abs(clock.wallMs() - wall)).toBeLessThan(10_000);
});

describe('random numbers', () => {
  const random = createNodeRandom();

  test('have the length asked for and never come twice', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 2_000; i++) seen.add(random.bytes(20).toString('hex'));
    expect(seen.size).toBe(2_000);
    for (const length of [0, 1, 1_024, 1_025, 100_000]) expect(random.bytes(length).length).toBe(length);
  });

  test('stay what they were when more are drawn', () => {
    const first = random.bytes(20);
    const copy = Buffer.from(first);
    for (let i = 0; i < 1_000; i++) random.bytes(20);
    expect(first.equals(copy)).toBe(true);
  });

  test('below a bound reach all of it', () => {
    const seen = new Set(Array.from({ length: 1_000 }, () => random.below(10)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([random.below(1), random.below(0)]).toEqual([0, 0]);
  });
});
