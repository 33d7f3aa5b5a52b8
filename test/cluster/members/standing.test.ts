import { expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '#io/sim';
import { Standing, standingMs } from '../../../src/cluster/members/standing.ts';

const leaseTtlMs = 4_000;

function stands() {
  const clock = new VirtualClock();
  const seen = { heardByMs: -Infinity, doubts: 0, lapses: 0 };
  const standing = new Standing({
    clock,
    leaseTtlMs,
    heardByMs: () => seen.heardByMs,
    doubtful: () => (seen.doubts += 1),
    lapsed: () => (seen.lapses += 1),
  });
  onTestFinished(() => standing.stop());
  standing.begin(clock.nowMs());
  return { clock, seen, standing };
}

test('a member of which nothing has come to the others loses its place before they may act on it', async () => {
  const { clock, seen, standing } = stands();
  const beganMs = clock.nowMs();
  expect(standing.untilMs()).toBe(beganMs + standingMs(leaseTtlMs));
  await clock.run(standingMs(leaseTtlMs) - 300);
  expect(seen.lapses).toBe(0);
  expect(seen.doubts).toBeGreaterThan(0);
  await clock.run(500);
  expect(seen.lapses).toBe(1);
});

test('what the engine has taken counts from when it was sent, and nothing does once its time is over', async () => {
  const { clock, seen, standing } = stands();
  await clock.run(2_000);
  const sentMs = clock.nowMs() - 500;
  standing.told(sentMs);
  expect(standing.untilMs()).toBe(sentMs + standingMs(leaseTtlMs));
  await clock.run(3_000);
  expect(seen.lapses).toBe(1);
  standing.told(clock.nowMs());
  await clock.run(1_000);
  expect(standing.untilMs(), 'the end of it stays known').toBe(sentMs + standingMs(leaseTtlMs));
  expect(seen.lapses).toBe(1);
});

test('answers over the bus of all who may lead are as good, and without such nothing is needed', async () => {
  const { clock, seen } = stands();
  for (let look = 0; look < 50; look++) {
    seen.heardByMs = clock.nowMs();
    await clock.run(200);
  }
  expect(seen).toMatchObject({ doubts: 0, lapses: 0 });
  seen.heardByMs = Infinity;
  await clock.run(20_000);
  expect(seen).toMatchObject({ doubts: 0, lapses: 0 });
});
