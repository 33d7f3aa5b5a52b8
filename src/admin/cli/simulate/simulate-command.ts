import type { SimulationResult, SimulationSettings } from '#cluster';
import { usageError } from '../exit-code.ts';
import type { CliProgram, CommandRegistration } from '../program.ts';
import { ProgressBar } from '../progress-bar.ts';
import { parseCount, parseDuration, parseShare } from './quantity.ts';
import { resultText } from './result-text.ts';

type Options = Readonly<Record<string, string | undefined>>;

/** `hubfarm simulate`: how a cluster would spread a workload, before there is one. */
export const simulateCommand: CommandRegistration = (program, cli) => {
  program
    .command('simulate')
    .description('simulate how a cluster places sessions: spread, moves, rejections')
    .option('--members <n>', 'members of the cluster', '10')
    .option('--weights <list>', 'weights, given to the members in turn, such as 100,200,100', '100')
    .option('--capacity <n>', 'sessions that one member may hold', '100000')
    .option('--sessions <n>', 'log-ins, all in all, such as 10M', '100k')
    .option('--rate <n>', 'log-ins per second', '100')
    .option('--burst <n>', 'so many of them come all at once, at the beginning', '0')
    .option('--duration <time>', 'of a session, on average', '10min')
    .option('--fixed-duration', 'all sessions are equally long')
    .option('--report <time>', 'between two reports of a member', '2s')
    .option('--report-delay <time>', 'from a report to the controller', '100ms')
    .option('--ticket-delay <time>', 'from the redirect to the session', '300ms')
    .option('--absent <share>', 'redirected clients that never come, such as 1%', '0')
    .option('--failures-every <time>', 'time between two failures of one member; 0 = none', '0')
    .option('--repair <time>', 'time until a member that has failed is back', '60s')
    .option('--detection <time>', 'from a failure to the exclusion from placement', '1s')
    .option('--reconnect <time>', 'after which a client logs in again, on average', '3s')
    .option('--dynamic <share>', 'sessions of dynamic hubs, such as 30%', '0')
    .option('--hubs <n>', 'dynamic hubs; a few have most of the sessions', '1k')
    .option('--seed <n>', 'of the random numbers: the same seed gives the same history', '1')
    .option('--samples <n>', 'rows of the CSV file, points of the plot', '500')
    .option('--csv <file>', 'write the samples as CSV')
    .option('--plot <file>', 'write them as a picture (SVG)')
    .action((options: Options & { readonly fixedDuration?: string }) => simulate(cli, options));
};

async function simulate(cli: CliProgram, options: Options): Promise<void> {
  const settings = settingsOf(options);
  // The cluster's code only for who simulates: other commands shall start fast.
  const { ClusterSimulation, simulationCsv, simulationPlot } = await import('#cluster');
  const result = run(
    cli,
    startOf(() => new ClusterSimulation(settings).run()),
  );
  cli.terminal.write(resultText(settings, result));
  const { csv, plot } = options;
  if (csv !== undefined) await cli.files.write(csv, simulationCsv(result.samples));
  if (plot !== undefined) {
    const title = `${settings.members} members (weights ${settings.weights.join(', ')}), ${settings.sessions} log-ins`;
    await cli.files.write(plot, simulationPlot(result.samples, title));
  }
}

/** Nobody waits for this process meanwhile, so it computes in one go; Ctrl+C ends it as it ends any program. */
function run(
  { terminal, clock }: CliProgram,
  steps: Generator<{ readonly share: number; readonly sessions: number }, SimulationResult>,
): SimulationResult {
  const bar = new ProgressBar(terminal, clock);
  try {
    for (;;) {
      const step = startOf(() => steps.next());
      if (step.done === true) return step.value;
      const { share, sessions } = step.value;
      bar.show(share, `${sessions.toLocaleString('en-US')} sessions`);
    }
  } finally {
    bar.clear();
  }
}

/** What the simulation says of its settings is wrong usage. */
function startOf<T>(begin: () => T): T {
  try {
    return begin();
  } catch (error) {
    if (error instanceof RangeError) throw usageError(error.message);
    throw error;
  }
}

function settingsOf(options: Options): SimulationSettings {
  const of = <T>(name: string, flag: string, parse: (text: string, option: string) => T): T =>
    parse(options[name] ?? '', flag);
  return {
    members: of('members', '--members', parseCount),
    weights: (options['weights'] ?? '').split(',').map((weight) => parseCount(weight, '--weights')),
    capacity: of('capacity', '--capacity', parseCount),
    sessions: of('sessions', '--sessions', parseCount),
    arrivalsPerSecond: of('rate', '--rate', parseCount),
    burst: of('burst', '--burst', parseCount),
    meanDurationMs: of('duration', '--duration', parseDuration),
    durations: options['fixedDuration'] === undefined ? 'exponential' : 'fixed',
    reportEveryMs: of('report', '--report', parseDuration),
    reportDelayMs: of('reportDelay', '--report-delay', parseDuration),
    ticketDelayMs: of('ticketDelay', '--ticket-delay', parseDuration),
    noShowShare: of('absent', '--absent', parseShare),
    meanTimeBetweenFailuresMs: of('failuresEvery', '--failures-every', parseDuration),
    repairMs: of('repair', '--repair', parseDuration),
    detectionMs: of('detection', '--detection', parseDuration),
    reconnectMs: of('reconnect', '--reconnect', parseDuration),
    dynamicShare: of('dynamic', '--dynamic', parseShare),
    dynamicHubs: of('hubs', '--hubs', parseCount),
    seed: of('seed', '--seed', parseCount),
    samples: of('samples', '--samples', parseCount),
  };
}
