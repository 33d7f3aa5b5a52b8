import { reasonOf } from '#base';
import { Gone } from '../bus.ts';
import { memberIdOf, parseMemberId, type MemberId } from '../member-id.ts';
import { asFailure } from './as-failure.ts';
import { clusterServices, drainBody } from './bus-messages.ts';
import { ClusterFailure } from './cluster-failure.ts';
import { presentEngineRisk } from './cluster-status.ts';
import type { StepProgress } from './cluster-steps.ts';
import { doing } from './doing.ts';
import { removeServer } from './remove-server.ts';
import type { RunningCluster } from './running-cluster.ts';

const callTimeoutMs = 3_000;
/** A server that is busy with the loss of its engine may take its time; nobody else waits for it. */
const tellTimeoutMs = 10_000;

/** The members (threads) of a server that run. */
function membersOf({ membership }: RunningCluster, serverName: string): readonly MemberId[] {
  return membership
    .members()
    .map(({ info }) => info.id)
    .filter((id) => parseMemberId(id)?.server === serverName);
}

/** Takes a server out of the cluster, whether it runs or not. */
export async function removeFromCluster(
  cluster: RunningCluster,
  serverName: string,
  progress: StepProgress,
): Promise<void> {
  if (serverName === parseMemberId(cluster.membership.self.id)?.server) {
    const message = 'this is the server that you talk to: run "hubfarm cluster leave" on it';
    throw new ClusterFailure('BAD_REQUEST', 'remove a server', message);
  }
  const members = membersOf(cluster, serverName);
  await doing(progress, 'remove', `take ${serverName} out of the cluster`, async () => {
    try {
      await removeServer(cluster.desk, serverName);
    } catch (error) {
      throw asFailure(error);
    }
  });
  await warnOfEngine(cluster, progress);
  try {
    // One that has lost its place in the list for a moment is still heard over the bus.
    const first = members.find((id) => id.endsWith('/0')) ?? members[0] ?? memberIdOf(serverName, 0);
    await cluster.bus.call(first, clusterServices.removed, {}, { timeoutMs: tellTimeoutMs });
    progress({ step: 'tell', text: `tell ${serverName}, which stands alone again`, state: 'done' });
  } catch (error) {
    if (error instanceof Gone) return;
    const text = `${serverName} runs, but could not be told (${reasonOf(error)}): run "hubfarm cluster leave --force" on it`;
    progress({ step: 'tell', text, state: 'warning' });
  }
}

async function warnOfEngine(cluster: RunningCluster, progress: StepProgress): Promise<void> {
  const risk = await presentEngineRisk(cluster);
  if (risk !== '') progress({ step: 'engine', text: risk, state: 'warning' });
}

/** Lets a server become the controller. */
export async function promoteServer(
  { desk }: RunningCluster,
  serverName: string,
  progress: StepProgress,
): Promise<void> {
  const record = await desk.registry.find(serverName);
  if (record?.state !== 'joined') throw unknownServer(serverName);
  if (record.isEligible) {
    progress({ step: 'promote', text: `${serverName} may be the controller already`, state: 'done' });
    return;
  }
  await doing(progress, 'engine', `give ${serverName} the rights of a controller in the engine`, async () => {
    try {
      await desk.engine.makeEligible(serverName);
    } catch (error) {
      throw new ClusterFailure('ENGINE', 'promote a server', reasonOf(error), { cause: error });
    }
  });
  await doing(progress, 'promote', `let ${serverName} stand for election`, async () => {
    await desk.registry.write({ ...record, isEligible: true });
  });
}

/** Nothing new is placed on that server from now on (or again). Draining is done when its last session has left. */
export async function drainServer(
  cluster: RunningCluster,
  serverName: string,
  isDraining: boolean,
  progress: StepProgress,
): Promise<void> {
  const members = membersOf(cluster, serverName);
  if (members.length === 0) throw await notRunning(cluster, serverName);
  const { self } = cluster.membership;
  for (const id of members) {
    const text = `${isDraining ? 'place nothing new on' : 'place new sessions on'} ${id}`;
    await doing(progress, 'drain', text, async () => {
      if (id === self.id) await cluster.membership.announce({ isDraining });
      else await ask(cluster, id, isDraining);
    });
  }
  if (!isDraining) return;
  for (const id of members) await emptied(cluster, id, progress);
}

/** Says how many sessions are left on a member each time that it reports, until there is none, or it drains no more. */
function emptied({ membership }: RunningCluster, id: MemberId, progress: StepProgress): Promise<void> {
  return new Promise((resolve) => {
    let shown = -1;
    const look = (): boolean => {
      const view = membership.find(id);
      const sessions = view?.load?.sessions ?? 0;
      const isOver = view === undefined || sessions === 0 || !view.info.isDraining;
      const text = isOver ? `no session is left on ${id}` : `${sessions} sessions on ${id} are told to connect again`;
      if (sessions !== shown || isOver) progress({ step: 'sessions', text, state: isOver ? 'done' : 'started' });
      shown = sessions;
      return isOver;
    };
    if (look()) {
      resolve();
      return;
    }
    const end = membership.onChange(() => {
      if (!look()) return;
      end();
      resolve();
    });
  });
}

async function ask({ bus }: RunningCluster, id: MemberId, isDraining: boolean): Promise<void> {
  try {
    await bus.call(id, clusterServices.drain, drainBody(isDraining), { timeoutMs: callTimeoutMs });
  } catch (error) {
    throw new ClusterFailure('NO_SUCH_SERVER', 'drain a server', `${id} does not answer: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

async function notRunning({ desk }: RunningCluster, serverName: string): Promise<ClusterFailure> {
  if ((await desk.registry.find(serverName)) === undefined) return unknownServer(serverName);
  return new ClusterFailure('NO_SUCH_SERVER', 'find the server', `${serverName} does not run at the moment`);
}

const unknownServer = (serverName: string): ClusterFailure =>
  new ClusterFailure(
    'NO_SUCH_SERVER',
    'find the server',
    `no server called "${serverName}" belongs to this cluster: "hubfarm cluster status" lists them`,
  );
