import { defineConfig } from 'vitest/config';
import { LongestFirst } from './scripts/testing/longest-first.ts';
import { shared } from './vitest.config.ts';

/** Tests that measure time, or what a machine can carry. */
const timed = ['test/interop/**/*.timed.test.ts'];

/**
 * Tests against programs that we did not write, in network namespaces. Two files side by side: mostly they wait for the
 * peers, and each has namespaces, folders and ports of its own. Those that measure time run alone, after the others.
 */
export default defineConfig({
  ...shared,
  test: {
    pool: 'forks',
    testTimeout: 240_000,
    hookTimeout: 240_000,
    teardownTimeout: 60_000,
    execArgv: ['--conditions=hubfarm-source'],
    sequence: { sequencer: LongestFirst },
    expect: { poll: { timeout: 10_000 } },
    allowOnly: false,
    globalSetup: ['test/interop/sweep.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          exclude: timed,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'interop, timed', include: timed, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
