import { beforeAll, describe, expect, test } from 'vitest';
import { until } from './command.ts';
import { useNetwork } from './namespaces.ts';
import { hub, Office, passwordOf, type Worker } from './office.ts';
import { requirePeers } from './peers.ts';
import { VpnServer } from './vpn-server.ts';

if (requirePeers(['vpnserver', 'vpnbridge', 'vpnclient', 'vpncmd', 'ping', 'ip'])) {
  describe('other SoftEther servers that join a hubfarm hub', () => {
    const network = useNetwork();
    let office: Office;
    let anna: Worker;

    beforeAll(async () => {
      office = new Office(network());
      await office.start();
      anna = await office.hire('anna');
      await office.connect(anna, 'office');
    });

    /** Lets `server` cascade its hub `from` into ours, as a user of its own. */
    const cascade = async (server: VpnServer, from: string, user: string): Promise<void> => {
      await office.server.admin.createUser(hub, user, passwordOf(user));
      const to = [`/SERVER:${office.server.host.address}:443`, `/HUB:${hub}`, `/USERNAME:${user}`];
      await server.admin.hubCommand(from, 'CascadeCreate', 'up', ...to);
      const password = [`/PASSWORD:${passwordOf(user)}`, '/TYPE:standard'];
      await server.admin.hubCommand(from, 'CascadePasswordSet', 'up', ...password);
      await server.admin.hubCommand(from, 'CascadeOnline', 'up');
      await until(`the cascade of ${user}`, 30_000, async () => (await office.sessions()).includes(user));
    };

    /** A TAP on `server`'s host, bridged to its hub, with an address in the office's network. */
    const bridge = async (server: VpnServer, from: string, address: string): Promise<void> => {
      await server.admin.command('BridgeCreate', from, '/DEVICE:lan', '/TAP:yes');
      await until('the TAP', 60_000, async () => (await server.host.run('ip', ['link', 'show', 'tap_lan'])).code === 0);
      await server.host.configure('tap_lan', `${address}/24`);
    };

    test('a real vpnserver cascades into it, and frames pass both ways', async () => {
      const branch = new VpnServer(network().host('branch'));
      await branch.start();
      await branch.admin.createHub('BRANCH');
      await cascade(branch, 'BRANCH', 'branch');
      await bridge(branch, 'BRANCH', '192.168.7.100');
      await anna.host.reaches('192.168.7.100');
      expect(await branch.host.ping(anna.address, { count: 20 })).toMatchObject({ received: 20 });
    });

    test('a real vpnbridge bridges into it, and frames pass both ways', async () => {
      const site = new VpnServer(network().host('site'), 'vpnbridge');
      await site.start();
      await cascade(site, 'BRIDGE', 'site');
      await bridge(site, 'BRIDGE', '192.168.7.101');
      await anna.host.reaches('192.168.7.101');
      expect(await site.host.ping(anna.address, { count: 20 })).toMatchObject({ received: 20 });
    });
  });
}
