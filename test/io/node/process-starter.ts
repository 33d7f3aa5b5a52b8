import { createNodeProcesses } from '../../../src/io/node/processes.ts';

/** Starts a program that would run for a minute, and prints its number. To be killed. Argument: the process file. */
const options = { program: 'sleep', args: ['60'], environment: {}, pidFile: process.argv[2]! };
const { pid } = await createNodeProcesses().start(options, { line: () => undefined, ended: () => undefined });
process.stdout.write(`${pid}\n`);
