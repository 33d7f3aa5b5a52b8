import { beforeAll, describe, expect, test } from 'vitest';
import { BothPrograms } from './cli-both-programs.ts';
import { hubLines, serverLines } from './cli-lines.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { VpnClient } from './vpn-client.ts';

/**
 * vpncmd asks over the administrators' RPC, `hubfarm cmd` over JSON-RPC: that both print the same of our server shows
 * that its two faces say the same, and in the form that vpncmd expects.
 */
if (requirePeers(['vpnclient', 'vpncmd', 'ip', 'ping'])) {
  describe('hubfarm cmd and vpncmd on one hubfarm server', () => {
    const network = useNetwork();
    let server: HubfarmServer;
    let both: BothPrograms;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('server'), { password: 'admin-word' });
      const client = new VpnClient(network().host('client'));
      await Promise.all([server.start(), client.start()]);
      both = new BothPrograms(server.host, 'localhost:443', 'admin-word');
      await both.hubfarmBatch([
        'HubCreate OFFICE /PASSWORD:hub-word',
        'Hub OFFICE',
        'UserCreate anna /GROUP:none "/REALNAME:Anna A" "/NOTE:a, ""b"""',
        'UserPasswordSet anna "/PASSWORD:word of anna"',
      ]);
      const account = { name: 'office', server: `${server.host.address}:443`, hub: 'OFFICE', user: 'anna' };
      await client.createAccount({ ...account, password: 'word of anna', maxTcp: 2 });
      await client.host.configure(client.device, '192.168.7.1/24');
      await client.mustConnect('office');
      await client.host.run('ping', ['-c', '2', '-W', '1', '192.168.7.9']);
      await client.host.mustRun('ip', ['link', 'set', client.device, 'down']);
    }, 180_000);

    for (const format of ['tables', 'CSV'] as const) {
      test(`about the server print the same ${format}`, async () => {
        await both.mustAgree([], serverLines, format, 'in own words');
      });

      test(`about a hub print the same ${format}`, async () => {
        await both.mustAgree(['/ADMINHUB:OFFICE'], hubLines, format, 'in own words');
      });
    }

    test('the verbs reach the server on this machine without a password', async () => {
      const here = ['--data-dir', server.dataDirectory];
      const { code, stdout } = await both.hubfarm('session', 'list', ...here, '--hub', 'OFFICE', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject([{ user: 'anna', tcpConnections: { most: 2 } }]);
    });
  });
}
