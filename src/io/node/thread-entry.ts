import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { ThreadBody, ThreadPort } from '../threads.ts';

/** The first module of every thread: fetches the body that was asked for and runs it. */
interface Start {
  readonly module: string;
  readonly input: unknown;
}

function isBody(value: unknown): value is { readonly run: ThreadBody } {
  return typeof value === 'object' && value !== null && 'run' in value && typeof value.run === 'function';
}

function portOf(parent: MessagePort): ThreadPort {
  return {
    post: (message) => parent.postMessage(message),
    receive: (message) => void parent.on('message', message),
    close: () => parent.close(),
  };
}

async function start(parent: MessagePort, { module, input }: Start): Promise<void> {
  const body: unknown = await import(module);
  if (!isBody(body)) throw new Error(`${module} exports no function run`);
  body.run(portOf(parent), input);
}

if (parentPort !== null) await start(parentPort, workerData as Start);
