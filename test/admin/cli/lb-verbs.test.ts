import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/admin/cli/json-document.ts';
import { readDescription } from '../../../src/admin/balancer/read-description.ts';
import { FakeFiles, FakeServer, hubfarm, type Run } from './fake-machine.ts';

const guide = readFileSync('test/vectors/balancer/guide.toml', 'utf8');

const member = (name: string, change: JsonObject = {}): JsonObject => ({
  Member_str: name,
  Address_str: name === 'alpha' ? '10.0.0.11' : '10.0.0.12',
  Mac_str: name === 'alpha' ? '02:00:00:00:00:11' : '02:00:00:00:00:12',
  Weight_u32: 100,
  Ready_bool: true,
  TakesLogins_bool: name === 'alpha',
  InFarm_bool: true,
  Balancer_str: 'dsr',
  VirtualAddresses_str: '10.0.0.100',
  BoundAddresses_str: '10.0.0.100',
  WanAddress_str: '',
  MediaPorts_str: '',
  ...change,
});
const listener = (name: string, kind: string, port: number): JsonObject => ({
  Member_str: name,
  Kind_str: kind,
  Port_u32: port,
});
const standing = (alpha: JsonObject = {}, beta: JsonObject = {}): FakeServer =>
  new FakeServer({
    HubfarmEnumFrontend: {
      FrontendList: [member('alpha', alpha), member('beta', beta)],
      ListenerList: ['alpha', 'beta'].flatMap((name) => [
        listener(name, 'udp', 5060),
        listener(name, 'tcp', 5060),
        listener(name, 'udp', 5060),
        listener(name, 'vpn', 443),
      ]),
    },
  });

const run = (line: string, server = standing(), files = new FakeFiles()): Promise<Run> =>
  hubfarm(line.split(' '), { server, files });

describe('hubfarm lb config', () => {
  test('prints what a device needs of a cluster that a file describes; no server is asked', async () => {
    const files = new FakeFiles();
    await files.write('guide.toml', guide);
    const server = new FakeServer();
    server.isUp = false;
    const { code, output, errors } = await run('lb config --for serveriron --from guide.toml', server, files);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toContain('server virtual vip1 64.173.55.164\n');
    expect(server.calls).toEqual([]);
  });

  test('prints it for the cluster as it stands', async () => {
    const { code, output } = await run(
      'lb config --for nftables --balancer-address 10.0.0.1/24 --balancer-mac 02:00:00:00:00:01 --interface eth1',
    );
    expect(code).toBe(0);
    expect(output).toContain('hook ingress device "eth1"');
    expect(output).toMatch(/udp dport 5060 .*numgen inc mod 2 map \{ 0 : 02:00:00:00:00:11, 1 : 02:00:00:00:00:12 \}/);
    // Only the first one takes log-ins.
    expect(output).toMatch(/tcp dport 443 .*jhash ip saddr mod 61 seed \w+ map \{ 0-60 : 02:00:00:00:00:11 \}/);
  });

  test('says what is missing, and prints nothing', async () => {
    const { code, output, errors } = await run('lb config --for nftables', standing({ Mac_str: '' }));
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toContain("balancer's own MAC address");
    expect(errors).toContain('frontend alpha has no mac');
  });

  test('is not for half a cluster: a member sends to the controller', async () => {
    const server = new FakeServer({
      HubfarmEnumFrontend: { OnlyThisServer_bool: true, FrontendList: [member('beta')] },
    });
    const { code, errors } = await run('lb config --for nginx', server);
    expect(code).toBe(1);
    expect(errors).toContain('ask the controller');
  });

  test('leaves out servers that are not ready, if asked to', async () => {
    const line = 'lb config --for keepalived --ready --vip 10.0.0.100';
    const { output } = await run(line, standing({}, { Ready_bool: false }));
    expect(output).toContain('real_server 10.0.0.11 5060');
    expect(output).not.toContain('10.0.0.12');
  });

  test('can leave one protocol to another balancer', async () => {
    const { output } = await run('lb config --for haproxy --mode nat --only tcp');
    expect(output).toContain('listen sip-5060');
    const udp = await run('lb config --for nftables --mode nat --only udp');
    expect(udp.output).toContain('udp dport 5060');
    expect(udp.output).not.toContain('tcp dport');
  });

  test('writes files into a folder, or gives them all as JSON', async () => {
    const files = new FakeFiles();
    await files.write('guide.toml', guide);
    const { output } = await run('lb config --for bigip --from guide.toml --out /tmp/f5', undefined, files);
    expect(output).toContain('/tmp/f5/bigip.conf');
    expect((await files.read('/tmp/f5/bigip_base.conf', 1e6)).toString()).toContain('vlan external {');
    const json = await run('lb config --for bigip --host solaris --from guide.toml --json', undefined, files);
    const { files: all } = JSON.parse(json.output) as { files: { name: string }[] };
    expect(all.map(({ name }) => name)).toEqual(['bigip_base.conf', 'bigip.conf', 'bigip_local.conf', 'solaris.txt']);
  });

  test('names the words that an option takes', async () => {
    for (const [line, words] of [
      ['lb config', '--for serveriron|alteon|bigip|nftables|keepalived|haproxy|nginx'],
      ['lb config --for f5', 'serveriron, alteon, bigip, nftables, keepalived, haproxy, nginx'],
      ['lb config --host windows', 'linux, solaris, freebsd'],
      ['lb config --for nginx --mode magic', 'normal, dsr, nat'],
      ['lb config --for nginx --vip x', 'IPv4'],
      ['lb config --for nginx --balancer-address 10.0.0.1/99', '10.0.0.1/24'],
      ['lb config --for nginx --balancer-mac 1', 'MAC'],
      ['lb config --for nginx --only sctp', 'udp or tcp'],
      ['lb config --for nftables --interface a"b', 'no network interface'],
    ] as const) {
      const { code, errors } = await run(line);
      expect({ line, code }).toEqual({ line, code: 2 });
      expect(errors).toContain(words);
    }
  });

  test('says what is wrong in a file', async () => {
    const files = new FakeFiles();
    await files.write('bad.toml', '[cluster]\nfarm = "yes"\n');
    const { code, errors } = await run('lb config --for nginx --from bad.toml', undefined, files);
    expect(code).toBe(1);
    expect(errors).toContain('cluster.farm must be true or false, not "yes"');
  });
});

