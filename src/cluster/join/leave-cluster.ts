import { reasonOf } from '#base';
import { asFailure } from './as-failure.ts';
import { ClusterFailure } from './cluster-failure.ts';
import type { ClusterMembershipFiles } from './cluster-state.ts';
import type { ModeChange, StepProgress } from './cluster-steps.ts';
import { doing } from './doing.ts';
import type { JoinClient } from './join-client.ts';
import { removeItself } from './remove-server.ts';
import { restartLater } from './restart-later.ts';
import type { ServerClusterDeps } from './server-cluster-deps.ts';

/** Makes this server stand alone again, and tells its cluster. */
export async function leaveCluster(
  deps: ServerClusterDeps,
  client: JoinClient,
  { isForced }: { readonly isForced: boolean },
  progress: StepProgress,
): Promise<ModeChange> {
  const { state, modes } = deps;
  const files = state.current;
  if (files === undefined) {
    throw new ClusterFailure(
      'NOT_IN_CLUSTER',
      'check this server',
      'this server stands alone: there is nothing to leave',
    );
  }
  const backup = await doing(progress, 'backup', 'write a backup of the configuration', () =>
    modes.backUp('standalone'),
  );
  let isLast = false;
  try {
    isLast = await tellCluster(deps, client, files, progress);
  } catch (error) {
    const isCertain = error instanceof ClusterFailure && error.code === 'NO_SUCH_SERVER';
    if (!isForced && !isCertain) throw notTold(files, error);
    const text = `the cluster was not told (${reasonOf(error)}): run "hubfarm cluster remove ${files.settings.serverName}" at its controller`;
    progress({ step: 'tell', text, state: 'warning' });
  }
  return standAlone(deps, backup, isLast, progress);
}

/** For a server that its controller has removed already. */
export async function forgetCluster(deps: ServerClusterDeps, progress: StepProgress): Promise<ModeChange> {
  const text = 'write a backup of the configuration';
  const backup = await doing(progress, 'backup', text, () => deps.modes.backUp('standalone')).catch(() => '');
  return standAlone(deps, backup, false, progress);
}

async function standAlone(
  deps: ServerClusterDeps,
  backup: string,
  isLast: boolean,
  progress: StepProgress,
): Promise<ModeChange> {
  await deps.state.forget();
  const afterwards = (): Promise<void> => deps.engine.erase();
  // What the cluster had configured goes on with the last one; others come back to what they were before.
  const config = isLast ? { importFrom: backup } : {};
  return restartLater(deps, { to: 'standalone', backup, ...config, afterwards }, progress);
}

function notTold({ settings }: ClusterMembershipFiles, error: unknown): ClusterFailure {
  if (error instanceof ClusterFailure && error.code === 'LAST_CONTROLLER') return error;
  const message = `${reasonOf(error)}. Nothing was changed. To leave without the cluster's knowledge use --force, and run "hubfarm cluster remove ${settings.serverName}" at its controller`;
  const code = error instanceof ClusterFailure ? error.code : 'CANNOT_CONNECT';
  return new ClusterFailure(code, 'tell the cluster', message, { cause: error });
}

/** True: there was nobody else in it. */
async function tellCluster(
  { cluster }: ServerClusterDeps,
  client: JoinClient,
  { settings, identity }: ClusterMembershipFiles,
  progress: StepProgress,
): Promise<boolean> {
  const running = cluster();
  if (running?.controllership.isController() === true) {
    const text = 'take this server out of the cluster';
    return doing(progress, 'tell', text, () => leaveAsController(running.desk, settings.serverName));
  }
  const id = running?.controllership.controller()?.member;
  const view = id === undefined ? undefined : running?.membership.find(id);
  const port = view?.info.publicPorts[0];
  const known = view !== undefined && port !== undefined ? [{ host: view.info.publicAddress, port }] : [];
  const told = settings.controller.host === '' ? [] : [settings.controller];
  const targets = [...known, ...told];
  let failure: unknown = new Error('it is not known who the controller is');
  for (const target of targets) {
    try {
      await client.leave(target, settings.serverName, identity, progress);
      return false;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** True: the last server takes the cluster with it. */
async function leaveAsController(desk: Parameters<typeof removeItself>[0], serverName: string): Promise<boolean> {
  const others = (await desk.registry.list()).filter((record) => record.serverName !== serverName);
  if (others.length === 0) return true;
  try {
    await removeItself(desk, serverName);
    return false;
  } catch (error) {
    throw asFailure(error);
  }
}
