/** Compiles src and bin to dist, for the published package. */
import { rmSync } from 'node:fs';
import { exit } from 'node:process';
import { run } from './testing/step.ts';

rmSync('dist', { recursive: true, force: true });
exit(await run('tsc', ['-p', 'tsconfig.build.json'], 5 * 60_000));
