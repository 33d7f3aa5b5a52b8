import { beforeAll, describe, expect, test } from 'vitest';
import { iperf } from './iperf.ts';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { VpnClient } from './vpn-client.ts';
import { VpnServer } from './vpn-server.ts';

/**
 * Two real clients on a real server: if this fails, the harness or the peers are at fault, not hubfarm. Each other
 * interop suite is this one with hubfarm in the server's place.
 */
if (requirePeers(['vpnserver', 'vpnclient', 'vpncmd', 'iperf3', 'ping', 'ip'])) {
  describe('real SoftEther programs among themselves', () => {
    const network = useNetwork();
    let server: VpnServer;
    let first: VpnClient;
    let second: VpnClient;

    beforeAll(async () => {
      server = new VpnServer(network().host('server'));
      first = new VpnClient(network().host('first'));
      second = new VpnClient(network().host('second'));
      await Promise.all([server.start(), first.start(), second.start()]);
      await server.admin.createHub('OFFICE');
      for (const [client, user, octet] of [
        [first, 'anna', 1],
        [second, 'ben', 2],
      ] as const) {
        await server.admin.createUser('OFFICE', user, `word of ${user}`);
        const account = { name: 'office', server: `${server.host.address}:443`, hub: 'OFFICE', user };
        await client.createAccount({ ...account, password: `word of ${user}` });
        await client.host.configure(client.device, `192.168.7.${octet}/24`);
        await client.mustConnect('office');
      }
    });

    test('both clients are connected as we asked them to be', async () => {
      const status = await first.status('office');
      expect(status.get('Session Status')).toBe('Connection Completed (Session Established)');
      expect(status.get('Maximum Number of TCP Connections')).toBe('1');
      expect(status.get('Use of Compression')).toMatch(/^No/);
      const sessions = await server.admin.hubRows('OFFICE', 'SessionList');
      expect(sessions.flat()).toEqual(expect.arrayContaining(['anna', 'ben']));
    });

    test('they reach each other', async () => {
      await first.host.reaches('192.168.7.2');
      expect(await first.host.ping('192.168.7.2', { count: 20 })).toMatchObject({ sent: 20, received: 20 });
      expect(await second.host.ping('192.168.7.1', { count: 5, size: 1400 })).toMatchObject({ received: 5 });
    });

    test('iperf3 measures TCP and UDP through the hub', async () => {
      const tcp = await iperf(first.host, second.host, '192.168.7.2', { seconds: 1 });
      expect(tcp.bitsPerSecond).toBeGreaterThan(1e6);
      const udp = { bitsPerSecond: 2e6, packetBytes: 200 };
      const paced = await iperf(second.host, first.host, '192.168.7.1', { seconds: 1, udp });
      expect(paced.packets).toBeGreaterThan(500);
    });

    test('a wrong password is refused', async () => {
      const account = { name: 'wrong', server: `${server.host.address}:443`, hub: 'OFFICE', user: 'anna' };
      await first.createAccount({ ...account, password: 'not it' });
      await first.disconnect('office');
      await first.connect('wrong');
      await first.waitLogged(/User authentication failed\.? \(code 9\)/i);
      expect(await first.isConnected('wrong')).toBe(false);
    });

    test('the server stops and comes back with its configuration', async () => {
      await server.stop();
      await server.start();
      expect((await server.admin.rows('HubList')).flat()).toContain('OFFICE');
    });
  });
}
