import { defineConfig } from 'vitest/config';
import { shared } from './vitest.config.ts';

/** What takes minutes: long fuzzing, the packed package. Part of `npm run check:full`. */
export default defineConfig({
  ...shared,
  test: {
    name: 'slow',
    include: ['test/slow/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30 * 60_000,
    hookTimeout: 5 * 60_000,
    execArgv: ['--conditions=hubfarm-source'],
    allowOnly: false,
  },
});
