import type { Backplane } from '#backplane';
import type { Lifecycle } from '#base';
import { AdminPassword } from '../admin-password.ts';
import { StoredIdentity } from '../identity.ts';
import { openServerId } from '../server-id.ts';
import type { ServerOptions } from '../server-options.ts';

/** What a server keeps of its own, in the store that is on its disk, whatever part it plays in a cluster. */
export interface OwnRecords {
  readonly serverId: string;
  /** Prefix of the keys: `cfg/server/<id>` */
  readonly keys: string;
  readonly hostName: string;
  readonly adminPassword: AdminPassword;
  /** Key and certificate of the listeners. */
  readonly identity: StoredIdentity;
}

/** Made at the first start; each thread of the server has its own copies, which follow the store. */
export async function openOwnRecords(
  store: Backplane,
  { config, io, initialAdminPassword }: ServerOptions,
  lifecycle: Lifecycle,
): Promise<OwnRecords> {
  const serverId = await openServerId(store, io.random);
  const keys = `cfg/server/${serverId}`;
  const hostName = config.server.name === '' ? io.machine.hostName : config.server.name;
  const adminPassword = await AdminPassword.open({
    backplane: store,
    key: `${keys}/admin-password`,
    random: io.random,
    initial: initialAdminPassword,
  });
  await lifecycle.start({ name: 'administrator password', stop: () => adminPassword.close() });
  const identity = await StoredIdentity.open({
    backplane: store,
    key: `${keys}/identity`,
    certificates: io.certificates,
    hostName,
  });
  await lifecycle.start({ name: 'identity', stop: () => identity.close() });
  return { serverId, keys, hostName, adminPassword, identity };
}
