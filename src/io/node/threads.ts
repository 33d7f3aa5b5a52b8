import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Thread, Threads, ThreadSink } from '../threads.ts';
import { asError } from './errno.ts';
import { closeLeft, newDescriptorNotes } from './thread-descriptors.ts';
import { openChannel, seal, unseal } from './thread-ports.ts';

export function createNodeThreads(): Threads {
  return { start: startThread, channel: openChannel };
}

/**
 * A native library that nobody but a thread has loaded is taken out of memory with it, and before the loop of the thread has
 * closed what the library had opened: that would end the process. So this thread has it too.
 */
function keepNativeLibrary(): void {
  try {
    createRequire(import.meta.url)('koffi');
  } catch {
    // Then the thread has none either.
  }
}

function startThread(module: URL, input: unknown, sink: ThreadSink): Thread {
  // Built, this file is .js; from a checkout it is .ts.
  const entry = new URL(`./thread-entry${import.meta.url.slice(-3)}`, import.meta.url);
  keepNativeLibrary();
  const descriptors = newDescriptorNotes();
  const worker = new Worker(entry, { workerData: { module: module.href, input, descriptors } });
  let failure: Error | undefined;
  worker.on('message', (envelope: unknown) => {
    const { message, ends } = unseal(envelope);
    sink.message(message, ends);
  });
  worker.on('error', (error: unknown) => (failure = asError(error)));
  worker.on('exit', () => {
    closeLeft(descriptors);
    sink.ended(failure);
  });
  return {
    post: (message, ends = []) => worker.postMessage(...seal(message, ends)),
    terminate: () => void worker.terminate(),
  };
}
