import { configDefaults, defineConfig } from 'vitest/config';
import { LongestFirst } from './scripts/testing/longest-first.ts';

/** `#module` names resolve to src in tests, to dist in the published package. */
export const conditions = ['hubfarm-source', 'node', 'import', 'module', 'default'];

/** What both kinds of run share: see vitest.interop.config.ts for the other. */
export const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
} as const;

const property = ['test/**/*.property.test.ts', 'test/**/*.fuzz.test.ts', 'test/fuzz/**/*.test.ts'];
const simulation = ['test/sim/**/*.test.ts', 'test/**/*.sim.test.ts'];
/** The whole program in a process of its own, real devices, full disks, kill -9: seconds each, so not in `check`. */
const process = [
  'test/package/**/*.test.ts',
  'test/app/serve/**/*.test.ts',
  'test/io/node/ethernet/**/*.test.ts',
  'test/**/*-kill.test.ts',
  'test/**/*-full-disk.test.ts',
  'test/**/*.process.test.ts',
];
const elsewhere = [...configDefaults.exclude, 'test/interop/**', 'test/slow/**'];

export default defineConfig({
  ...shared,
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What becomes true a moment later is waited for as long as a busy machine may need.
    expect: { poll: { timeout: 10_000 } },
    execArgv: ['--conditions=hubfarm-source'],
    sequence: { sequencer: LongestFirst },
    // A test that is only there to be skipped hides something: `.only` and an empty run are errors.
    allowOnly: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'architecture',
          include: ['test/architecture.test.ts', 'test/architecture/**/*.test.ts'],
          exclude: elsewhere,
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [
            ...elsewhere,
            ...property,
            ...simulation,
            'test/architecture.test.ts',
            'test/architecture/**/*.test.ts',
            ...process,
          ],
        },
      },
      {
        extends: true,
        test: { name: 'property', include: property, exclude: [...elsewhere, ...simulation], testTimeout: 60_000 },
      },
      {
        extends: true,
        test: { name: 'process', include: process, exclude: elsewhere, testTimeout: 120_000, hookTimeout: 180_000 },
      },
      { extends: true, test: { name: 'simulation', include: simulation, exclude: elsewhere } },
    ],
  },
});
