import { defineConfig } from 'vitest/config';

/** `#module` names resolve to src in tests, to dist in the published package. */
const conditions = ['hubfarm-source', 'node', 'import', 'module', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    execArgv: ['--conditions=hubfarm-source'],
  },
});
