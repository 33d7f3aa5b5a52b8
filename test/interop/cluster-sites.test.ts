import { beforeAll, describe, expect, test } from 'vitest';
import { CliCluster } from './cli-cluster.ts';
import { mustRun, until } from './command.ts';
import type { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { passwordOf } from './office.ts';
import { requirePeers } from './peers.ts';
import { VpnClient } from './vpn-client.ts';
import { VpnServer } from './vpn-server.ts';

const office = 'OFFICE';
const roaming = 'ROAMING';
const station = '192.168.7.50';
const minute = 60_000;

if (requirePeers(['etcd', 'vpnserver', 'vpncmd', 'vpnclient', 'ping', 'ip'])) {
  describe('a cluster of hubfarm servers and the networks beside it', () => {
    const network = useNetwork();
    let cluster: CliCluster;
    let alpha: HubfarmServer;
    /** A switch and the machines behind it, on a cable to each server's `lan0`. */
    let lan: Host;
    const clients: VpnClient[] = [];

    const cable = async ({ host }: HubfarmServer, port: string): Promise<void> => {
      await mustRun('ip', [
        ...['-n', host.namespace, 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', port, 'netns', lan.namespace],
      ]);
      await host.mustRun('ip', ['link', 'set', 'lan0', 'up']);
      await lan.mustRun('ip', ['link', 'set', port, 'master', 'lan', 'up']);
    };

    const hire = async (user: string, address: string): Promise<VpnClient> => {
      const client = new VpnClient(network().host(user));
      await client.start();
      const server = `${alpha.host.address}:443`;
      for (const hub of [office, roaming]) {
        await alpha.admin.createUser(hub, user, passwordOf(user));
        await client.createAccount({ name: hub, server, hub, user, password: passwordOf(user) });
      }
      await client.host.configure(client.device, `${address}/24`);
      clients.push(client);
      return client;
    };

    /** Address of the server that the session lives on, as the client knows it. */
    const placeOf = async (client: VpnClient, account: string): Promise<string> =>
      (await client.status(account)).get('Server Name') ?? '';

    beforeAll(async () => {
      cluster = new CliCluster(network(), { alpha: [], beta: [] });
      lan = network().host('lan');
      await cluster.start();
      alpha = cluster.controller;
      await alpha.hubfarm('hub', 'create', office, '--static');
      await alpha.hubfarm('hub', 'create', roaming, '--dynamic');
      await lan.mustRun('ip', ['link', 'add', 'lan', 'type', 'bridge']);
      for (const [at, server] of cluster.servers.entries()) await cable(server, `cable${at}`);
      await lan.configure('lan', `${station}/24`);
      await hire('anna', '192.168.7.1');
      await hire('ben', '192.168.7.2');
    }, 4 * minute);

    test(
      'one order bridges a LAN on every server, and a client reaches it whichever server it was sent to (V15)',
      async () => {
        await alpha.admin.command('BridgeCreate', office, '/DEVICE:lan0@*', '/TAP:no');
        for (const client of clients) await client.mustConnect(office, minute);
        const places = await Promise.all(clients.map((client) => placeOf(client, office)));
        expect(places.sort()).toEqual(cluster.servers.map(({ host }) => host.address).sort());
        for (const { host } of clients) {
          await host.reaches(station, minute);
          expect(await host.ping(station, { count: 20, size: 1400 })).toMatchObject({ received: 20 });
        }
        // Two servers, one LAN: they meet there.
        await clients[0]!.host.reaches('192.168.7.2', minute);
        for (const client of clients) await client.disconnect(office);
      },
      3 * minute,
    );

    test(
      'a real vpnserver cascades into a dynamic hub of the cluster, and is sent to the server where it lives',
      async () => {
        const [anna] = clients;
        await anna!.mustConnect(roaming, minute);
        const branch = new VpnServer(network().host('branch'));
        await branch.start();
        await branch.admin.createHub('BRANCH');
        await alpha.admin.createUser(roaming, 'branch', passwordOf('branch'));
        const to = [`/SERVER:${alpha.host.address}:443`, `/HUB:${roaming}`, '/USERNAME:branch'];
        await branch.admin.hubCommand('BRANCH', 'CascadeCreate', 'up', ...to);
        const password = [`/PASSWORD:${passwordOf('branch')}`, '/TYPE:standard'];
        await branch.admin.hubCommand('BRANCH', 'CascadePasswordSet', 'up', ...password);
        await branch.admin.hubCommand('BRANCH', 'CascadeOnline', 'up');
        await branch.admin.command('BridgeCreate', 'BRANCH', '/DEVICE:lan', '/TAP:yes');
        const hasTap = async (): Promise<boolean> =>
          (await branch.host.run('ip', ['link', 'show', 'tap_lan'])).code === 0;
        await until('the TAP', minute, hasTap);
        await branch.host.configure('tap_lan', '192.168.7.100/24');
        await anna!.host.reaches('192.168.7.100', minute);
        expect(await branch.host.ping('192.168.7.1', { count: 20 })).toMatchObject({ received: 20 });
        const [heading = [], ...rows] = await alpha.admin.hubRows(roaming, 'SessionList');
        const places = new Map(
          rows.map((row) => [row[heading.indexOf('User Name')], row[heading.indexOf('Location')]]),
        );
        expect(places.get('branch')).toBe(places.get('anna'));
      },
      3 * minute,
    );
  });
}
