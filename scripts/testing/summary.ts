import type { Tally } from './step.ts';

/** What stands at the end of a run, failures again so that nobody has to scroll; its last line is `N passed, N failed`. */
export function summaryLines(tallies: readonly Tally[]): string[] {
  const sum = (figure: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + figure(tally), 0);
  return [
    ...tallies.flatMap(({ failures }) => failures).map((failure) => `FAILED ${failure}\n`),
    ...tallies.map(({ name, passed, failed, seconds }) => {
      return `${name}: ${passed} passed, ${failed} failed (${seconds.toFixed(1)} s)`;
    }),
    ...tallies.flatMap(({ notRun }) => notRun).map((sentence) => `did not run: ${sentence}`),
    `${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed`,
  ];
}
