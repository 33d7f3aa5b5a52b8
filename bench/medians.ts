/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value below which `share` (0 to 1) of them are. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** One figure of two systems, measured in turn. */
export interface Comparison {
  readonly figure: string;
  readonly unit: string;
  readonly ours: readonly number[];
  readonly peers: readonly number[];
  /** What we want of ours / theirs: `<= 0.65`, `>= 1.1`; `ours >= 600` is about our figure itself. */
  readonly goal?: string;
}

const round = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** A table for people: medians, their spread, the ratio, and whether it meets its goal. */
export function comparisonTable(peer: string, rows: readonly Comparison[]): string {
  const head = ['figure', 'hubfarm', peer, 'ratio', 'goal', ''];
  const cell = (values: readonly number[]): string =>
    `${round(median(values))} (${round(Math.min(...values))}-${round(Math.max(...values))})`;
  const body = rows.map(({ figure, unit, ours, peers, goal = '' }) => {
    const ratio = median(ours) / median(peers);
    return [`${figure}, ${unit}`, cell(ours), cell(peers), ratio.toFixed(2), goal, verdict(ratio, median(ours), goal)];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((row) => row[column]!.length)));
  return [head, ...body].map((row) => row.map((text, column) => text.padEnd(widths[column]!)).join('  ')).join('\n');
}

function verdict(ratio: number, ours: number, goal: string): string {
  const [, about, relation, limit] = /^(ours )?(<=|>=) ([\d.]+)$/.exec(goal) ?? [];
  if (relation === undefined) return '';
  const figure = about === undefined ? ratio : ours;
  return (relation === '<=' ? figure <= Number(limit) : figure >= Number(limit)) ? 'met' : 'missed';
}
