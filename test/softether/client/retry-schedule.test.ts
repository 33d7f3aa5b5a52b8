import { describe, expect, test } from 'vitest';
import { SeededRandom } from '#io/sim';
import { defaultClientLimits } from '#softether';
import { RetrySchedule } from '../../../src/softether/client/retry-schedule.ts';

const schedule = (seed = 1): RetrySchedule => new RetrySchedule(defaultClientLimits, new SeededRandom(seed));

describe('the schedule of retries', () => {
  test('begins below a second and doubles up to half a minute', () => {
    const waits = Array.from({ length: 12 }, (_, n) => [500 * 2 ** n, 0]).map(([most = 0]) => Math.min(most, 30_000));
    const retry = schedule();
    for (const most of waits) {
      const wait = retry.nextDelayMs(true);
      expect(wait).toBeGreaterThanOrEqual(most / 2);
      expect(wait).toBeLessThanOrEqual(most);
    }
  });

  test('differs from client to client', () => {
    const waits = new Set(Array.from({ length: 50 }, (_, seed) => schedule(seed).nextDelayMs(true)));
    expect(waits.size).toBeGreaterThan(30);
  });

  test('begins anew after a session that lasted, and goes on after one that did not', () => {
    const retry = schedule();
    for (let n = 0; n < 8; n++) retry.nextDelayMs(true);
    retry.sessionEnded(9_999);
    expect(retry.nextDelayMs(true)).toBeGreaterThan(10_000);
    retry.sessionEnded(10_000);
    expect(retry.nextDelayMs(true), 'at once').toBeLessThanOrEqual(100);
    expect(retry.nextDelayMs(true)).toBeGreaterThanOrEqual(250);
    retry.sessionEnded(10_000);
    expect(retry.nextDelayMs(true)).toBeLessThanOrEqual(100);
  });

  test('waits a minute and more after what waiting does not heal', () => {
    const wait = schedule().nextDelayMs(false);
    expect(wait).toBeGreaterThanOrEqual(45_000);
    expect(wait).toBeLessThanOrEqual(90_000);
  });

  test('never ends', () => {
    const retry = schedule();
    for (let n = 0; n < 2_000; n++) retry.nextDelayMs(true);
    expect(retry.nextDelayMs(true)).toBeLessThanOrEqual(30_000);
  });
});
