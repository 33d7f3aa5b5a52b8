import type { Clock } from '#io';

/** An engine that is away must not keep a server from stopping: its leases end by themselves. */
export const engineFarewellMs = 700;

/** Waits for `done`, but no longer; what comes of it later is nobody's concern any more. */
export async function atMost(clock: Clock, ms: number, done: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<undefined>();
  const timer = clock.after(ms, () => late.resolve(undefined));
  // It may reject after the time, too.
  done.catch(() => undefined);
  try {
    await Promise.race([done, late.promise]);
  } finally {
    timer.cancel();
  }
}
