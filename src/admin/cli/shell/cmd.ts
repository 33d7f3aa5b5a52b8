import { IoError } from '#io';
import type { CommandContext } from '../commands/command.ts';
import { openConnection, type Connection } from '../connection.ts';
import { CliError, ExitCode, RefusedError } from '../exit-code.ts';
import { formatJson } from '../json-document.ts';
import type { CliRuntime } from '../runtime.ts';
import type { Asker } from '../syntax/resolve-parameters.ts';
import { cmdHelp } from './cmd-help.ts';
import { parseCmdOptions, type CmdOptions } from './cmd-options.ts';
import { completeLine } from './complete-line.ts';
import { Console } from './console.ts';
import { errorJson, runLine, type Shell } from './run-line.ts';

const MAX_IN_FILE_BYTES = 16 * 1024 * 1024;
/** Lines kept for the arrow keys. */
const MAX_HISTORY = 200;

const promptOf = ({ selection }: CommandContext): string =>
  selection.hubName === undefined ? 'VPN Server>' : `VPN Server/${selection.hubName}>`;

/** `hubfarm cmd`: vpncmd's command line. Resolves with the exit code. */
export async function runCmd(runtime: CliRuntime, argv: readonly string[]): Promise<ExitCode> {
  const options = parseCmdOptions(argv);
  try {
    return await runWith(runtime, options);
  } catch (error) {
    const isExpected = error instanceof CliError || error instanceof IoError;
    if (options.format !== 'json' || !isExpected) throw error;
    runtime.terminal.writeError(`${formatJson({ error: errorJson(error) }, 0)}\n`);
    return error instanceof CliError ? error.exitCode : ExitCode.refused;
  }
}

async function runWith(runtime: CliRuntime, options: CmdOptions): Promise<ExitCode> {
  const { terminal, files } = runtime;
  const console = new Console(terminal, files, options.outFile);
  if (options.isHelpWanted) {
    console.write(cmdHelp);
    return ExitCode.ok;
  }
  await console.start();
  const batch = options.inFile === undefined ? undefined : await readBatch(runtime, options.inFile);
  const connection = await openConnection(runtime, options.connection);
  const shell: Shell = {
    context: newContext(runtime, connection),
    console,
    format: options.format,
    isBatch: options.commandLine === undefined,
    asker: terminal.isInteractive ? newAsker(runtime, console) : undefined,
  };
  try {
    await greet(shell, connection, options);
    if (options.commandLine !== undefined) return await runOne(shell, options.commandLine);
    return batch === undefined ? await runTyped(runtime, shell) : await runBatch(shell, batch);
  } finally {
    connection.api.close();
    await console.flush();
  }
}

async function readBatch({ files }: CliRuntime, path: string): Promise<readonly string[]> {
  const text = (await files.read(path, MAX_IN_FILE_BYTES)).toString('utf8').replace(/^\uFEFF/, '');
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

const newContext = (runtime: CliRuntime, connection: Connection): CommandContext => ({
  api: connection.api,
  selection: { hubName: undefined },
  files: runtime.files,
  random: runtime.random,
  now: () => runtime.clock.wallMs(),
  version: runtime.version,
});

function newAsker({ terminal }: CliRuntime, console: Console): Asker {
  return {
    ask: (prompt) => terminal.readLine(prompt),
    say: (text) => console.write([text]),
    askNewSecret: async () => {
      for (;;) {
        const first = await terminal.readSecret('Password: ');
        const second = first === undefined ? undefined : await terminal.readSecret('Confirm input: ');
        if (first === undefined || second === undefined || first === second) return second;
        console.write(['The two are not the same. Please type both again.']);
      }
    },
  };
}

/** Says where we are, as vpncmd does, and selects the hub. Errors: no connection, wrong password, no such hub. */
async function greet(shell: Shell, connection: Connection, options: CmdOptions): Promise<void> {
  const { context, console, format } = shell;
  const { adminOfHub } = options.connection;
  await context.api.call('GetServerInfo');
  if (format === 'text') {
    const { endpoint, serverName } = connection;
    const where =
      endpoint === undefined ? `"${serverName}" (local socket)` : `"${endpoint.host}" (port ${endpoint.port})`;
    const whole = 'You have administrator privileges for the entire VPN Server.';
    const part = `You have administrator privileges for Virtual Hub '${adminOfHub ?? ''}' on the VPN Server.`;
    console.write([
      `hubfarm ${context.version}`,
      '',
      `Connection has been established with VPN Server ${where}.`,
      '',
      adminOfHub === undefined ? whole : part,
      '',
    ]);
  }
  if (adminOfHub !== undefined) context.selection.hubName = adminOfHub;
  else if (options.hub !== undefined) await selectHub(shell, options.hub);
}

async function selectHub({ context, console, format }: Shell, wanted: string): Promise<void> {
  try {
    const hub = await context.api.call('GetHubStatus', { HubName_str: wanted });
    context.selection.hubName = hub.text('HubName') || wanted;
  } catch (error) {
    if (error instanceof RefusedError) throw new RefusedError(error.number, `hub ${wanted}: ${error.reason}`);
    throw error;
  }
  if (format === 'text') console.write([`The Virtual Hub "${context.selection.hubName}" has been selected.`]);
}

async function runOne(shell: Shell, line: string): Promise<ExitCode> {
  if (shell.format === 'text') shell.console.write([promptOf(shell.context) + line]);
  const code = await runLine(shell, line);
  return code === 'exit' ? ExitCode.ok : code;
}

/** Between the results of several commands, as vpncmd has it, in CSV too; JSON documents name their command. */
function echo({ context, console, format }: Shell, line: string): void {
  if (format !== 'json') console.write([promptOf(context) + line]);
}

/** All lines run; the first failure is what the batch ends with. vpncmd forgets all failures but one of the last line. */
async function runBatch(shell: Shell, lines: readonly string[]): Promise<ExitCode> {
  let result: ExitCode = ExitCode.ok;
  for (const line of lines) {
    echo(shell, line);
    const code = await runLine(shell, line);
    if (code === 'exit') break;
    if (result === ExitCode.ok) result = code;
  }
  return result;
}

/** From a person, or from a script on standard input. */
async function runTyped({ terminal }: CliRuntime, shell: Shell): Promise<ExitCode> {
  const history: string[] = [];
  let result: ExitCode = ExitCode.ok;
  for (;;) {
    const prompt = promptOf(shell.context);
    const line = await terminal.readLine(prompt, { complete: completeLine, history });
    if (line === undefined) {
      if (terminal.isInteractive) shell.console.write(['']);
      break;
    }
    if (line.trim() === '') continue;
    if (!terminal.isInteractive) echo(shell, line);
    // What has a password in it is not kept.
    if (!/password/i.test(line)) history.unshift(line);
    history.splice(MAX_HISTORY);
    const code = await runLine(shell, line);
    if (code === 'exit') break;
    if (result === ExitCode.ok) result = code;
  }
  return terminal.isInteractive ? ExitCode.ok : result;
}
