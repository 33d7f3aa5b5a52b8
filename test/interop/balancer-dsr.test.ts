import { beforeAll, describe, expect, test } from 'vitest';
import { BalancedFarm } from './balanced-farm.ts';
import { askConnected, OutsideCalls } from './balancer-calls.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';
import { sipUsers } from './sipp.ts';

const domain = 'farm.test';
const calls = 30;
const users = sipUsers(3 * calls, domain);
const address = '10.77.0.200';
const allWent = { successful: calls, failed: 0, retransmissions: 0 };

interface Finding {
  readonly member: string;
  readonly what: string;
  readonly verdict: string;
  readonly command: string;
}

if (requirePeers(['ip', 'nft', 'conntrack', 'sipp', 'vpncmd'])) {
  describe('direct server return', () => {
    const network = useNetwork();
    let farm: BalancedFarm;
    let balancer: Host;
    let outside: OutsideCalls;

    beforeAll(async () => {
      balancer = network().host('balancer');
      farm = new BalancedFarm({
        host: (name) => network().host(name),
        balancer,
        virtualAddress: address,
        settings: ['sip.balancer=dsr', 'sip.trusted=["10.77.0.0/24"]'],
      });
      outside = new OutsideCalls(
        farm,
        { callers: network().host('callers'), callees: network().host('callees') },
        users,
      );
      await farm.start();
      await provideAccounts(farm.first, domain, users);
    });

    async function check(): Promise<{ readonly code: number; readonly findings: readonly Finding[] }> {
      const { host, dataDirectory } = farm.first;
      const words = ['lb', 'check', '--balancer-address', balancer.address, '--json', '--data-dir', dataDirectory];
      const { code, stdout } = await host.run(process.execPath, ['bin/hubfarm.cjs', ...words]);
      return { code, findings: (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings };
    }
    const lacking = (findings: readonly Finding[]): readonly Finding[] =>
      findings.filter(({ verdict }) => verdict === 'lacks');

    test('lacks this and that on fresh servers, and lb check names a command for each; with these nothing is lacking', async () => {
      const before = await check();
      expect(before.code).toBe(1);
      for (const { host } of farm.servers) {
        const member = farm.servers.findIndex((one) => one.host === host) + 1;
        const here = lacking(before.findings).filter((finding) => finding.member === `farm${member}`);
        expect(here.map(({ what }) => what)).toEqual([
          'alias',
          'arp_ignore of eth0',
          'arp_announce of eth0',
          'ARP of all',
          'socket',
        ]);
        // The last one opens by itself once the address is there.
        for (const { command } of here.slice(0, -1)) await host.mustRun('sh', ['-c', command]);
      }
      await farm.allIn();
      expect(await check()).toMatchObject({ code: 0 });
    });

    test('spreads each datagram over the servers: calls go, nothing is sent again, answers come from the virtual address', async () => {
      const mac = (await balancer.mustRun('cat', ['/sys/class/net/eth0/address'])).trim();
      const place = ['--balancer-address', `${balancer.address}/24`, '--balancer-mac', mac, '--interface', 'eth0'];
      await farm.balance(await farm.configuration(...place));
      const { expected, unexpected, ...outcome } = await outside.watched(address, () => outside.call(calls));
      expect(outcome).toMatchObject({ registered: allWent, caller: allWent, callee: { successful: calls, failed: 0 } });
      expect(unexpected).toBe(0);
      expect(expected).toBeGreaterThan(calls * 5);
      for (const relayed of await farm.figures('relayedOut')) expect(relayed).toBeGreaterThan(0);
    });

    test('keeps each TCP connection with one server', async () => {
      const outcome = await outside.call(calls, 'tcp');
      expect(outcome).toMatchObject({
        registered: { successful: calls, failed: 0 },
        caller: { successful: calls, failed: 0 },
        callee: { successful: calls, failed: 0 },
      });
    });

    test('takes datagrams in fragments: all of one reach one server', async () => {
      expect(await askConnected(outside.hosts[0]!, farm.target, { count: 50, bytes: 4000, method: 'OPTIONS' })).toBe(
        50,
      );
    });
  });
}
