import { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import type { Host, Network } from '../../test/interop/namespaces.ts';
import { VpnServer } from '../../test/interop/vpn-server.ts';

export const peerName = 'SoftEther 5.01.9674';
export const account = { hub: 'BENCH', user: 'load', password: 'word' } as const;

/** A server with the hub and the user that benches log in to. */
export interface Contestant {
  readonly name: 'hubfarm' | 'softether';
  readonly host: Host;
  readonly pid: () => number;
  /** Stops the server and starts it anew, with its configuration. */
  readonly restart: () => Promise<void>;
}

/** hubfarm, then Debian's vpnserver, each on a host of its own. */
export async function startContestants(
  network: Network,
  settings: readonly string[] = [],
): Promise<readonly [Contestant, Contestant]> {
  const hubfarm = new HubfarmServer(network.host('hubfarm'), { settings });
  const softether = new VpnServer(network.host('softether'));
  for (const server of [hubfarm, softether]) {
    await server.start();
    await server.admin.createHub(account.hub);
    await server.admin.createUser(account.hub, account.user, account.password);
  }
  // its settings are written to disk only now and then
  await softether.admin.command('Flush');
  return [
    { name: 'hubfarm', host: hubfarm.host, pid: () => hubfarm.pid, restart: () => restart(hubfarm) },
    { name: 'softether', host: softether.host, pid: () => softether.daemon.pid, restart: () => restart(softether) },
  ];
}

async function restart(server: HubfarmServer | VpnServer): Promise<void> {
  await server.stop();
  await server.start();
}
