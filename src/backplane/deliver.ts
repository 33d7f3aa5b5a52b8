import type { Batch } from './backplane.ts';

/** Hands a batch to a consumer. One that throws is a fault of the program and ends it. */
export function deliverOrFail(deliver: (batch: Batch) => void, batch: Batch): void {
  try {
    deliver(batch);
  } catch (error) {
    // The other watchers get their batch first; then it ends as an uncaught exception.
    queueMicrotask(() => {
      throw error;
    });
  }
}
