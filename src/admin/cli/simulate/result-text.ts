import type { SimulationResult, SimulationSettings } from '#cluster';

/** What came of a simulation, in lines for people. */
export function resultText(settings: SimulationSettings, result: SimulationResult): string {
  const { members, weights } = settings;
  const { worstSpread, lastSpread } = result;
  const end = result.samples.at(-1);
  const lines: (readonly [string, string])[] = [
    ['members', `${count(members)}, weights ${weights.join(',')}`],
    ['simulated time', `${count((end?.timeMs ?? 0) / 1_000)} s`],
    ['log-ins', count(result.logins)],
    ['rejected', share(result.rejections, result.logins)],
    ['sessions at most', count(result.peakSessions)],
    ['spread at the end', spread(lastSpread)],
    ['spread at worst', worstSpread.largestDeviation === 0 ? 'too few sessions to tell' : spread(worstSpread)],
    ['reports of members', count(result.reports)],
  ];
  if (result.failures > 0) {
    lines.push(['failures of members', count(result.failures)]);
    lines.push(['sessions moved', count(result.moves)]);
    lines.push(['sent to a dead member', share(result.deadEnds, result.logins)]);
  }
  if (result.dynamicInstances > 0) lines.push(['dynamic hubs started', count(result.dynamicInstances)]);
  const width = Math.max(...lines.map(([name]) => name.length));
  return `${lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')}\n`;
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');

const percent = (value: number): string => `${(value * 100).toFixed(2)} %`;

const share = (part: number, of: number): string => `${count(part)} (${percent(of === 0 ? 0 : part / of)})`;

const spread = ({ largestDeviation, largestDifference, meanDeviation }: SimulationResult['worstSpread']): string =>
  `at most ${percent(largestDeviation)} off (${largestDifference.toFixed(1)} sessions), on average ${percent(meanDeviation)}`;
