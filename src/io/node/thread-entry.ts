import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { ThreadBody } from '../threads.ts';
import { createNodeClock } from './clock.ts';
import { wrapPort } from './thread-ports.ts';

/** The first module of every thread: fetches the body that was asked for and runs it. */
interface Start {
  readonly module: string;
  readonly input: unknown;
}

function isBody(value: unknown): value is { readonly run: ThreadBody } {
  return typeof value === 'object' && value !== null && 'run' in value && typeof value.run === 'function';
}

async function start(parent: MessagePort, { module, input }: Start): Promise<void> {
  const body: unknown = await import(module);
  if (!isBody(body)) throw new Error(`${module} exports no function run`);
  body.run(wrapPort(parent), input, createNodeClock());
}

if (parentPort !== null) await start(parentPort, workerData as Start);
