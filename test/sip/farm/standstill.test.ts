import { expect, test } from 'vitest';
import { VirtualClock } from '#io/sim';
import { Standstill } from '../../../src/sip/farm/standstill.ts';

/** A clock that goes on while nothing of the process does. */
class StoppableClock extends VirtualClock {
  stoodStillMs = 0;
  override nowMs(): number {
    return super.nowMs() + this.stoodStillMs;
  }
}

function scene() {
  const clock = new StoppableClock();
  const standstill = new Standstill(clock);
  return { clock, isStale: () => standstill.isStale(clock.nowMs()), standstill };
}

test('what is read while the process runs is new, however long nothing came', () => {
  const { clock, isStale } = scene();
  expect(isStale()).toBe(false);
  clock.advance(600_000);
  expect(isStale()).toBe(false);
});

test('what waited while the process stood still for longer than others wait is stale, and what comes then is not', () => {
  const { clock, isStale } = scene();
  clock.advance(10_000);
  clock.stoodStillMs += 8_000;
  expect(isStale()).toBe(true);
  clock.advance(100);
  expect(isStale()).toBe(true);
  clock.advance(400);
  expect(isStale()).toBe(false);
});

test('the same where the timer is the first to notice', () => {
  const { clock, isStale } = scene();
  clock.advance(499);
  clock.stoodStillMs += 8_000;
  clock.advance(2);
  expect(isStale()).toBe(true);
  clock.advance(600);
  expect(isStale()).toBe(false);
});

test('a process that is only busy loses nothing', () => {
  const { clock, isStale } = scene();
  clock.stoodStillMs += 2_000;
  expect(isStale()).toBe(false);
});

test('it does not wake a member that has stopped', () => {
  const { clock, standstill } = scene();
  standstill.stop();
  expect(clock.nextInMs).toBeUndefined();
});
