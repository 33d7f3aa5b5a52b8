import { env } from 'node:process';
import { expect, test } from 'vitest';
import { runScenario } from './simulated/scenario.ts';

/**
 * `HUBFARM_SIM_SEED=17` runs that one and prints its history; `HUBFARM_SIM_SEEDS=5000` runs more, from
 * `HUBFARM_SIM_FROM` (1) on.
 */
const only = env['HUBFARM_SIM_SEED'];
const firstSeed = Number(env['HUBFARM_SIM_FROM'] ?? 1);
const seedCount = Number(env['HUBFARM_SIM_SEEDS'] ?? 40);

test(
  'whatever happens to its members, lines and engine, a cluster keeps its promises and recovers',
  { timeout: 3_600_000 },
  async () => {
    const seeds = only === undefined ? Array.from({ length: seedCount }, (_, at) => firstSeed + at) : [Number(only)];
    const failures: string[] = [];
    let sessions = 0;
    for (const seed of seeds) {
      const outcome = await runScenario(seed);
      sessions += outcome.sessions;
      if (only !== undefined) console.log(outcome.log.join('\n'), outcome);
      if (outcome.breaches.length === 0) continue;
      const breaches = outcome.breaches.slice(0, 5).join('\n  ');
      failures.push(
        `seed ${seed} (replay: HUBFARM_SIM_SEED=${seed} npx vitest run test/cluster/cluster.sim.test.ts):\n  ${breaches}`,
      );
      if (failures.length >= 10) break;
    }
    expect(failures.join('\n')).toBe('');
    expect(sessions).toBeGreaterThan(0);
  },
);
