import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#io/sim';
import { TimerWheel } from '../../src/softether/timer-wheel.ts';

describe('the timer wheel', () => {
  it('looks at each thing when it is due, at most a tick late, and never early within its reach', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 63_000 }), { minLength: 1, maxLength: 50 }), (delays) => {
        const clock = new VirtualClock();
        const wheel = new TimerWheel(clock);
        const seen = new Map<number, number>();
        for (const [index, delayMs] of delays.entries()) {
          wheel.watch({ look: () => (seen.set(index, clock.nowMs()), 0) }, delayMs);
        }
        clock.advance(64_000);
        for (const [index, delayMs] of delays.entries()) {
          expect(seen.get(index)).toBeGreaterThanOrEqual(delayMs);
          expect(seen.get(index)).toBeLessThanOrEqual(delayMs + 250);
        }
      }),
    );
  });

  it('looks again after what the thing says, until it says 0', () => {
    const clock = new VirtualClock();
    const wheel = new TimerWheel(clock);
    const seen: number[] = [];
    const spans = [1000, 250, 3000, 0];
    wheel.watch({ look: () => (seen.push(clock.nowMs()), spans.shift() ?? 0) }, 500);
    clock.advance(60_000);
    expect(seen).toEqual([500, 1500, 1750, 4750]);
  });

  it('has no timer while it has nothing to look at', () => {
    const clock = new VirtualClock();
    const wheel = new TimerWheel(clock);
    wheel.watch({ look: () => 0 }, 100);
    expect([wheel.size, clock.pendingTimers]).toEqual([1, 1]);
    clock.advance(1000);
    expect([wheel.size, clock.pendingTimers]).toEqual([0, 0]);
    wheel.watch({ look: () => 0 }, 100);
    expect(clock.pendingTimers).toBe(1);
  });

  it('counts a stall of the process as one second, whatever it took', () => {
    const clock = new VirtualClock();
    const real = clock.nowMs.bind(clock);
    let stalledMs = 0;
    clock.nowMs = () => real() + stalledMs;
    const wheel = new TimerWheel(clock);
    let seenAtMs = 0;
    wheel.watch({ look: () => ((seenAtMs = real()), 0) }, 20_000);
    clock.advance(5_000);
    stalledMs = 600_000;
    clock.advance(20_000);
    expect(seenAtMs).toBeGreaterThanOrEqual(19_000);
  });
});
