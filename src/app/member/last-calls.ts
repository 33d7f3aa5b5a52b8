import { drainOwnServer, parseMemberId } from '#cluster';
import type { ServerOptions } from '../server-options.ts';
import type { Member } from './assembly.ts';
import { atMost } from './at-most.ts';

/** What other members report of their calls may be so old. */
const reportAgeMs = 2_500;
const lookEveryMs = 250;
/** The engine may be away. */
const announceMs = 1_000;
/** How often the log says how many are left. */
const tellEveryMs = 30_000;

export type LeavingMember = Pick<Member, 'place' | 'mediaCalls' | 'refuseCalls'>;

/**
 * The first half of an orderly stop: new calls go to other servers of the farm (or are refused, where there is none), and those
 * whose media go through this server, which nobody can take over, have `media.stopS` to end.
 */
export async function lastCalls(
  first: LeavingMember,
  { config, io, logger }: Pick<ServerOptions, 'config' | 'io' | 'logger'>,
): Promise<void> {
  const { clock } = io;
  const limitMs = config.media.stopS * 1000;
  if (limitMs === 0) return;
  const beganMs = clock.nowMs();
  if (first.place === undefined) first.refuseCalls();
  else
    await atMost(clock, announceMs, drainOwnServer({ bus: first.place.bus, membership: first.place.registry, logger }));
  const knownMs = first.place === undefined ? 0 : reportAgeMs;
  let toldMs = -Infinity;
  for (;;) {
    const left = callsOf(first);
    const passedMs = clock.nowMs() - beganMs;
    if (left === 0 && passedMs >= knownMs) return;
    if (passedMs >= limitMs) {
      logger.warn({ calls: left }, `${left} calls have their media here still: nobody is heard in them any more`);
      return;
    }
    if (left > 0 && clock.nowMs() - toldMs >= tellEveryMs) {
      toldMs = clock.nowMs();
      logger.info({ calls: left, limitMs }, 'waiting for the end of calls whose media go through this server');
    }
    await new Promise<void>((resolve) => void clock.after(lookEveryMs, resolve));
  }
}

/** Of all members of this server. */
function callsOf(first: LeavingMember): number {
  const { place } = first;
  if (place === undefined) return first.mediaCalls();
  const { self } = place.registry;
  const own = parseMemberId(self.id)?.server;
  const others = place.registry
    .members()
    .filter(({ info: { id } }) => id !== self.id && parseMemberId(id)?.server === own);
  return others.reduce((sum, { load }) => sum + (load?.mediaCalls ?? 0), first.mediaCalls());
}
