import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from '#io/sim';
import { TimerWheel, WHEEL_TICK_MS, type Timed } from '../../../src/sip/transaction/timer-wheel.ts';

class Alarm implements Timed {
  wheelTick = 0;
  readonly looks: number[] = [];
  readonly #wheel: TimerWheel;
  readonly #clock: VirtualClock;
  dueMs = Number.POSITIVE_INFINITY;
  rangAtMs = -1;

  constructor(wheel: TimerWheel, clock: VirtualClock) {
    this.#wheel = wheel;
    this.#clock = clock;
  }

  set(inMs: number): void {
    this.dueMs = this.#wheel.nowMs + inMs;
    this.#wheel.schedule(this, this.dueMs);
  }

  look(nowMs: number): void {
    this.looks.push(nowMs);
    if (nowMs >= this.dueMs) {
      this.rangAtMs = this.#clock.nowMs();
      this.dueMs = Number.POSITIVE_INFINITY;
    } else if (this.dueMs !== Number.POSITIVE_INFINITY) {
      this.#wheel.schedule(this, this.dueMs);
    }
  }
}

test('a timer is never early, and at most two ticks late, however far away it is', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.integer({ min: 1, max: 400_000 }), (startMs, delayMs) => {
      const clock = new VirtualClock();
      const wheel = new TimerWheel(clock);
      clock.advance(startMs);
      const alarm = new Alarm(wheel, clock);
      alarm.set(delayMs);
      clock.advance(500_000);
      const late = alarm.rangAtMs - startMs - delayMs;
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThanOrEqual(2 * WHEEL_TICK_MS);
    }),
    { numRuns: 50 },
  );
});

test('an earlier time counts at once, a later one when the earlier has passed', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const alarm = new Alarm(wheel, clock);
  alarm.set(10_000);
  alarm.set(100);
  clock.advance(150);
  expect(alarm.rangAtMs).toBeGreaterThanOrEqual(100);
  alarm.set(100);
  alarm.set(5000);
  clock.advance(4999);
  expect(alarm.rangAtMs).toBeLessThan(200);
  clock.advance(41);
  expect(alarm.rangAtMs).toBeGreaterThanOrEqual(5150);
});

test('the wheel stands still, and holds no timer, while nothing is scheduled', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  expect(clock.pendingTimers).toBe(0);
  const alarm = new Alarm(wheel, clock);
  alarm.set(1000);
  clock.advance(2000);
  expect(clock.pendingTimers).toBe(0);
  expect(wheel.size).toBe(0);
  clock.advance(3_600_000);
  alarm.set(1000);
  clock.advance(1040);
  expect(alarm.rangAtMs).toBeGreaterThanOrEqual(3_603_000);
});

test('many timers of one item cost one entry', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const alarm = new Alarm(wheel, clock);
  for (let index = 0; index < 100; index++) alarm.set(1000 + index);
  expect(wheel.size).toBe(1);
});

test('while what waits is far away nothing turns, and what comes meanwhile is in time', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const [far, near] = [new Alarm(wheel, clock), new Alarm(wheel, clock)];
  far.set(32_000);
  clock.advance(20);
  let wakeUps = 0;
  const every = clock.every.bind(clock);
  clock.every = (intervalMs, run) =>
    every(intervalMs, () => {
      wakeUps++;
      run();
    });
  clock.advance(10_000);
  expect(wakeUps).toBe(0);
  near.set(500);
  clock.advance(540);
  expect(near.rangAtMs).toBeGreaterThanOrEqual(10_520);
  expect(near.rangAtMs).toBeLessThanOrEqual(10_560);
  clock.advance(21_480);
  expect(far.rangAtMs).toBeGreaterThanOrEqual(32_000);
  expect(far.rangAtMs).toBeLessThanOrEqual(32_040);
  expect(wakeUps).toBeLessThan(40);
  expect(clock.pendingTimers).toBe(0);
});
