import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run, type Tally } from './step.ts';

/** What we read of vitest's JSON report. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

/** Test files that failed without a failed test in them: a bad import, an error outside of the tests. */
function brokenFiles({ testResults }: Report): number {
  return testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length;
}

function skipped({ testResults }: Report): string[] {
  return testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ title }) => `${relative(process.cwd(), file.name)}: ${title}`),
  );
}

/**
 * Runs vitest with `args` and counts tests. A run that ends badly without a failed test (an unhandled error, a crash,
 * no time left) counts as one failure; so does each skipped test unless `maySkip`.
 */
export async function vitestStep(
  name: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly maySkip: boolean },
): Promise<Tally> {
  console.log(`\n== ${name}`);
  const dir = mkdtempSync(join(tmpdir(), 'hubfarm-test-'));
  const file = join(dir, 'report.json');
  const started = performance.now();
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const code = await run('vitest', ['run', ...reporters, ...args], options.timeoutMs);
    const seconds = (performance.now() - started) / 1000;
    const report = readReport(file);
    if (report === undefined) return { name, passed: 0, failed: 1, seconds, notRun: [`${name}: no report`] };
    const notRun = skipped(report);
    const failed = report.numFailedTests + brokenFiles(report) + (options.maySkip ? 0 : notRun.length);
    return { name, passed: report.numPassedTests, failed: code === 0 ? failed : Math.max(failed, 1), seconds, notRun };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
