import type { Clock } from '#io';
import type { LoginGuard } from '#base';

/** Counts failed log-ins of all kinds together, slows down and stops those who guess. */
export type Guard = Pick<LoginGuard, 'ask' | 'failed' | 'succeeded'>;

export type Proof = 'right' | 'wrong' | 'banned';

/**
 * Looks at a password under the guard: late where the source has failed before, not at all where it is banned. The
 * guard is asked again after the delay, so that many attempts at once are worth no more than one after the other.
 */
export async function checkUnderGuard(
  guard: Guard,
  clock: Clock,
  address: string,
  account: string,
  check: () => boolean,
): Promise<Proof> {
  const first = guard.ask(address, account);
  if (first.kind === 'refuse') return 'banned';
  if (first.delayMs > 0) {
    await new Promise<void>((resolve) => {
      clock.after(first.delayMs, resolve);
    });
    if (guard.ask(address, account).kind === 'refuse') return 'banned';
  }
  if (check()) {
    guard.succeeded(address, account);
    return 'right';
  }
  guard.failed(address, account);
  return 'wrong';
}
