import type { SimulationSample } from './tally.ts';

const columns = [
  ['time_s', ({ timeMs }: SimulationSample) => timeMs / 1_000],
  ['sessions', ({ sessions }: SimulationSample) => sessions],
  ['members_up', ({ membersUp }: SimulationSample) => membersUp],
  ['logins', ({ logins }: SimulationSample) => logins],
  ['rejections', ({ rejections }: SimulationSample) => rejections],
  ['moves', ({ moves }: SimulationSample) => moves],
  ['largest_deviation_percent', ({ largestDeviation }: SimulationSample) => round(largestDeviation * 100)],
  ['mean_deviation_percent', ({ meanDeviation }: SimulationSample) => round(meanDeviation * 100)],
  ['largest_difference_sessions', ({ largestDifference }: SimulationSample) => round(largestDifference)],
] as const;

/** RFC 4180, numbers with a point, one row for each sample. */
export function simulationCsv(samples: readonly SimulationSample[]): string {
  const header = columns.map(([name]) => name).join(',');
  const rows = samples.map((sample) => columns.map(([, value]) => value(sample)).join(','));
  return `${[header, ...rows].join('\r\n')}\r\n`;
}

const round = (value: number): number => Math.round(value * 10_000) / 10_000;
