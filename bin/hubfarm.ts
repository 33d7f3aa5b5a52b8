import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { homedir } from 'node:os';
import { cliCommands, runProgram, type CliRuntime, type CommandRegistration } from '#admin';
import { configCommand, connectCommand, serveCommand, type ServeRuntime } from '#app';
import {
  createNodeClock,
  createNodeIo,
  createNodeRandom,
  nodeUserFiles,
  NodeTerminal,
  openNodeHttpClient,
} from '#io/node';

const serveRuntime: ServeRuntime = {
  createIo: createNodeIo,
  stopSignal: () =>
    new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
    }),
  logOutput: process.stdout,
  isTerminal: process.stdout.isTTY,
  abort: () => process.exit(1),
};

/** Every command of `hubfarm`. A new one is one line here. */
const registrations: readonly CommandRegistration[] = [
  ...cliCommands,
  serveCommand(serveRuntime),
  connectCommand(serveRuntime),
  configCommand,
];

function packageVersion(): string {
  const file = findPackageJSON('..', import.meta.url);
  if (file === undefined) throw new Error('package.json is missing: this installation is incomplete');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** `hubfarm … | head` closes our output early: that ends us quietly, as it does other tools. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const runtime: CliRuntime = {
  terminal: new NodeTerminal({ input: process.stdin, output: process.stdout, errors: process.stderr }),
  files: nodeUserFiles,
  random: createNodeRandom(),
  clock: createNodeClock(),
  openHttp: openNodeHttpClient,
  environment: process.env,
  homeDirectory: homedir(),
  version: packageVersion(),
};

process.exitCode = await runProgram(process.argv.slice(2), runtime, registrations);
