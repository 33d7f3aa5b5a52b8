import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { BalancedFarm } from './balanced-farm.ts';
import { askConnected, echoes, OutsideCalls } from './balancer-calls.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';
import { sipUsers } from './sipp.ts';

const domain = 'farm.test';
const calls = 30;
const users = sipUsers(12 * calls, domain);
const address = '10.77.0.200';
/** One for each server, where they are mapped. */
const mapped = ['10.77.0.201', '10.77.0.202', '10.77.0.203'] as const;
const ranges = ['10000-19998', '20000-29998', '30000-38999'] as const;
const behindFirewall = { count: 30, bytes: 400, method: 'MESSAGE' } as const;
const udpWent = { successful: calls, failed: 0, retransmissions: 0 };
const went = { successful: calls, failed: 0 };

if (requirePeers(['ip', 'nft', 'conntrack', 'nginx', 'nginxStream', 'haproxy', 'sipp', 'vpncmd'])) {
  describe('a balancer that translates addresses', () => {
    const outsideNetwork = useNetwork();
    const insideNetwork = useNetwork('10.78.0');
    let farm: BalancedFarm;
    let balancer: Host;
    let insideAddress: string;
    let callers: Host;
    let outside: OutsideCalls;

    beforeAll(async () => {
      balancer = outsideNetwork().host('balancer');
      insideAddress = insideNetwork().join(balancer, 'eth1');
      farm = new BalancedFarm({
        host: (name) => insideNetwork().host(name),
        balancer,
        virtualAddress: address,
        settings: ['sip.balancer=nat', 'sip.trusted=["10.77.0.0/24"]', 'sip.lanNetworks=["10.78.0.0/24"]'],
      });
      callers = outsideNetwork().host('callers');
      outside = new OutsideCalls(farm, { callers, callees: outsideNetwork().host('callees') }, users);
      for (const { host } of farm.servers) {
        await host.mustRun('ip', ['route', 'replace', 'default', 'via', insideAddress]);
      }
      await farm.start();
      await farm.allIn();
      await provideAccounts(farm.first, domain, users);
    });

    /** Of the cluster as it stands; `changes` are made to the description by hand, as an administrator would. */
    async function configuration(change: (description: string) => string): Promise<string> {
      const place = ['--balancer-address', `${insideAddress}/24`, '--interface', 'eth0', '--inside-interface', 'eth1'];
      const description = change(await farm.first.hubfarm('lb', 'describe', ...place));
      const { host } = farm.first;
      const file = `${host.folder}/cluster.toml`;
      await host.mustRun('sh', ['-c', `cat > ${file} <<'END'\n${description}\nEND`]);
      return farm.configuration('--from', file);
    }
    /** Files of another program, from the same description; returns their folder on the balancer. */
    async function provided(device: string, change: (description: string) => string): Promise<string> {
      await configuration(change);
      const { host } = farm.first;
      const folder = `${balancer.folder}/${device}`;
      await farm.first.hubfarm(
        'lb',
        'config',
        '--for',
        device,
        '--from',
        `${host.folder}/cluster.toml`,
        '--out',
        folder,
      );
      return folder;
    }
    const withMedia = (method: string, values: readonly string[]) => (description: string) => {
      let at = 0;
      return description
        .replace(/^method = .*$/m, `method = "${method}"`)
        .replaceAll(/^(mediaPorts|wanAddress) = .*\n/gm, '')
        .replaceAll(/^\[\[frontend\]\]$/gm, (head) => `${head}\n${values[at++] ?? ''}`);
    };
    const singleIp = withMedia(
      'single-ip',
      ranges.map((range) => `mediaPorts = "${range}"`),
    );

    test('with one address for all, and nothing remembered: calls go, answers come from the virtual address', async () => {
      await farm.balance(await configuration(singleIp));
      const { expected, unexpected, ...outcome } = await outside.watched(address, () => outside.call(calls));
      expect(outcome).toMatchObject({ registered: udpWent, caller: udpWent, callee: went });
      expect(unexpected).toBe(0);
      expect(expected).toBeGreaterThan(calls * 5);
      for (const relayed of await farm.figures('relayedOut')) expect(relayed).toBeGreaterThan(0);
      expect(await askConnected(callers, farm.target, behindFirewall)).toBe(behindFirewall.count);
      await outside.callBusy(calls);
      expect(await farm.warnings()).not.toContain('balancer-binds');
      // Nothing of it is remembered.
      const remembered = await balancer.run('conntrack', ['-L', '-p', 'udp', '--dport', '5060']);
      expect(remembered.stdout).not.toMatch(/dport=5060/);
    });

    test('takes datagrams in fragments', async () => {
      await farm.balance(await configuration(singleIp));
      expect(await askConnected(callers, farm.target, { count: 50, bytes: 4000, method: 'OPTIONS' })).toBe(50);
    });

    test('brings media to the server that the port belongs to, and what servers ask the outside back to them', async () => {
      await farm.balance(await configuration(singleIp));
      const [, second, third] = farm.servers;
      expect(await echoes(callers, `${address}:20002`, second!.host)).toBe(true);
      expect(await echoes(callers, `${address}:38998`, third!.host)).toBe(true);
      expect(await echoes(third!.host, `${callers.address}:9000`, callers)).toBe(true);
    });

    test('keeps each TCP connection with one server', async () => {
      await farm.balance(await configuration(singleIp));
      expect(await outside.call(calls, 'tcp')).toMatchObject({ registered: went, caller: went, callee: went });
    });

    test('may be nginx, with nothing remembered and the second file for the answers', async () => {
      const folder = await provided('nginx', singleIp);
      await farm.balance(readFileSync(`${folder}/hubfarm-answers.nft`, 'utf8'));
      const settings = `daemon off; pid ${folder}/pid; error_log ${folder}/errors;`;
      const nginx = balancer.start('nginx', ['-c', `${folder}/nginx.conf`, '-g', settings]);
      try {
        await balancer.receives('udp', 5060);
        const { expected, unexpected, ...outcome } = await outside.watched(address, () => outside.call(calls));
        expect(outcome).toMatchObject({ registered: udpWent, caller: udpWent, callee: went });
        expect(unexpected).toBe(0);
        expect(expected).toBeGreaterThan(calls * 5);
      } finally {
        await nginx.stop(5_000);
      }
    });

    test('may be HAProxy for TCP: connections go on, and the servers see who calls', async () => {
      const folder = await provided('haproxy', singleIp);
      await farm.balance(readFileSync(`${folder}/hubfarm-answers.nft`, 'utf8'));
      const haproxy = balancer.start('haproxy', ['-db', '-f', `${folder}/haproxy.cfg`]);
      try {
        await balancer.listens(5060);
        expect(await outside.call(calls, 'tcp')).toMatchObject({ registered: went, caller: went, callee: went });
        const registrations = await farm.first.hubfarm('sip', 'registrations', '--json');
        expect(registrations).not.toContain(insideAddress);
      } finally {
        await haproxy.stop(5_000, 'SIGKILL');
      }
    });

    test('with an address for each server: calls go, and all other ports are mapped one to one', async () => {
      for (const one of mapped) await balancer.mustRun('ip', ['addr', 'add', `${one}/32`, 'dev', 'eth0']);
      const mapping = withMedia(
        'multi-ip-nat',
        mapped.map((one) => `wanAddress = "${one}"`),
      );
      await farm.balance(await configuration(mapping));
      const { unexpected, ...outcome } = await outside.watched(address, () => outside.call(calls));
      expect(outcome).toMatchObject({ registered: udpWent, caller: udpWent, callee: went });
      expect(unexpected).toBe(0);
      for (const [at, one] of mapped.entries()) {
        expect(await echoes(callers, `${one}:12344`, farm.servers[at]!.host)).toBe(true);
      }
      expect(await echoes(farm.first.host, `${callers.address}:9002`, callers)).toBe(true);
    });

    test('with servers that the world can reach: calls go, and all other ports pass unchanged', async () => {
      for (const host of outside.hosts) {
        await host.mustRun('ip', ['route', 'replace', '10.78.0.0/24', 'via', balancer.address]);
      }
      await farm.balance(await configuration(withMedia('multi-ip', [])));
      const { unexpected, ...outcome } = await outside.watched(address, () => outside.call(calls));
      expect(outcome).toMatchObject({ registered: udpWent, caller: udpWent, callee: went });
      expect(unexpected).toBe(0);
      const [, second] = farm.servers;
      expect(await echoes(callers, `${second!.host.address}:12346`, second!.host)).toBe(true);
    });

    test('with bindings breaks: answers come from other ports, and the farm says so', async () => {
      const bound = (description: string): string =>
        singleIp(description).replaceAll('mode = "nat"', 'mode = "normal"');
      // We would not print it for a farm.
      await expect(configuration(bound)).rejects.toThrow('binds each sender of UDP to one frontend');
      await farm.balance(await configuration((text) => bound(text).replace('farm = true', 'farm = false')));
      expect(await farm.warnings()).not.toContain('balancer-binds');
      const { unexpected, caller } = await outside.watched(address, () =>
        outside.call(calls, 'udp', { timeoutMs: 20_000 }),
      );
      expect(unexpected).toBeGreaterThan(0);
      // SIPp takes answers from any port; a telephone behind a firewall does not.
      expect(caller.created).toBe(calls);
      expect(await askConnected(callers, farm.target, behindFirewall)).toBeLessThan(behindFirewall.count);
      await outside.callBusy(calls);
      expect(await farm.warnings()).toContain('balancer-binds');
    });
  });
}
