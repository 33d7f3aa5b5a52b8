import type { ByteStream, Clock } from '#io';

/**
 * Resolves when all of `streams`, which are being closed, have sent their close_notify and are gone. What is not after
 * `timeoutMs` is destroyed.
 */
export function allEnded(streams: readonly ByteStream[], clock: Clock, timeoutMs: number): Promise<void> {
  const open = new Set(streams);
  if (open.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.after(timeoutMs, () => {
      for (const stream of open) stream.destroy();
      resolve();
    });
    for (const stream of streams) {
      stream.receive({
        data: () => undefined,
        closed: () => {
          open.delete(stream);
          if (open.size > 0) return;
          timer.cancel();
          resolve();
        },
      });
    }
  });
}
