import { beforeAll, describe, expect, test } from 'vitest';
import { HubfarmServer } from './hubfarm-server.ts';
import { iperf } from './iperf.ts';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import type { Account } from './vpn-client.ts';
import { VpnClient } from './vpn-client.ts';

const password = (user: string): string => `word of ${user}`;

if (requirePeers(['vpnclient', 'vpncmd', 'iperf3', 'ping', 'ip'])) {
  describe('two real SoftEther clients on one hubfarm Virtual Hub', () => {
    const network = useNetwork();
    let server: HubfarmServer;
    let anna: VpnClient;
    let ben: VpnClient;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('server'));
      anna = new VpnClient(network().host('anna'));
      ben = new VpnClient(network().host('ben'));
      await Promise.all([server.start(), anna.start(), ben.start()]);
      await server.admin.createHub('OFFICE');
      for (const [client, user, octet] of [
        [anna, 'anna', 1],
        [ben, 'ben', 2],
      ] as const) {
        await server.admin.createUser('OFFICE', user, password(user));
        await client.createAccount(account('office', user));
        await client.host.configure(client.device, `192.168.7.${octet}/24`);
      }
    });

    const account = (name: string, user: string, more: Partial<Account> = {}): Account => ({
      name,
      server: `${server.host.address}:443`,
      hub: 'OFFICE',
      user,
      password: password(user),
      ...more,
    });

    test('log in with passwords and are listed by the real vpncmd', async () => {
      await anna.mustConnect('office');
      await ben.mustConnect('office');
      const sessions = (await server.admin.hubRows('OFFICE', 'SessionList')).flat();
      expect(sessions).toEqual(expect.arrayContaining(['anna', 'ben', 'SID-ANNA-1', 'SID-BEN-2']));
    });

    test('exchange frames of all sizes', async () => {
      await anna.host.reaches('192.168.7.2');
      expect(await anna.host.ping('192.168.7.2', { count: 50 })).toMatchObject({ sent: 50, received: 50 });
      expect(await ben.host.ping('192.168.7.1', { count: 10, size: 1400 })).toMatchObject({ received: 10 });
      expect(await ben.host.ping('192.168.7.1', { count: 10, size: 4000 })).toMatchObject({ received: 10 });
    });

    test('move bulk data both ways', async () => {
      for (const [from, to, address] of [
        [anna, ben, '192.168.7.2'],
        [ben, anna, '192.168.7.1'],
      ] as const) {
        const result = await iperf(from.host, to.host, address, { seconds: 2 });
        expect(result.bitsPerSecond).toBeGreaterThan(1e6);
      }
    });
  });
}
