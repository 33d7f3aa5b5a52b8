import type { Clock } from '#io';
import type { HandshakeContext, MethodRequest } from './context.ts';

/** `neither`: not looked at (a server that could not be asked), or refused for what is no guess (an expired user). */
export type ProofResult = 'right' | 'wrong' | 'neither';

/**
 * Looks at a proof under the guard: undefined where the source is banned, late where it has failed before. The guard is
 * asked again after the delay, and the failure counted in the same turn as the check, so that a hundred attempts at
 * once are worth no more than one after the other.
 */
export async function guarded<T>(
  context: HandshakeContext,
  request: MethodRequest,
  account: string,
  check: () => Promise<T> | T,
  resultOf: (checked: T) => ProofResult,
): Promise<T | undefined> {
  const { guard, clock, counters, logger } = context;
  const { address } = request.remote;
  const first = guard.ask(address, account);
  if (first.kind === 'check' && first.delayMs > 0) await delay(clock, first.delayMs);
  if (first.kind === 'refuse' || guard.ask(address, account).kind === 'refuse') {
    counters.guardRefusals++;
    return undefined;
  }
  const outcome = check();
  const checked = outcome instanceof Promise ? await outcome : outcome;
  const result = resultOf(checked);
  if (result === 'right') guard.succeeded(address, account);
  if (result !== 'wrong') return checked;
  for (const kind of guard.failed(address, account)) {
    counters.bansBegun++;
    logger.warn({ address, account, ban: kind }, 'too many log-in failures: a ban begins');
  }
  return checked;
}

/** For a check that is right or wrong. */
export function rightOrWrong(isRight: boolean): ProofResult {
  return isRight ? 'right' : 'wrong';
}

function delay(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
