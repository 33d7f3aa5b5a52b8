import { relative } from 'node:path';

/** What we read of vitest's JSON report. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why the file could not be run, else empty. */
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly title: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

const causeMaxCharacters = 1000;

function nameOf(file: { readonly name: string }): string {
  return relative(process.cwd(), file.name);
}

/** Test files that failed without a failed test in them: a bad import, an error outside of the tests. */
function brokenFiles({ testResults }: VitestReport): string[] {
  return testResults
    .filter((file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'))
    .map((file) => `${nameOf(file)}\n${(file.message ?? '').slice(0, causeMaxCharacters)}`);
}

function failedTests({ testResults }: VitestReport): string[] {
  return testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ title, failureMessages }) => {
        const cause = (failureMessages ?? []).join('\n').slice(0, causeMaxCharacters);
        return `${nameOf(file)}: ${title}\n${cause}`;
      }),
  );
}

function skippedTests({ testResults }: VitestReport): string[] {
  return testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ title }) => `${nameOf(file)}: ${title}`),
  );
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Each failed test, or file, with the beginning of its cause in the following lines. */
  readonly failures: readonly string[];
  /** Sentences about what did not run and why. */
  readonly notRun: readonly string[];
}

/**
 * Counts a run. One that ended badly without a failed test (an unhandled error, a crash, no time left) counts as one
 * failure; so does each skipped test unless `maySkip`.
 */
export function countTests(report: VitestReport | undefined, exitCode: number, maySkip: boolean): Counts {
  if (report === undefined) return { passed: 0, failed: 1, failures: [], notRun: ['the tests ended without a report'] };
  const notRun = skippedTests(report);
  const broken = brokenFiles(report);
  const failures = [...failedTests(report), ...broken];
  const counted = report.numFailedTests + broken.length + (maySkip ? 0 : notRun.length);
  const failed = exitCode === 0 ? counted : Math.max(counted, 1);
  return { passed: report.numPassedTests, failed, failures, notRun };
}
