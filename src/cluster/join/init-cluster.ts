import { reasonOf } from '#base';
import type { ServerIdentity } from '#io';
import type { ClusterSettings } from './cluster-settings.ts';
import { ClusterFailure } from './cluster-failure.ts';
import type { InitRequest, ModeChange, StepProgress } from './cluster-steps.ts';
import { doing } from './doing.ts';
import { certificateLives } from './join-times.ts';
import { certificateNames } from './certificate-names.ts';
import { isIPv4Text } from './ipv4-text.ts';
import { ownNames } from './own-names.ts';
import { restartLater } from './restart-later.ts';
import type { ServerClusterDeps } from './server-cluster-deps.ts';

const clusterIdBytes = 8;

/** Makes this server the first of a cluster. */
export async function initCluster(
  deps: ServerClusterDeps,
  request: InitRequest,
  progress: StepProgress,
): Promise<ModeChange> {
  const { state, modes, engine, random, clock } = deps;
  const plan = await doing(progress, 'check', 'check this server', async () => {
    await engine.look();
    return check(deps, request);
  });
  const { settings, address } = plan;
  const backup = await doing(progress, 'backup', 'write a backup of the configuration', () =>
    modes.backUp('controller'),
  );
  const clusterId = random.bytes(clusterIdBytes).toString('hex');
  try {
    await doing(progress, 'authority', `make the authority of the cluster ${clusterId}`, async () => {
      const { authority, identity } = await makeIdentity(deps, clusterId, settings.serverName, [
        address,
        settings.publicAddress,
      ]);
      const joinedAtMs = clock.wallMs();
      const authorityPem = authority.certificatePem;
      await state.save({ settings: { ...settings, clusterId, joinedAtMs }, identity, authorityPem, authority });
    });
    await doing(progress, 'engine', 'make the engine of the cluster', async () => {
      const own = engine.local;
      if ('missing' in own) throw new Error(own.missing);
      const made = await engine.create({ serverName: settings.serverName, address, ...own });
      await state.change((files) => ({ ...files, settings: { ...files.settings, engine: made } }));
    });
  } catch (error) {
    await state.forget();
    await engine.erase();
    if (error instanceof ClusterFailure) throw error;
    const message = `${reasonOf(error)}. Nothing was changed`;
    throw new ClusterFailure('ENGINE', 'make the cluster', message, { cause: error });
  }
  return restartLater(deps, { to: 'controller', backup, importFrom: backup }, progress);
}

function check(
  { state, engine, self }: ServerClusterDeps,
  request: InitRequest,
): { readonly settings: ClusterSettings; readonly address: string } {
  const step = 'check this server';
  const current = state.current?.settings;
  if (current !== undefined) {
    const message = `this server already belongs to the cluster ${current.clusterId} as "${current.serverName}": run "hubfarm cluster leave" first`;
    throw new ClusterFailure('OTHER_CLUSTER', step, message);
  }
  if ('missing' in engine.local) throw new ClusterFailure('ENGINE', step, engine.local.missing);
  const names = ownNames(request, self());
  const own = self().address() ?? '';
  const publicAddress = names.publicAddress === '' ? own : names.publicAddress;
  if (!isIPv4Text(publicAddress)) {
    const found = own === '' ? 'this machine has no address but loopback' : `its address ${own} is not IPv4`;
    throw new ClusterFailure('BAD_PUBLIC_ADDRESS', step, `${found}: say with --public-address where clients find it`);
  }
  const address = own === '' ? publicAddress : own;
  return {
    address,
    settings: {
      mode: 'controller',
      clusterId: '',
      serverName: names.serverName,
      isEligible: true,
      engine: { role: 'voter', endpoints: [], initialCluster: '' },
      address,
      publicAddress,
      publicPorts: names.publicPorts,
      controller: { host: '', port: 0 },
      weight: names.weight,
      isControllerOnly: names.isControllerOnly,
      joinedAtMs: 0,
    },
  };
}

async function makeIdentity(
  { authorities }: ServerClusterDeps,
  clusterId: string,
  serverName: string,
  addresses: readonly string[],
): Promise<{ readonly authority: ServerIdentity; readonly identity: ServerIdentity }> {
  const { authorityMs, serverMs } = certificateLives;
  const authority = await authorities.makeAuthority({
    commonName: `hubfarm cluster ${clusterId}`,
    validMs: authorityMs,
  });
  const { requestDer, privateKeyPem } = await authorities.makeRequest(serverName);
  const names = certificateNames(serverName, addresses);
  const certificatePem = await authorities.sign({ authority, requestDer, ...names, validMs: serverMs });
  return { authority, identity: { certificatePem, privateKeyPem } };
}
