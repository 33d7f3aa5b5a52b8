import { env } from 'node:process';
import { expect, test } from 'vitest';
import { runScenario } from '../cluster/simulated/scenario.ts';

const seedCount = Number(env['HUBFARM_SIM_SEEDS'] ?? 2_000);
/** Those before it run with every other test. */
const firstSeed = 1_000;

test(`${seedCount} histories of a cluster`, { timeout: 3_600_000 }, async () => {
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    const { breaches } = await runScenario(seed);
    expect(breaches, `HUBFARM_SIM_SEED=${seed} npx vitest run test/cluster/cluster.sim.test.ts`).toEqual([]);
  }
});
