import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from './command.ts';
import { ConnectCrew, sentTo } from './connect-crew.ts';
import type { HubfarmConnect } from './hubfarm-connect.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { passwordOf } from './office.ts';
import { requirePeers } from './peers.ts';
import { ServerCluster } from './server-cluster.ts';
import { VpnServer } from './vpn-server.ts';

const password = 'admin-word';
const dynamicHub = 'ROAMING';
const staticHub = 'EVERYWHERE';

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

if (requirePeers(['vpnserver', 'vpncmd', 'ping', 'ip'])) {
  describe('hubfarm connect with a cluster of real SoftEther servers', () => {
    const network = useNetwork();
    let cluster: ServerCluster<VpnServer>;
    let anna: Host;
    let ben: Host;
    const crew = new ConnectCrew(() => cluster.controller.host.address);

    const connect = (host: Host, user: string, hub: string, ...words: string[]): HubfarmConnect =>
      crew.connect(host, { hub, user, words });

    beforeAll(async () => {
      const [controller, ...members] = ['controller', 'member1', 'member2'].map(
        (name) => new VpnServer(network().host(name), 'vpnserver', password),
      );
      cluster = new ServerCluster(controller!, members, { password, isControllerOnly: true });
      anna = network().host('anna');
      ben = network().host('ben');
      await cluster.start();
      const { admin } = cluster.controller;
      await admin.command('HubCreateDynamic', dynamicHub, '/PASSWORD:hub-word');
      await admin.command('HubCreateStatic', staticHub, '/PASSWORD:hub-word');
      for (const hub of [dynamicHub, staticHub]) {
        for (const user of ['anna', 'ben']) await admin.createUser(hub, user, passwordOf(user));
      }
    }, 180_000);

    afterEach(async () => {
      await crew.stop();
    });

    const meet = async (...words: string[]): Promise<readonly [HubfarmConnect, HubfarmConnect]> => {
      const annas = connect(anna, 'anna', dynamicHub, '--address', '192.168.7.1/24', ...words);
      await annas.connected();
      const bens = connect(ben, 'ben', dynamicHub, '--address', '192.168.7.2/24', ...words);
      await bens.connected();
      await anna.reaches('192.168.7.2');
      return [annas, bens];
    };

    test('is sent to the member that hosts the hub, and meets others there', async () => {
      const [annas, bens] = await meet();
      expect(sentTo(annas)).toBe(sentTo(bens));
      expect(cluster.at(sentTo(annas)).host.address).not.toBe(cluster.controller.host.address);
      expect(await anna.ping('192.168.7.2', { count: 20 })).toMatchObject({ sent: 20, received: 20 });
    });

    test('opens its further connections to the member too, which must show the announced certificate', async () => {
      const [annas] = await meet('--connections', '4');
      const { host } = cluster.at(sentTo(annas));
      const established = async (): Promise<number> => {
        const lines = await host.mustRun('ss', [
          '-Hnt',
          'state',
          'established',
          `( sport = :443 and dst ${anna.address} )`,
        ]);
        return lines.split('\n').filter((line) => line !== '').length;
      };
      await until('4 connections', 60_000, async () => (await established()) === 4);
      expect(annas.count(/connection lost/)).toBe(0);
    });

    test('is spread over the members on a static hub', async () => {
      const client = connect(anna, 'anna', staticHub);
      await client.connected();
      expect(cluster.at(sentTo(client))).toBeDefined();
    });

    test('goes back through the controller when its member dies, to the other member', async () => {
      const [annas, bens] = await meet();
      const before = sentTo(annas);
      const started = performance.now();
      await cluster.at(before).daemon.kill();
      await Promise.all([annas.said(/connection lost/), bens.said(/connection lost/)]);
      await Promise.all([annas.connected(2, 60_000), bens.connected(2, 60_000)]);
      const backMs = performance.now() - started;
      await anna.reaches('192.168.7.2', 60_000);
      const flowsMs = performance.now() - started;
      console.log(`member killed: connected again after ${seconds(backMs)} s, data flows after ${seconds(flowsMs)} s`);
      expect(sentTo(annas)).not.toBe(before);
      await cluster.at(before).start();
      await cluster.joined();
    });

    test('comes back when the controller was away', async () => {
      const [annas] = await meet();
      await cluster.controller.admin.command('Flush');
      await cluster.controller.daemon.kill();
      // a member without its controller ends its sessions
      await annas.said(/connection lost/);
      await cluster.controller.start();
      const started = performance.now();
      await cluster.joined();
      await annas.connected(2, 60_000);
      await anna.reaches('192.168.7.2', 60_000);
      console.log(`controller killed: data flows ${seconds(performance.now() - started)} s after its restart`);
    });
  });
}
