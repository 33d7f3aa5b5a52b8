import { relative } from 'node:path';

/** What we read of vitest's JSON report. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
}

/** Test files that failed without a failed test in them: a bad import, an error outside of the tests. */
function brokenFiles({ testResults }: VitestReport): number {
  return testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length;
}

function skippedTests({ testResults }: VitestReport): string[] {
  return testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ title }) => `${relative(process.cwd(), file.name)}: ${title}`),
  );
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Sentences about what did not run and why. */
  readonly notRun: readonly string[];
}

/**
 * Counts a run. One that ended badly without a failed test (an unhandled error, a crash, no time left) counts as one
 * failure; so does each skipped test unless `maySkip`.
 */
export function countTests(report: VitestReport | undefined, exitCode: number, maySkip: boolean): Counts {
  if (report === undefined) return { passed: 0, failed: 1, notRun: ['the tests ended without a report'] };
  const notRun = skippedTests(report);
  const failed = report.numFailedTests + brokenFiles(report) + (maySkip ? 0 : notRun.length);
  return { passed: report.numPassedTests, failed: exitCode === 0 ? failed : Math.max(failed, 1), notRun };
}
