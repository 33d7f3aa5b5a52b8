import { describe, expect, test } from 'vitest';
import {
  ClusterSimulation,
  defaultSimulation,
  simulationCsv,
  simulationPlot,
  type SimulationResult,
  type SimulationSettings,
} from '#cluster';

function simulate(change: Partial<SimulationSettings>): SimulationResult {
  const steps = new ClusterSimulation({ ...defaultSimulation, ...change }).run();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    expect(step.value.share).toBeLessThanOrEqual(1);
  }
}

const weights = [100, 200, 100];
const forEver = 1e12;

describe('the simulation of a cluster', () => {
  test('3,000 sessions at 100 a second on weights 100, 200 and 100 end within one per cent of the ideal (V6)', () => {
    const { lastSpread, peakSessions } = simulate({ members: 3, weights, sessions: 3_000, meanDurationMs: forEver });
    expect(peakSessions).toBe(3_000);
    expect(lastSpread.largestDeviation).toBeLessThanOrEqual(0.01);
  });

  test('500 sessions at once, before any report, are spread exactly', () => {
    const { lastSpread } = simulate({ members: 3, weights, sessions: 500, burst: 500, meanDurationMs: forEver });
    expect(lastSpread.largestDifference).toBeLessThan(1);
  });

  test('clients that never come count only until their ticket expires', () => {
    const common = { members: 3, weights, sessions: 30_000, meanDurationMs: 60_000, durations: 'fixed' } as const;
    const { lastSpread } = simulate({ ...common, noShowShare: 0.2 });
    expect(lastSpread.largestDeviation).toBeLessThan(0.05);
  });

  test('sessions of members that die go on elsewhere; nothing is lost but what nobody has room for', () => {
    const result = simulate({ sessions: 50_000, meanTimeBetweenFailuresMs: 300_000, repairMs: 30_000 });
    expect(result.failures).toBeGreaterThan(5);
    expect(result.moves).toBeGreaterThan(1_000);
    expect(result.rejections).toBe(0);
    for (const { sessions, membersUp } of result.samples) {
      expect(membersUp).toBeGreaterThan(0);
      expect(sessions).toBeGreaterThanOrEqual(0);
    }
  });

  test('what no member has room for is rejected', () => {
    const result = simulate({ members: 2, capacity: 100, sessions: 1_000, meanDurationMs: forEver });
    expect(result.peakSessions).toBe(200);
    expect(result.rejections).toBe(800);
  });

  test('a dynamic hub has one instance, however many of its sessions come at once', () => {
    const result = simulate({ sessions: 400, burst: 400, dynamicShare: 1, dynamicHubs: 1, meanDurationMs: forEver });
    expect(result.dynamicInstances).toBe(1);
    expect(result.peakSessions).toBe(400);
  });

  test('the same seed gives the same history, another one another', () => {
    const run = (seed: number): string => {
      const noise = { dynamicShare: 0.3, noShowShare: 0.01, meanTimeBetweenFailuresMs: 200_000 };
      return simulationCsv(simulate({ sessions: 20_000, seed, ...noise }).samples);
    };
    expect(run(7)).toBe(run(7));
    expect(run(7)).not.toBe(run(8));
  });

  test.each([
    [{ members: 0 }, /members: 1 to 10000, not 0/],
    [{ weights: [0] }, /weights/],
    [{ burst: 200_000 }, /burst/],
    [{ noShowShare: 2 }, /share/],
    [{ arrivalsPerSecond: 0.000_001 }, /more than a year/],
  ])('settings %j are refused with a sentence', (change, message) => {
    expect(() => simulate(change)).toThrow(message);
  });

  test('results can be read by a spreadsheet and looked at', () => {
    const { samples } = simulate({ sessions: 5_000, samples: 50 });
    const rows = simulationCsv(samples).trimEnd().split('\r\n');
    expect(rows).toHaveLength(samples.length + 1);
    expect(rows[0]).toMatch(/^time_s,sessions,/);
    expect(
      rows
        .at(-1)!
        .split(',')
        .every((cell) => Number.isFinite(Number(cell))),
    ).toBe(true);
    const svg = simulationPlot(samples, 'a < b & "c"');
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(svg.match(/<polyline/g)).toHaveLength(5);
    expect(svg).not.toContain('NaN');
  });
});
