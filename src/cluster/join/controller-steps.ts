import { reasonOf } from '#base';
import { Gone } from '../bus.ts';
import { memberIdOf, parseMemberId, type MemberId } from '../member-id.ts';
import { asFailure } from './as-failure.ts';
import { clusterServices } from './bus-messages.ts';
import { ClusterFailure } from './cluster-failure.ts';
import { presentEngineRisk } from './cluster-status.ts';
import type { StepProgress } from './cluster-steps.ts';
import { doing } from './doing.ts';
import { removeServer } from './remove-server.ts';
import type { RunningCluster } from './running-cluster.ts';

/** A server that is busy with the loss of its engine may take its time; nobody else waits for it. */
const tellTimeoutMs = 20_000;

/** The members (threads) of a server that run. */
export function membersOf({ membership }: RunningCluster, serverName: string): readonly MemberId[] {
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

export async function notRunning({ desk }: RunningCluster, serverName: string): Promise<ClusterFailure> {
  if ((await desk.registry.find(serverName)) === undefined) return unknownServer(serverName);
  return new ClusterFailure('NO_SUCH_SERVER', 'find the server', `${serverName} does not run at the moment`);
}

const unknownServer = (serverName: string): ClusterFailure =>
  new ClusterFailure(
    'NO_SUCH_SERVER',
    'find the server',
    `no server called "${serverName}" belongs to this cluster: "hubfarm cluster status" lists them`,
  );
