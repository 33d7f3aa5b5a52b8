import { describe, expect, test } from 'vitest';
import { silentLogger } from '#base';
import { VirtualClock } from '#io/sim';
import { Health } from '../../../src/backplane/etcd/health.ts';

describe('whether the engine answers', () => {
  test('is said soon when a store is opened, and corrected when an answer comes after all', async () => {
    const clock = new VirtualClock();
    const answer = Promise.withResolvers<undefined>();
    const health: Health = new Health(clock, silentLogger, 3_000, () =>
      answer.promise.then(() => health.heard(true, '')),
    );
    const begun = health.begin(2_500).then(() => [clock.nowMs(), health.state]);
    await clock.run(2_600);
    expect(await begun).toEqual([2_500, 'lost']);
    answer.resolve(undefined);
    await clock.run(10);
    expect(health.state).toBe('ok');
    health.close();
  });

  test('is known at once when the answer, or the refusal, comes at once', async () => {
    for (const isAnswered of [true, false]) {
      const clock = new VirtualClock();
      const health: Health = new Health(clock, silentLogger, 3_000, () => {
        health.heard(isAnswered, 'refused');
        return Promise.resolve();
      });
      await health.begin(2_500);
      expect([clock.nowMs(), health.state]).toEqual([0, isAnswered ? 'ok' : 'lost']);
      health.close();
    }
  });

  test('does not wait for a probe that is stuck: a further one may be answered', async () => {
    const clock = new VirtualClock();
    let asked = 0;
    const health: Health = new Health(clock, silentLogger, 3_000, () => {
      asked++;
      if (asked === 1) return new Promise<never>(() => undefined);
      health.heard(true, '');
      return Promise.resolve();
    });
    await clock.run(2_900);
    expect([asked, health.state]).toEqual([3, 'ok']);
    health.close();
  });
});
