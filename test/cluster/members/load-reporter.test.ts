import { expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '#io/sim';
import { LoadReporter } from '../../../src/cluster/members/load-reporter.ts';
import type { LoadCounts } from '../../../src/cluster/membership.ts';

const counts: LoadCounts = {
  ...{ sessions: 3, connections: 4, hubInstances: 1, clientLicences: 0, bridgeLicences: 0, ticketsTaken: 2 },
};

function reports() {
  const clock = new VirtualClock();
  const written: number[] = [];
  const reporter: LoadReporter = new LoadReporter({
    clock,
    weight: () => 100,
    capacity: () => 1_000,
    write: () => {
      reporter.report();
      written.push(clock.nowMs());
      return Promise.resolve(true);
    },
  });
  onTestFinished(() => reporter.stop());
  /** As its member does, four times a second. */
  const count = async (said: LoadCounts, ms: number): Promise<number> => {
    const before = written.length;
    for (let passedMs = 0; passedMs < ms; passedMs += 250) {
      reporter.count(said);
      await clock.run(250);
    }
    return written.length - before;
  };
  return { reporter, count };
}

test('what has not changed is told seldom, what has changed soon', async () => {
  const { reporter, count } = reports();
  expect(await count(counts, 1_000)).toBe(1);
  expect(await count(counts, 60_000)).toBeLessThanOrEqual(6);
  expect(await count({ ...counts, connections: 5 }, 2_500), 'little has changed').toBe(1);
  expect(await count({ ...counts, sessions: 4 }, 500)).toBe(1);
  reporter.hurry();
  expect(await count({ ...counts, sessions: 4 }, 250), 'the others may doubt that it is there').toBe(1);
});
