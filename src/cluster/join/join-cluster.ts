import { reasonOf } from '#base';
import { ClusterFailure } from './cluster-failure.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import type { JoinRequest, ModeChange, StepProgress } from './cluster-steps.ts';
import { doing } from './doing.ts';
import type { Admission, JoinClient, Newcomer } from './join-client.ts';
import { ownNames, type OwnNames } from './own-names.ts';
import { restartLater } from './restart-later.ts';
import type { ServerClusterDeps } from './server-cluster-deps.ts';

const sha0Bytes = 20;

/** Makes this server a member of the controller's cluster. */
export async function joinCluster(
  deps: ServerClusterDeps,
  client: JoinClient,
  request: JoinRequest,
  progress: StepProgress,
): Promise<ModeChange> {
  const { state, modes } = deps;
  const names = await doing(progress, 'check', 'check this server', async () => {
    await deps.engine.look();
    return check(deps, request);
  });
  const before = state.current;
  const admission = await client.join(
    request,
    newcomer(deps, request, names),
    before?.identity ?? state.formerIdentity,
    progress,
  );
  let backup: string;
  try {
    backup = await doing(progress, 'backup', 'write a backup of the configuration', () => modes.backUp('member'));
    await doing(progress, 'keep', 'keep the certificate and the settings of the cluster', () =>
      keep(deps, admission, request, names),
    );
  } catch (error) {
    admission.giveUp(reasonOf(error));
    await (before === undefined ? state.forget() : state.save(before));
    throw new ClusterFailure('STORE', 'keep what the controller granted', `${reasonOf(error)}. Nothing was changed`, {
      cause: error,
    });
  }
  try {
    await doing(progress, 'register', `become the member ${admission.grant.serverName}`, () => admission.accept());
  } catch (error) {
    if (before !== undefined) await state.save(before);
    else await undo(deps, client, request, admission, progress);
    throw error;
  }
  const tellController = (): Promise<void> =>
    client.leave(request, admission.grant.serverName, admission.identity, progress);
  return restartLater(deps, { to: 'member', backup, takeBack: tellController }, progress);
}

/** Whether the controller has noted this server is not known: it is told otherwise, or this server's key is kept for then. */
async function undo(
  { state }: ServerClusterDeps,
  client: JoinClient,
  request: JoinRequest,
  { grant, identity }: Admission,
  progress: StepProgress,
): Promise<void> {
  try {
    await client.leave(request, grant.serverName, identity, progress);
    await state.forget();
  } catch (error) {
    const isUnknown = error instanceof ClusterFailure && error.code === 'NO_SUCH_SERVER';
    await state.forget({ keepsIdentity: !isUnknown });
    if (isUnknown) return;
    const text = `the controller may have noted ${grant.serverName}: join again, and it is taken for the same, or run "hubfarm cluster remove ${grant.serverName}" there`;
    progress({ step: 'register', text, state: 'warning' });
  }
}

function check({ state, self }: ServerClusterDeps, request: JoinRequest): OwnNames {
  const step = 'check this server';
  if (request.hashedPassword.length !== sha0Bytes) {
    throw new ClusterFailure(
      'BAD_REQUEST',
      step,
      `the hashed password has ${request.hashedPassword.length} bytes, not 20`,
    );
  }
  if (request.host === '' || request.port < 1 || request.port > 65_535) {
    throw new ClusterFailure(
      'BAD_REQUEST',
      step,
      `"${request.host}:${request.port}" is not the address of a controller`,
    );
  }
  const current = state.current?.settings;
  if (current?.mode === 'controller') {
    const message = `this server made the cluster ${current.clusterId} itself: run "hubfarm cluster leave" first`;
    throw new ClusterFailure('OTHER_CLUSTER', step, message);
  }
  const names = ownNames(request, self());
  // A server that rejoins keeps its name unless it is told otherwise.
  return request.serverName === undefined && current !== undefined
    ? { ...names, serverName: current.serverName, isNameChosen: true }
    : names;
}

function newcomer({ state, engine, self }: ServerClusterDeps, request: JoinRequest, names: OwnNames): Newcomer {
  const own = engine.local;
  const server = self();
  return {
    serverName: names.serverName,
    isNameChosen: names.isNameChosen,
    hostName: server.hostName,
    listenerCertificate: server.listenerCertificate(),
    publicAddress: names.publicAddress,
    publicPorts: names.publicPorts,
    isUncheckedAddress: request.uncheckedAddress ?? false,
    weight: names.weight,
    enginePeerPort: 'missing' in own ? 0 : own.peerPort,
    engineClientPort: 'missing' in own ? 0 : own.clientPort,
    currentClusterId: state.current?.settings.clusterId ?? '',
    licences: server.licences(),
  };
}

async function keep(
  { state, clock }: ServerClusterDeps,
  { grant, identity }: Admission,
  request: JoinRequest,
  names: OwnNames,
): Promise<void> {
  const settings: ClusterSettings = {
    mode: 'member',
    clusterId: grant.clusterId,
    serverName: grant.serverName,
    isEligible: grant.isEligible && state.current?.authority !== undefined,
    engine: {
      role: grant.engineRole,
      endpoints: grant.engineEndpoints,
      initialCluster: grant.initialCluster,
    },
    address: grant.address,
    publicAddress: grant.publicAddress,
    publicPorts: names.publicPorts,
    controller: { host: request.host, port: request.port },
    weight: names.weight,
    isControllerOnly: names.isControllerOnly,
    joinedAtMs: clock.wallMs(),
  };
  const authority = settings.isEligible ? state.current?.authority : undefined;
  await state.save({ settings, identity, authorityPem: grant.authorityPem, authority });
}
