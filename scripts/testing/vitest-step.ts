import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type Tally } from './step.ts';
import { countTests, type VitestReport } from './vitest-report.ts';

function readReport(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  } catch {
    return undefined;
  }
}

/** Runs vitest with `args` and counts its tests. */
export async function vitestStep(
  name: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly maySkip: boolean },
): Promise<Tally> {
  console.log(`\n== ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'hubfarm-test-'));
  const file = join(folder, 'report.json');
  const started = performance.now();
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const code = await run('vitest', ['run', ...reporters, ...args], options.timeoutMs);
    const seconds = (performance.now() - started) / 1000;
    return { name, seconds, ...countTests(readReport(file), code, options.maySkip) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
