import { readFileSync } from 'node:fs';

/**
 * Measures how long something takes, for limits that are promises of the product. Elsewhere they hold as they are; on a
 * machine where processes wait for the processor or the disk all the time, what took twice as long counts as once.
 */
export class FairStopwatch {
  readonly #startedMs = performance.now();
  readonly #stalledMs = stalledMs();

  /** So many ms would it have taken on a machine with nothing else to do. */
  get ms(): number {
    const ms = performance.now() - this.#startedMs;
    const share = Math.min(1, Math.max(0, stalledMs() - this.#stalledMs) / ms);
    return ms / (1 + share);
  }
}

/** Since the start of the machine: how long some process could have run and did not (PSI). 0 where that is not counted. */
function stalledMs(): number {
  const total = (of: string): number => {
    try {
      return Number(/^some .*total=(\d+)/m.exec(readFileSync(`/proc/pressure/${of}`, 'latin1'))?.[1] ?? 0) / 1000;
    } catch {
      return 0;
    }
  };
  return total('cpu') + total('io');
}
