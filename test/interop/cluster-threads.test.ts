import { beforeAll, describe, expect, test } from 'vitest';
import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { passwordOf } from './office.ts';
import { requirePeers } from './peers.ts';
import { VpnClient } from './vpn-client.ts';

const hubs = ['EARTH', 'MARS', 'VENUS'];
const ports = [443, 444, 445];

if (requirePeers(['vpnclient', 'vpncmd', 'ping', 'ip'])) {
  describe('real SoftEther clients and the threads of one server', () => {
    const network = useNetwork();
    let server: HubfarmServer;
    let anna: VpnClient;
    let ben: VpnClient;

    const hire = async (user: string, address: string): Promise<VpnClient> => {
      const host: Host = network().host(user);
      const client = new VpnClient(host);
      await client.start();
      for (const hub of hubs) {
        await server.admin.createUser(hub, user, passwordOf(user));
        const account = { name: hub, server: `${server.host.address}:443`, hub, user, password: passwordOf(user) };
        await client.createAccount({ ...account, maxTcp: 4 });
      }
      await host.configure(client.device, `${address}/24`);
      return client;
    };

    /** The port of the member that the session lives on. */
    const placeOf = async (client: VpnClient, hub: string): Promise<number> =>
      Number(/\d+/.exec((await client.status(hub)).get('Port Number') ?? '')?.[0] ?? 0);

    beforeAll(async () => {
      server = new HubfarmServer(network().host('server'), { settings: ['server.members=3'] });
      await server.start();
      for (const hub of hubs) await server.admin.createHub(hub);
      [anna, ben] = await Promise.all([hire('anna', '192.168.7.1'), hire('ben', '192.168.7.2')]);
    });

    test('meet on the member that hosts their hub, and another hub gets another member', async () => {
      const places = new Set<number>();
      for (const hub of hubs) {
        await anna.mustConnect(hub);
        await ben.mustConnect(hub);
        const place = await placeOf(anna, hub);
        expect(ports).toContain(place);
        expect(await placeOf(ben, hub)).toBe(place);
        places.add(place);
        await anna.host.reaches('192.168.7.2');
        expect(await anna.host.ping('192.168.7.2', { count: 20 })).toMatchObject({ received: 20 });
        // the next hub is made while this one is still there
        await ben.disconnect(hub);
        await anna.disconnect(hub);
      }
      console.log(`the hubs were placed on the ports ${[...places].join(', ')}`);
      expect(places.size).toBeGreaterThan(1);
    });

    test('keep their further connections on a member that is not the one they came to', async () => {
      for (const hub of hubs) {
        await anna.mustConnect(hub);
        if ((await placeOf(anna, hub)) !== 443) break;
        await ben.mustConnect(hub);
        await anna.disconnect(hub);
      }
      const hub = (await Promise.all(hubs.map(async (name) => ((await anna.isConnected(name)) ? name : '')))).join('');
      expect(await placeOf(anna, hub)).not.toBe(443);
      // Further connections come a second apart; with a wrong certificate the first one would end the session.
      const connections = async (): Promise<string> => (await anna.status(hub)).get('Number of TCP Connections') ?? '';
      await until('4 connections', 30_000, async () => (await connections()) === '4');
      expect(await placeOf(anna, hub)).not.toBe(443);
      expect(await anna.isConnected(hub)).toBe(true);
      for (const client of [anna, ben]) for (const name of hubs) await client.disconnect(name).catch(() => '');
    });
  });
}