describe('hubfarm lb describe', () => {
  test('writes the cluster as a file that can be read again', async () => {
    const { output } = await run('lb describe --name farm-1 --balancer-address 10.0.0.1/24');
    const { cluster, problems } = readDescription(output);
    expect(problems).toEqual([]);
    expect(cluster).toMatchObject({
      name: 'farm-1',
      virtualAddress: '10.0.0.100',
      isFarm: true,
      balancer: { address: '10.0.0.1', prefixLength: 24 },
      frontends: [
        { name: 'alpha', hasVirtualAddress: true },
        { name: 'beta', hasVirtualAddress: true },
      ],
      services: [
        { name: 'sip-5060', protocols: ['udp', 'tcp'], mode: 'dsr', check: 'sip' },
        { name: 'vpn-443', protocols: ['tcp'], mode: 'dsr', check: 'https', frontends: ['alpha'] },
      ],
    });
  });

  test('knows how media come from what the servers were told', async () => {
    const methodOf = async (alpha: JsonObject, beta: JsonObject): Promise<string | undefined> =>
      readDescription((await run('lb describe', standing(alpha, beta))).output).cluster?.mediaMethod;
    const nat = { Balancer_str: 'nat' };
    const ports = { MediaPorts_str: '10000-19999' };
    const shared = { ...nat, WanAddress_str: '203.0.113.1', ...ports };
    expect(await methodOf(nat, nat)).toBe('none');
    expect(await methodOf(shared, { ...shared, MediaPorts_str: '20000-29999' })).toBe('single-ip');
    expect(await methodOf(shared, { ...shared, WanAddress_str: '203.0.113.2' })).toBe('multi-ip-nat');
    expect(await methodOf({ WanAddress_str: '10.0.0.11' }, { WanAddress_str: '10.0.0.12' })).toBe('multi-ip');
  });
});

describe('hubfarm lb check', () => {
  const finding = (verdict: string, what: string, command = ''): JsonObject => ({
    Member_str: 'alpha',
    VirtualAddress_str: '10.0.0.100',
    What_str: what,
    Verdict_str: verdict,
    Text_str: `about ${what}`,
    Command_str: command,
  });

  test('shows what is there, and ends with 0', async () => {
    const server = new FakeServer({ HubfarmCheckFrontend: { FindingList: [finding('ok', 'alias')] } });
    const { code, output } = await run('lb check --balancer-address 10.0.0.1/24', server);
    expect(code).toBe(0);
    expect(output).toContain('Nothing is lacking.');
    expect(server.paramsOf('HubfarmCheckFrontend')).toEqual({
      VirtualAddress_str: '',
      BalancerAddress_str: '10.0.0.1',
    });
  });

  test('shows what is lacking with the command that helps, and ends with 1', async () => {
    const rows = [finding('lacks', 'alias', 'ip address add …'), finding('unknown', 'segment', 'look')];
    const server = new FakeServer({ HubfarmCheckFrontend: { FindingList: rows } });
    const { code, output } = await run('lb check', server);
    expect(code).toBe(1);
    expect(output).toContain('alpha: alias: ip address add …\nalpha: segment: look\n1 thing is lacking.');
    const json = await run('lb check --json', server);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.output)).toMatchObject({ lacking: 1 });
  });

  test('ends with 1 where no server knows of a virtual address', async () => {
    const server = new FakeServer({ HubfarmCheckFrontend: { FindingList: [] } });
    const { code, errors } = await run('lb check', server);
    expect(code).toBe(1);
    expect(errors).toContain('hubfarm farm set --virtual-addresses');
  });
});
