import type { Writable } from 'node:stream';
import type { CliProgram, CommandRegistration } from '#admin/cli';
import { HubfarmError } from '#base';
import type { NodeIo } from '#io/node';
import { ConfigError } from './config/config-error.ts';
import { readEnvironment } from './config/environment.ts';
import { loadConfig } from './config/load-config.ts';
import { readConfigFile } from './config/read-config-file.ts';
import type { Config } from './config/sections.ts';
import { createLogger, createRecordWriter, openLogOutput } from './log.ts';
import { startServer } from './server.ts';
import { welcomeText } from './welcome-text.ts';

/** What `serve` needs of the process besides the command line's own runtime. bin supplies it. */
export interface ServeRuntime {
  readonly createIo: () => NodeIo;
  /** Resolves with the name of the signal that asks the server to stop. */
  readonly stopSignal: () => Promise<string>;
  /** Where the log goes: standard output. */
  readonly logOutput: Writable;
  readonly isTerminal: boolean;
  /** Ends the process at once, whatever still holds it up: because it did not stop in time. */
  readonly abort: () => void;
  /** The same after everything has stopped. */
  readonly exit: () => void;
}

interface ServeOptions {
  readonly dataDir?: string;
  readonly config?: string;
  readonly listen?: string;
  readonly sip?: string;
  readonly members?: string;
  readonly set?: readonly string[];
}

const failed = 1;
/** A disk that does not answer must not keep the server from ending within the promised 5 s. */
const stopDeadlineMs = 4_700;
const flushDeadlineMs = 500;

/** `hubfarm serve`: the server, in the foreground, until a signal ends it. */
export const serveCommand =
  (runtime: ServeRuntime): CommandRegistration =>
  (program, cli) => {
    program
      .command('serve')
      .description('run the server in the foreground')
      .option('--data-dir <folder>', 'where everything is kept that must survive a restart (server.dataDirectory)')
      .option('--config <file>', 'TOML file of settings (see `hubfarm config example`)')
      .option('--listen <[address:]port,…>', 'where to listen (listeners.addresses)')
      .option('--sip <[address:]port,…>', 'where the SIP server listens, by UDP and TCP; "" = nowhere (sip.listen)')
      .option('--members <number>', 'threads that serve, or "auto": one for each core (server.members)')
      .option('--set <section.key=value...>', 'one setting, over that of the file')
      .action(async (options: ServeOptions) => {
        try {
          const file = options.config === undefined ? undefined : await readConfigFile(cli.files, options.config);
          const config = loadConfig(file, overridesOf(options));
          await serve(runtime, cli, config);
        } catch (error) {
          cli.terminal.writeError(`${problemsOf(error).join('\n')}\n`);
          cli.exit(failed);
        }
      });
  };

function overridesOf({ dataDir, listen, sip, members, set = [] }: ServeOptions): string[] {
  return [
    ...(dataDir === undefined ? [] : [`server.dataDirectory=${dataDir}`]),
    ...(listen === undefined ? [] : [`listeners.addresses=${listen}`]),
    ...(sip === undefined ? [] : [`sip.listen=${sip}`]),
    ...(members === undefined ? [] : [`server.members=${members}`]),
    ...set,
  ];
}

async function serve(runtime: ServeRuntime, cli: CliProgram, config: Config): Promise<void> {
  const { adminPassword, engineProgram } = readEnvironment(cli.environment);
  // Before anything can take long: a signal during the start is not lost.
  const stopSignal = runtime.stopSignal();
  const io = runtime.createIo();
  const output = openLogOutput(runtime.logOutput, io.clock);
  const { isTerminal } = runtime;
  // https://no-color.org
  const isColoured = isTerminal && (cli.environment['NO_COLOR'] ?? '') === '';
  const { level, format } = config.log;
  const writeRecord = createRecordWriter({ format, output, isTerminal, isColoured });
  const logger = createLogger({ level, clock: io.clock, writeRecord });
  const packageVersion = cli.version;
  const initialAdminPassword = adminPassword;
  const server = await startServer({
    config,
    io,
    logger,
    writeRecord,
    initialAdminPassword,
    engineProgram: config.cluster.engineProgram || engineProgram || 'etcd',
    packageVersion,
  });
  cli.terminal.writeError(welcomeText(server, config));
  logger.info({ version: packageVersion, dataDirectory: config.server.dataDirectory }, 'server is up');
  const signal = await stopSignal;
  logger.info({ signal }, 'server is stopping');
  await server.leave();
  // Whatever does not stop (a disk that does not answer, a log that nobody reads): the process ends.
  io.clock.after(stopDeadlineMs, () => runtime.abort());
  await server.stop();
  logger.info({}, 'server has stopped');
  await Promise.race([output.flush(), new Promise<void>((late) => io.clock.after(flushDeadlineMs, late))]);
  runtime.exit();
}

/** One clear line for each thing that is wrong; what nobody expected goes on, with its stack. */
function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems.map((problem) => `hubfarm: ${problem}`);
  if (error instanceof HubfarmError) return [`hubfarm: ${error.message}`];
  throw error;
}
