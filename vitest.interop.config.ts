import { defineConfig } from 'vitest/config';
import { shared } from './vitest.config.ts';

/**
 * Tests against programs that we did not write, in network namespaces. One file at a time: they share the machine's
 * cores and the peers have time-outs of their own.
 */
export default defineConfig({
  ...shared,
  test: {
    name: 'interop',
    include: ['test/interop/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    execArgv: ['--conditions=hubfarm-source'],
    allowOnly: false,
    globalSetup: ['test/interop/sweep.ts'],
  },
});
