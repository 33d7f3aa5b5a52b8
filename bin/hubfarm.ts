import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { homedir } from 'node:os';
import { cliCommands, runProgram, type CliRuntime, type CommandRegistration } from '#admin/cli';
import type { ServeRuntime } from '#app';
import {
  createNodeClock,
  createNodeIo,
  createNodeRandom,
  nodeUserFiles,
  NodeTerminal,
  openNodeHttpClient,
} from '#io/node';

const words = process.argv.slice(2);
/** They go on when their output goes nowhere: nobody reads it any more, or its disk is full. */
const isLongRunning = ['serve', 'connect'].includes(words[0] ?? '');

const serveRuntime: ServeRuntime = {
  createIo: () => {
    // Whatever we write holds hashes of passwords or a private key: nobody else's to read.
    process.umask(0o077);
    return createNodeIo();
  },
  stopSignal: () =>
    new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
    }),
  logOutput: process.stdout,
  isTerminal: process.stdout.isTTY,
  abort: () => process.exit(1),
  exit: () => process.exit(0),
};

/** Commands of `#app`, which brings the whole server: half a second that nobody else has to wait. */
const appWords = ['serve', 'connect', 'config', 'help'];

/** Every command of `hubfarm`. A new one is one line here. */
async function registrations(word: string | undefined): Promise<readonly CommandRegistration[]> {
  const needsApp = word === undefined || word.startsWith('-') || appWords.includes(word);
  if (!needsApp) return cliCommands;
  const { configCommand, connectCommand, serveCommand } = await import('#app');
  return [...cliCommands, serveCommand(serveRuntime), connectCommand(serveRuntime), configCommand];
}

function packageVersion(): string {
  const file = findPackageJSON('..', import.meta.url);
  if (file === undefined) throw new Error('package.json is missing: this installation is incomplete');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

let isOutputLost = false;
/** `hubfarm … | head` closes our output early: that ends us quietly, as it does other tools, but for the long-running. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const isUnread = error.code === 'EPIPE';
  if (!isUnread && !isOutputLost) {
    const goesOn = isLongRunning ? '; what cannot be written is lost, all else goes on' : '';
    process.stderr.write(`hubfarm: cannot write to the standard output: ${error.message}${goesOn}\n`);
  }
  isOutputLost = true;
  if (!isLongRunning) process.exit(isUnread ? 0 : 1);
});
// There is nowhere left to say it.
process.stderr.on('error', () => undefined);

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

process.exitCode = await runProgram(words, runtime, await registrations(words[0]));
