import { closeSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

/**
 * What a thread opens through native calls the runtime knows nothing of: it would stay open when the thread dies, and the
 * kernel would go on handing it packets. So each thread notes such descriptors where whoever started it can read them: one
 * bit for each number, in memory that both share. Numbers beyond are not noted.
 */
const DESCRIPTORS = 1 << 20;

export type DescriptorNotes = SharedArrayBuffer;

/** For a thread that is about to be started. */
export const newDescriptorNotes = (): DescriptorNotes => new SharedArrayBuffer(DESCRIPTORS / 8);

function notesOfThisThread(): Int32Array | undefined {
  const data: unknown = isMainThread ? undefined : workerData;
  const isOurs = typeof data === 'object' && data !== null && 'descriptors' in data;
  return isOurs && data.descriptors instanceof SharedArrayBuffer ? new Int32Array(data.descriptors) : undefined;
}

type Call = (...args: readonly unknown[]) => number;

/** The same call, which opens a descriptor; it must be closed by a call of `closes`. */
export function opens(call: Call): Call {
  const notes = notesOfThisThread();
  if (notes === undefined) return call;
  return (...args) => {
    const fd = call(...args);
    if (fd >= 0 && fd < DESCRIPTORS) Atomics.or(notes, fd >> 5, 1 << (fd & 31));
    return fd;
  };
}

/** Forgotten first: the number is anybody's as soon as it is closed. */
export function closes(call: Call): Call {
  const notes = notesOfThisThread();
  if (notes === undefined) return call;
  return (fd) => {
    if (typeof fd === 'number' && fd >= 0 && fd < DESCRIPTORS) Atomics.and(notes, fd >> 5, ~(1 << (fd & 31)));
    return call(fd);
  };
}

/** The thread has ended: closes what it left. */
export function closeLeft(descriptors: DescriptorNotes): void {
  const notes = new Int32Array(descriptors);
  for (let word = 0; word < notes.length; word++) {
    for (let left = Atomics.exchange(notes, word, 0); left !== 0; left &= left - 1) {
      const bit = 31 - Math.clz32(left & -left);
      try {
        closeSync((word << 5) | bit);
      } catch {
        // It was about to be closed when the thread ended.
      }
    }
  }
}
