import type { Command as Program } from 'commander';
import { openConnection, type ConnectionOptions } from '../connection.ts';
import { CliError, usageError } from '../exit-code.ts';
import { formatJson } from '../json-document.ts';
import type { OutputFormat } from '../output/format-kind.ts';
import type { CliProgram, CommandRegistration } from '../program.ts';
import { nounCommand } from '../noun-command.ts';
import { errorJson } from '../shell/run-line.ts';
import { hubOfOption } from './hub-of-option.ts';
import { outcomeLines } from './show-outcome.ts';
import { nounTitles, verbTable } from './verb-table.ts';
import { OptionValues, type Verb } from './verb.ts';
import { IoError } from '#io';

function addConnectionOptions(command: Program, { hasPassword = false }: Verb): void {
  const [passwordFlags, fileFlags] = hasPassword
    ? ['--admin-password <text>', '--admin-password-file <file>']
    : ['--password, --admin-password <text>', '--password-file, --admin-password-file <file>'];
  command
    .optionsGroup('Server:')
    .option('--server <host[:port]>', 'any SoftEther-compatible server, over HTTPS (default: the server here)')
    .option('--data-dir <dir>', 'where the server here keeps its data, and its socket')
    .option('--hub-admin <hub>', 'log in as administrator of this hub only')
    .option(fileFlags, "read the administrator's password from a file (or set HUBFARM_PASSWORD)")
    .option(passwordFlags, "the administrator's password (visible to others in ps)")
    .option('--fingerprint <sha256>', 'the one server certificate to believe')
    .option('--insecure', 'believe any server certificate')
    .optionsGroup('Output:')
    .option('--json', 'raw integers, times as RFC 3339')
    .option('--csv', 'comma-separated values');
}

function outputFormat(options: OptionValues): OutputFormat {
  if (options.isSet('json')) return 'json';
  return options.isSet('csv') ? 'csv' : 'text';
}

const connectionOptions = (options: OptionValues): ConnectionOptions => ({
  server: options.text('server'),
  dataDirectory: options.text('dataDir'),
  adminOfHub: options.text('hubAdmin'),
  password: options.text('adminPassword'),
  passwordFile: options.text('adminPasswordFile'),
  fingerprint: options.text('fingerprint'),
  isInsecure: options.isSet('insecure'),
});

/** For verbs that need none with the options that they were given. */
const noServer = {
  call: (method: string) => Promise.reject(new Error(`${method}: there is no server to call`)),
  close: () => undefined,
};

async function runVerb(cli: CliProgram, verb: Verb, words: readonly string[], options: OptionValues): Promise<void> {
  const isLocal = verb.isLocal?.(options) === true;
  const { api } = isLocal ? { api: noServer } : await openConnection(cli, connectionOptions(options));
  try {
    const named = options.text('hub') ?? options.text('hubAdmin');
    const hubName = verb.needsHub === true ? await hubOfOption(api, named) : '';
    const context = {
      api,
      selection: { hubName: hubName === '' ? undefined : hubName },
      files: cli.files,
      random: cli.random,
      now: () => cli.clock.wallMs(),
      version: cli.version,
      runtime: cli,
      hubName,
      options,
    };
    const outcome = await verb.run(context, words);
    for (const line of outcomeLines(outcome, outputFormat(options), verb.screenColumns))
      cli.terminal.write(`${line}\n`);
    if (outcome.exitCode !== undefined) cli.exit(outcome.exitCode);
  } finally {
    api.close();
  }
}

/** With --json, errors are JSON too: one line on standard error. */
async function runShown(cli: CliProgram, verb: Verb, words: readonly string[], options: OptionValues): Promise<void> {
  try {
    await runVerb(cli, verb, words, options);
  } catch (error) {
    const isExpected = error instanceof CliError || error instanceof IoError;
    if (!isExpected || outputFormat(options) !== 'json') throw error;
    cli.terminal.writeError(`${formatJson({ error: errorJson(error) }, 0)}\n`);
    cli.exit(error instanceof CliError ? error.exitCode : 1);
  }
}

function registerVerb(parent: Program, cli: CliProgram, verb: Verb): void {
  const { words = [], options = [] } = verb;
  const command = parent.command(verb.verb === '' ? verb.noun : verb.verb).description(verb.about);
  for (const word of words) command.argument(word);
  for (const { flags, about } of options) command.option(flags, about);
  if (verb.needsHub === true) command.option('--hub <name>', 'the hub it is about (needed where there are several)');
  addConnectionOptions(command, verb);
  command.action(async () => {
    await runShown(cli, verb, command.args, new OptionValues(command.opts()));
  });
}

/** `hubfarm hub create …` and all the others. */
export const verbCommands: CommandRegistration = (program, cli) => {
  for (const verb of verbTable.filter((entry) => entry.verb === '')) registerVerb(program, cli, verb);
  for (const noun of new Set(verbTable.filter((entry) => entry.verb !== '').map((entry) => entry.noun))) {
    const parent = nounCommand(program, noun, nounTitles[noun] ?? noun);
    const verbs = verbTable.filter((entry) => entry.noun === noun);
    // What follows a wrong verb is not what is wrong.
    parent.allowExcessArguments().allowUnknownOption();
    parent.action(() => {
      const [word] = parent.args;
      if (word === undefined) throw usageError(`hubfarm ${noun} what? see "hubfarm ${noun} --help"`);
      throw usageError(`hubfarm ${noun} has no "${word}", but ${verbs.map(({ verb }) => verb).join(', ')}`);
    });
    for (const verb of verbs) registerVerb(parent, cli, verb);
  }
};
