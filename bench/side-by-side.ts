import { comparisonTable, figureTable, type Comparison } from './medians.ts';

/** What one measurement found, under `figure|unit`. */
export type Figures = Readonly<Record<string, number>>;

/** `figure|unit` and what we want of it; see `Comparison`. */
export type Goals = Readonly<Record<string, string>>;

export interface SideBySideOptions<T extends { readonly name: string }> {
  /** hubfarm, then the one that it is held against; or one of them, which is held against nothing. */
  readonly contestants: readonly T[];
  readonly rounds: number;
  readonly measure: (contestant: T) => Promise<Figures>;
  readonly goals: Goals;
  /** What the other one is called in the table. */
  readonly peer: string;
}

/**
 * Measures two systems in turn, so that both meet the same weather, and prints the medians with their ratio. Each round is a
 * line on standard error as it comes; the table is all that goes to standard output.
 */
export async function sideBySide<T extends { readonly name: string }>(options: SideBySideOptions<T>): Promise<void> {
  const { contestants, rounds, measure, goals, peer } = options;
  // An end on request still removes what `exit` removes: namespaces, servers.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const measured = contestants.map((): Figures[] => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [index, contestant] of contestants.entries()) {
      const figures = await measure(contestant);
      measured[index]!.push(figures);
      console.error(`round ${round} ${contestant.name}: ${JSON.stringify(figures)}`);
    }
  }
  const [ours, peers] = measured;
  if (ours === undefined) return;
  if (peers !== undefined) console.log(comparisonTable(peer, comparisons(ours, peers, goals)));
  else console.log(figureTable(contestants[0]!.name, alone(ours)));
}

function alone(all: readonly Figures[]): Record<string, number[]> {
  const keys = Object.keys(all[0] ?? {});
  return Object.fromEntries(keys.map((key) => [key.replace('|', ', '), all.map((figures) => figures[key] ?? NaN)]));
}

function comparisons(ours: readonly Figures[], peers: readonly Figures[], goals: Goals): Comparison[] {
  return Object.keys(ours[0] ?? {}).map((key) => {
    const [figure = '', unit = ''] = key.split('|');
    const goal = goals[key];
    const of = (all: readonly Figures[]): number[] => all.map((figures) => figures[key] ?? NaN);
    return { figure, unit, ours: of(ours), peers: of(peers), ...(goal === undefined ? {} : { goal }) };
  });
}
