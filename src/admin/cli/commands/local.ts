import { cell, type Cell } from '../output/cell.ts';
import type { Column } from '../output/table.ts';
import { CliError, ExitCode } from '../exit-code.ts';
import { showTable, showText, type Command, type CommandContext } from './command.ts';
import { customCommand } from './kinds.ts';

/** Clocks further apart than this make times in lists misleading, and certificates seem invalid. */
const MAX_CLOCK_DIFFERENCE_MS = 60_000;

interface Check {
  readonly name: string;
  /** What is wrong; undefined = nothing. */
  readonly problem: string | undefined;
}

async function checkServer({ api, now }: CommandContext): Promise<Check[]> {
  const status = await api.call('GetServerStatus');
  const listeners = (await api.call('EnumListener')).rows('ListenerList');
  const failing = listeners.filter((row) => row.flag('Errors')).map((row) => row.integer('Ports'));
  const listening = listeners.filter((row) => row.flag('Enables') && !row.flag('Errors'));
  const aheadMs = status.timeMs('CurrentTime') - now();
  const isClockRight = Math.abs(aheadMs) <= MAX_CLOCK_DIFFERENCE_MS;
  const clock = `the server's clock differs from this machine's by ${Math.round(aheadMs / 1000)} s`;
  return [
    { name: 'connection to the server', problem: undefined },
    { name: 'clock', problem: isClockRight ? undefined : clock },
    { name: 'TCP listeners', problem: failing.length === 0 ? undefined : `cannot listen on ${failing.join(', ')}` },
    { name: 'reachable by clients', problem: listening.length > 0 ? undefined : 'no port is listened on' },
  ];
}

const checkColumns: readonly Column[] = [
  { key: 'check', title: 'Check' },
  { key: 'passed', title: 'Result' },
  { key: 'problem', title: 'Problem' },
];

const result = (isGood: boolean): Cell => cell(isGood ? 'Pass' : 'Fail', isGood);

export const localCommands: readonly Command[] = [
  customCommand({
    name: 'About',
    title: 'Display the version information',
    help: 'Shows the version of hubfarm.',
    calls: [],
    run: ({ version }) =>
      Promise.resolve(
        showText([`hubfarm ${version}`, 'Virtual Hub VPN server that speaks the SoftEther VPN protocol.'], {
          product: 'hubfarm',
          version,
        }),
      ),
  }),
  customCommand({
    name: 'Check',
    title: 'Check whether SoftEther VPN Operation is Possible',
    help: 'Checks that the server answers, that its clock is right, and that clients can reach it.',
    calls: ['GetServerStatus', 'EnumListener'],
    columns: checkColumns,
    run: async (context) => {
      const checks = await checkServer(context);
      const failed = checks.filter(({ problem }) => problem !== undefined);
      if (failed.length > 0) {
        const problems = failed.map(({ name, problem }) => `${name}: ${problem ?? ''}`);
        throw new CliError('CHECK_FAILED', ExitCode.refused, problems.join('\n'));
      }
      const rows = checks.map(({ name, problem }) => [
        cell(name, name),
        result(problem === undefined),
        cell(problem ?? '', problem ?? null),
      ]);
      return showTable({ kind: 'grid', columns: checkColumns, rows });
    },
  }),
];
