import { describe, expect, test } from 'vitest';
import { SeededRandom, VirtualClock } from '#io/sim';

describe('the virtual clock', () => {
  test('runs what falls due in the order of time, and of asking where the time is the same', () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.after(20, () => log.push(`c@${clock.nowMs()}`));
    clock.after(10, () => log.push(`a@${clock.nowMs()}`));
    clock.after(10, () => log.push(`b@${clock.nowMs()}`));
    clock.after(31, () => log.push('late'));
    clock.advance(30);
    expect(log).toEqual(['a@10', 'b@10', 'c@20']);
    expect(clock.nowMs()).toBe(30);
  });

  test('runs a timer that a timer made, if it is due within the same step', () => {
    const clock = new VirtualClock();
    const log: number[] = [];
    clock.after(10, () => clock.after(5, () => log.push(clock.nowMs())));
    clock.advance(20);
    expect(log).toEqual([15]);
  });

  test('runs `soon` before any timer, even one of no delay', () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.after(0, () => log.push('timer'));
    clock.soon(() => log.push('soon'));
    clock.advance(0);
    expect(log).toEqual(['soon', 'timer']);
  });

  test('repeats until it is cancelled, also from within the callback', () => {
    const clock = new VirtualClock();
    let count = 0;
    const timer = clock.every(10, () => {
      if (++count === 3) timer.cancel();
    });
    clock.advance(1_000);
    expect([count, clock.pendingTimers]).toEqual([3, 0]);
  });

  test('forgets a cancelled timer', () => {
    const clock = new VirtualClock();
    const timer = clock.after(10, () => expect.unreachable());
    timer.cancel();
    timer.cancel();
    clock.advance(100);
    expect(clock.nextInMs).toBeUndefined();
  });

  test('lets promises go on between two callbacks', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.after(10, () => {
      void Promise.resolve().then(() => clock.after(5, () => log.push(`from a promise @${clock.nowMs()}`)));
    });
    await clock.run(20);
    expect(log).toEqual(['from a promise @15']);
  });

  test('moves the wall clock with it', () => {
    const clock = new VirtualClock(1_000_000);
    clock.advance(250);
    expect(clock.wallMs()).toBe(1_000_250);
  });

  test('stops a run that would never end', () => {
    const clock = new VirtualClock();
    const again = (): void => clock.soon(again);
    again();
    expect(() => clock.advance(1)).toThrow(/callbacks within 1 ms/);
  });
});

describe('seeded random numbers', () => {
  test('are the same for the same seed and others for another', () => {
    const take = (seed: number): string => {
      const random = new SeededRandom(seed);
      return `${random.bytes(20).toString('hex')} ${random.below(1_000)}`;
    };
    expect(take(7)).toBe(take(7));
    expect(take(7)).not.toBe(take(8));
  });

  test('stay below the bound and reach all of it', () => {
    const random = new SeededRandom(1);
    const seen = new Set(Array.from({ length: 1_000 }, () => random.below(10)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
