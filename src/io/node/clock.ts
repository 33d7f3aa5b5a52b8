import type { Clock, Timer } from '../clock.ts';

/** The longest delay that the runtime's timers take; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The machine's time. Timers of `after` keep the process alive until they ran: what waits there is work (a reconnect, a
 * deadline). Timers of `every` do not: housekeeping alone is no reason to stay.
 */
export function createNodeClock(): Clock {
  return {
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
    after,
    every(intervalMs, run) {
      const timer = setInterval(run, Math.min(intervalMs, MAX_DELAY_MS));
      timer.unref();
      return { cancel: () => clearInterval(timer) };
    },
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
