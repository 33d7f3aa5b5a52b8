import type { Clock, Timer } from '../clock.ts';
import { Periodics } from './periodics.ts';

/** The longest delay that the runtime's timers take; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;
/** The first time may come after one and a half of it. */
const LONGEST_INTERVAL_MS = 2 ** 30;

/**
 * The machine's time. Timers of `after` keep the process alive until they ran: what waits there is work (a reconnect, a
 * deadline). Timers of `every` do not: housekeeping alone is no reason to stay.
 */
export function createNodeClock(): Clock {
  const periodics = new Periodics(() => performance.now());
  return {
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
    after,
    every: (intervalMs, run) => periodics.add(Math.min(intervalMs, LONGEST_INTERVAL_MS), run),
    soon(run) {
      setImmediate(run);
    },
  };
}

function after(delayMs: number, run: () => void): Timer {
  if (delayMs <= MAX_DELAY_MS) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }
  let rest = after(MAX_DELAY_MS, () => {
    rest = after(delayMs - MAX_DELAY_MS, run);
  });
  return { cancel: () => rest.cancel() };
}
