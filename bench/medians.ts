/** The middle one; of an even number the mean of the two in the middle. */
function median(values: readonly number[]): number {
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
  const body = rows.map(({ figure, unit, ours, peers, goal = '' }) => {
    const ratio = median(ours) / median(peers);
    return [
      `${figure}, ${unit}`,
      spread(ours),
      spread(peers),
      Number.isFinite(ratio) ? ratio.toFixed(2) : '',
      goal,
      verdict(ratio, median(ours), goal),
    ];
  });
  return columns([head, ...body]);
}

/** The same for one system alone. */
export function figureTable(name: string, figures: Readonly<Record<string, readonly number[]>>): string {
  const rows = Object.entries(figures).map(([figure, values]) => [figure, spread(values)]);
  return columns([['figure', name], ...rows]);
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string => row.map((text, column) => text.padEnd(widths[column]!)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

const spread = (values: readonly number[]): string =>
  `${round(median(values))} (${round(Math.min(...values))}-${round(Math.max(...values))})`;

function verdict(ratio: number, ours: number, goal: string): string {
  const [, about, relation, limit] = /^(ours )?(<=|>=) ([\d.]+)$/.exec(goal) ?? [];
  if (relation === undefined) return '';
  const figure = about === undefined ? ratio : ours;
  return (relation === '<=' ? figure <= Number(limit) : figure >= Number(limit)) ? 'met' : 'missed';
}
