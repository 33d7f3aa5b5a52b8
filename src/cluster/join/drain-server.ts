import { reasonOf, type Logger } from '#base';
import type { Clock } from '#io';
import { parseMemberId, type MemberId } from '../member-id.ts';
import type { Membership, MemberView } from '../membership.ts';
import { clusterServices, drainBody } from './bus-messages.ts';
import { ClusterFailure } from './cluster-failure.ts';
import type { StepProgress } from './cluster-steps.ts';
import { membersOf, notRunning } from './controller-steps.ts';
import { doing } from './doing.ts';
import type { RunningCluster } from './running-cluster.ts';

/** It answers when the engine has noted it, which may be slow. One that has ended is known at once. */
const callTimeoutMs = 30_000;

export interface DrainRequest {
  readonly serverName: string;
  /** False: sessions and calls may come again. */
  readonly isDraining: boolean;
  readonly clock: Clock;
  /** See `ServerClusterDeps`. */
  readonly drainCallsMs: number;
}

/**
 * Nothing new is placed on that server from now on (or again). Draining is done when its last session has left, and the
 * last call has ended whose media go through it, which nobody can take over: or when those calls have had their time.
 */
export async function drainServer(
  cluster: RunningCluster,
  { serverName, isDraining, clock, drainCallsMs }: DrainRequest,
  progress: StepProgress,
): Promise<void> {
  const members = membersOf(cluster, serverName);
  if (members.length === 0) throw await notRunning(cluster, serverName);
  for (const id of members) {
    const text = `${isDraining ? 'place nothing new on' : 'place new sessions on'} ${id}`;
    await doing(progress, 'drain', text, () => setDraining(cluster, id, isDraining));
  }
  if (!isDraining) return;
  const untilMs = clock.nowMs() + drainCallsMs;
  for (const id of members) await emptied(cluster.membership, id, clock, untilMs, progress);
}

async function setDraining(
  { bus, membership }: Pick<RunningCluster, 'bus' | 'membership'>,
  id: MemberId,
  isDraining: boolean,
): Promise<void> {
  if (id === membership.self.id) {
    await membership.announce({ isDraining });
    return;
  }
  try {
    await bus.call(id, clusterServices.drain, drainBody(isDraining), { timeoutMs: callTimeoutMs });
  } catch (error) {
    throw new ClusterFailure('NO_SUCH_SERVER', 'drain a server', `${id} does not answer: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** The members of this very server drain: it is about to be stopped. Who does not answer is about to end, too. */
export async function drainOwnServer({
  bus,
  membership,
  logger,
}: Pick<RunningCluster, 'bus' | 'membership'> & { readonly logger: Logger }): Promise<void> {
  const own = parseMemberId(membership.self.id)?.server;
  const members = membership.members().filter(({ info }) => parseMemberId(info.id)?.server === own);
  await Promise.all(
    members.map(async ({ info: { id } }) => {
      try {
        await setDraining({ bus, membership }, id, true);
      } catch (error) {
        logger.warn({ err: error, member: id }, 'a member of this server could not be told to drain');
      }
    }),
  );
}

/** Says what is left on a member each time that it reports, until there is nothing, it drains no more, or the time is over. */
function emptied(
  membership: Membership,
  id: MemberId,
  clock: Clock,
  untilMs: number,
  progress: StepProgress,
): Promise<void> {
  return new Promise((resolve) => {
    let shown = '';
    const look = (): boolean => {
      const state = stateOf(membership.find(id), id, clock.nowMs() >= untilMs);
      if (state.text !== shown) progress({ step: 'sessions', ...state });
      shown = state.text;
      return state.state !== 'started';
    };
    if (look()) {
      resolve();
      return;
    }
    const end = (): void => {
      unfollow();
      timer.cancel();
      resolve();
    };
    const unfollow = membership.onChange(() => {
      if (look()) end();
    });
    const timer = clock.after(Math.max(0, untilMs - clock.nowMs()), () => {
      if (look()) end();
    });
  });
}

interface DrainState {
  readonly state: 'started' | 'done' | 'warning';
  readonly text: string;
}

function stateOf(view: MemberView | undefined, id: MemberId, isLate: boolean): DrainState {
  const { sessions = 0, mediaCalls = 0 } = view?.load ?? {};
  if (view?.info.isDraining !== true || sessions + mediaCalls === 0) {
    return { state: 'done', text: `no session is left on ${id}, and no call whose media go through it` };
  }
  if (sessions === 0 && isLate) {
    const text = `${callsText(mediaCalls)} through ${id} still: nobody is heard any more in ${mediaCalls === 1 ? 'it' : 'them'} when it is stopped, until the next re-INVITE`;
    return { state: 'warning', text };
  }
  const parts = [
    ...(sessions === 0 ? [] : [`${sessions} sessions on ${id} are told to connect again`]),
    ...(mediaCalls === 0 ? [] : [`${callsText(mediaCalls)} through ${id}, and may end`]),
  ];
  return { state: 'started', text: parts.join('; ') };
}

const callsText = (calls: number): string => (calls === 1 ? '1 call has its media' : `${calls} calls have their media`);
