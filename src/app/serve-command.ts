import type { Writable } from 'node:stream';
import type { CommandRegistration } from '#admin/cli';
import { HubfarmError, type Logger } from '#base';
import type { Terminal } from '#io';
import type { NodeIo } from '#io/node';
import { ConfigError } from './config/config-error.ts';
import { readEnvironment } from './config/environment.ts';
import { loadConfig } from './config/load-config.ts';
import { readConfigFile } from './config/read-config-file.ts';
import type { Config } from './config/sections.ts';
import { createLogger, openLogOutput } from './log.ts';
import { startServer, type RunningServer } from './server.ts';
import { welcomeText } from './welcome-text.ts';

/** What `serve` needs of the process besides the command line's own runtime. bin supplies it. */
export interface ServeRuntime {
  readonly createIo: () => NodeIo;
  /** Resolves with the name of the signal that asks the server to stop. */
  readonly stopSignal: () => Promise<string>;
  /** Where the log goes: standard output. */
  readonly logOutput: Writable;
  readonly isTerminal: boolean;
  /** Ends the process at once, whatever still holds it up. */
  readonly abort: () => void;
}

interface ServeOptions {
  readonly dataDir?: string;
  readonly config?: string;
  readonly listen?: string;
  readonly set?: readonly string[];
}

const failed = 1;
/** A disk that does not answer must not keep the server from ending within the promised 5 s. */
const stopDeadlineMs = 4_700;

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
      .option('--set <section.key=value...>', 'one setting, over that of the file')
      .action(async (options: ServeOptions) => {
        try {
          const file = options.config === undefined ? undefined : await readConfigFile(cli.files, options.config);
          const config = loadConfig(file, overridesOf(options));
          const { adminPassword } = readEnvironment(cli.environment);
          await serve(runtime, config, adminPassword, cli.version, cli.terminal);
        } catch (error) {
          cli.terminal.writeError(`${problemsOf(error).join('\n')}\n`);
          cli.exit(failed);
        }
      });
  };

function overridesOf({ dataDir, listen, set = [] }: ServeOptions): string[] {
  return [
    ...(dataDir === undefined ? [] : [`server.dataDirectory=${dataDir}`]),
    ...(listen === undefined ? [] : [`listeners.addresses=${listen}`]),
    ...set,
  ];
}

async function serve(
  runtime: ServeRuntime,
  config: Config,
  adminPassword: string | undefined,
  packageVersion: string,
  terminal: Terminal,
): Promise<void> {
  // Before anything can take long: a signal during the start is not lost.
  const stopSignal = runtime.stopSignal();
  const io = runtime.createIo();
  const output = openLogOutput(runtime.logOutput);
  const { isTerminal } = runtime;
  const logger = createLogger({ settings: config.log, clock: io.clock, output, isTerminal, isColoured: isTerminal });
  const server = await startServer({ config, io, logger, initialAdminPassword: adminPassword, packageVersion });
  terminal.writeError(welcomeText(server, config));
  logger.info({ version: packageVersion, dataDirectory: config.server.dataDirectory }, 'server is up');
  const signal = await stopSignal;
  const deadline = io.clock.after(stopDeadlineMs, () => {
    logger.error({}, 'something does not stop in time: ending without it');
    runtime.abort();
  });
  await stopped(server, signal, logger);
  deadline.cancel();
}

async function stopped(server: RunningServer, signal: string, logger: Logger): Promise<void> {
  logger.info({ signal }, 'server is stopping');
  await server.stop();
  logger.info({}, 'server has stopped');
}

/** One clear line for each thing that is wrong; what nobody expected goes on, with its stack. */
function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems.map((problem) => `hubfarm: ${problem}`);
  if (error instanceof HubfarmError) return [`hubfarm: ${error.message}`];
  throw error;
}
