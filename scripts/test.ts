/**
 * All tests of hubfarm, in one command; the last line is `N passed, N failed`.
 *
 *     node scripts/test.ts            `npm test`: everything that runs in minutes
 *     node scripts/test.ts --quick    `npm run check`: format, lint, types, architecture, unit
 *     node scripts/test.ts --full     `npm run check:full`: also test/slow (long fuzzing, the packed package)
 */
import { argv, env, exit, version } from 'node:process';
import { providePeers } from './testing/peers.ts';
import { checkStep, type Tally } from './testing/step.ts';
import { summaryLines } from './testing/summary.ts';
import { vitestStep } from './testing/vitest-step.ts';

const isCi = env['CI'] === 'true';

/**
 * Side by side: lint takes longer than the two others together, on one core.
 *
 * The quick run remembers which files were good. For lint that is not the whole truth: a change in one file can make a
 * rule that looks at types fail in another, which only the run without the cache sees.
 */
async function staticSteps(isQuick: boolean): Promise<Tally[]> {
  const cache = (name: string): string[] =>
    isQuick ? ['--cache', '--cache-location', `node_modules/.cache/${name}/files`] : [];
  const format = (): Promise<Tally> =>
    checkStep('format', 'prettier', ['--check', '--log-level', 'warn', ...cache('prettier'), '.']);
  const types = (): Promise<Tally> => checkStep('types', 'tsc', ['-p', '.']);
  const lint = checkStep('lint', 'eslint', [...cache('eslint'), '.']);
  const others = [await format(), await types()];
  return [...others, await lint];
}

function* testSteps(isQuick: boolean, isFull: boolean): Generator<Promise<Tally>> {
  const inProcess = { timeoutMs: 15 * 60_000, maySkip: false };
  const projects = isQuick ? ['architecture', 'unit'] : ['architecture', 'unit', 'property', 'simulation'];
  yield vitestStep(
    projects.join(', '),
    projects.map((name) => `--project=${name}`),
    inProcess,
  );
  if (isQuick) return;
  // Without root some of these cannot run, and say so.
  const outside = { timeoutMs: 15 * 60_000, maySkip: !isCi };
  yield vitestStep('process', ['--project=process'], outside);
  yield vitestStep('interop', ['--config=vitest.interop.config.ts'], { timeoutMs: 40 * 60_000, maySkip: !isCi });
  if (!isFull) return;
  yield vitestStep('slow', ['--config=vitest.slow.config.ts'], { timeoutMs: 120 * 60_000, maySkip: false });
}

async function main(): Promise<boolean> {
  if (Number.parseInt(version.slice(1), 10) < 24) {
    throw new Error(`the tests need Node 24, this is ${version}: start them with \`npm test\``);
  }
  const isQuick = argv.includes('--quick');
  const tallies: Tally[] = [];
  if (!isQuick) {
    const missing = providePeers();
    const notRun = missing.map((name) => `what needs ${name}, which is not installed`);
    if (isCi) tallies.push({ name: 'peers', passed: 0, failed: missing.length, failures: [], seconds: 0, notRun });
  }
  tallies.push(...(await staticSteps(isQuick)));
  for (const step of testSteps(isQuick, argv.includes('--full'))) tallies.push(await step);
  console.log(`\n${summaryLines(tallies).join('\n')}`);
  return tallies.every(({ failed }) => failed === 0);
}

exit((await main()) ? 0 : 1);
