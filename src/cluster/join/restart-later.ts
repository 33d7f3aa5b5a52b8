import { reasonOf } from '#base';
import type { ClusterMode } from '../cluster-modes.ts';
import { ClusterFailure } from './cluster-failure.ts';
import type { ModeChange, StepProgress } from './cluster-steps.ts';
import { doing } from './doing.ts';
import { joinTimes } from './join-times.ts';
import type { ServerClusterDeps } from './server-cluster-deps.ts';

export interface Restart {
  readonly to: ClusterMode;
  readonly backup: string;
  readonly importFrom?: string;
  /** What else is to be taken back when the server does not start in its new mode. */
  readonly takeBack?: () => Promise<void>;
  /** When it has started. */
  readonly afterwards?: () => Promise<void>;
}

/**
 * Starts the server in the mode that `ClusterState` holds, when whoever asked for it has had its answer. Where it does not
 * start, it stands alone again (as before init and join).
 */
export function restartLater(deps: ServerClusterDeps, restart: Restart, progress: StepProgress): ModeChange {
  const { clock, modes, logger } = deps;
  const text = `start this server as ${inWords[restart.to]}`;
  const run = async (): Promise<void> => {
    const options = restart.importFrom === undefined ? {} : { importFrom: restart.importFrom };
    try {
      await doing(progress, 'restart', text, () => modes.restart(options));
      await restart.afterwards?.();
    } catch (error) {
      logger.error({ err: error }, `this server did not start as ${inWords[restart.to]}`);
      throw await recover(deps, restart, error);
    }
  };
  const restarted = new Promise<void>((resolve, reject) => {
    clock.after(joinTimes.restartDelayMs, () => void run().then(resolve, reject));
  });
  // Whoever asked may have gone: the log has it then.
  restarted.catch(() => undefined);
  return { backup: restart.backup, restarted };
}

const inWords: Readonly<Record<ClusterMode, string>> = {
  standalone: 'a server that stands alone',
  controller: 'the controller of its cluster',
  member: 'a member of the cluster',
};

async function recover(deps: ServerClusterDeps, restart: Restart, cause: unknown): Promise<ClusterFailure> {
  const step = 'start this server again';
  const problem = `it did not start as ${inWords[restart.to]}: ${reasonOf(cause)}`;
  if (restart.to === 'standalone') return new ClusterFailure('RESTART', step, problem, { cause });
  try {
    await restart.takeBack?.();
  } catch (error) {
    deps.logger.error({ err: error }, 'the cluster could not be told');
  }
  try {
    await deps.state.forget();
    await deps.modes.restart();
    await deps.engine.erase();
  } catch (error) {
    const message = `${problem}. Standing alone again failed too: ${reasonOf(error)}. Its configuration is in ${restart.backup}`;
    return new ClusterFailure('RESTART', step, message, { cause });
  }
  return new ClusterFailure('RESTART', step, `${problem}. It stands alone again, as before`, { cause });
}
