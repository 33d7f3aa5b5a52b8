import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BalancedCluster, BalancedService, Frontend } from '../../../src/admin/balancer/description.ts';
import { devices } from '../../../src/admin/balancer/devices/devices.ts';
import { freePorts } from '../../../src/admin/balancer/devices/nft/free-ports.ts';
import { generate } from '../../../src/admin/balancer/generate.ts';
import { hostInstructions, hostSystems } from '../../../src/admin/balancer/hosts/host-instructions.ts';
import { readDescription } from '../../../src/admin/balancer/read-description.ts';
import { hashTable, turnTable, type SlotTable } from '../../../src/admin/balancer/spread.ts';
import { writeDescription } from '../../../src/admin/balancer/write-description.ts';
import { cluster, frontend, service } from './example.ts';

const device = (name: string) => devices.find((one) => one.name === name)!;
const errors = (description: BalancedCluster, name = 'nftables'): string[] =>
  generate(device(name), description)
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ text }) => text);
const warnings = (description: BalancedCluster, name: string): string[] =>
  generate(device(name), description)
    .problems.filter(({ severity }) => severity === 'warning')
    .map(({ text }) => text);

describe('a description of a cluster', () => {
  test('without mistakes has none, and gives files', () => {
    expect(errors(cluster())).toEqual([]);
    expect(generate(device('nftables'), cluster()).files).toHaveLength(1);
  });

  test('needs a virtual address, frontends and services; nothing is generated without', () => {
    const empty = cluster({ virtualAddress: '', frontends: [], services: [] });
    expect(errors(empty)).toEqual([
      expect.stringContaining('virtual address is missing'),
      expect.stringContaining('no frontend'),
      expect.stringContaining('no service'),
    ]);
    expect(generate(device('alteon'), empty).files).toEqual([]);
  });

  test('has direct server return only with the balancer in the network of the frontends', () => {
    const away = cluster({ mode: 'dsr', balancer: { address: '10.1.0.1', prefixLength: 24 } });
    expect(errors(away)[0]).toMatch(
      /^frontend a \(10\.0\.0\.11\) is not in the network of the balancer, 10\.1\.0\.1\/24/,
    );
    expect(errors(away)).toHaveLength(3);
    expect(errors(cluster({ mode: 'dsr' }))).toEqual([]);
  });

  test('cannot be checked for that without the address of the balancer, and says so', () => {
    const blind = cluster({ mode: 'dsr', balancer: { address: '' } });
    expect(warnings(blind, 'serveriron')[0]).toContain('must be in the network segment');
  });

  test('names the frontends that lack the virtual address', () => {
    const [a, ...others] = cluster().frontends;
    const lacking = cluster({ mode: 'dsr', frontends: [{ ...a!, hasVirtualAddress: false }, ...others] });
    expect(warnings(lacking, 'nftables')).toEqual([expect.stringMatching(/^a does not have 203\.0\.113\.10/)]);
  });

  test('of a farm has no bindings for UDP; without a farm it may', () => {
    const services = [service({ mode: 'normal' })];
    expect(errors(cluster({ services }))).toEqual([
      expect.stringContaining('binds each sender of UDP to one frontend'),
    ]);
    expect(errors(cluster({ services, isFarm: false }))).toEqual([]);
  });

  test('tells nginx to keep answers from sockets that it is about to close', () => {
    const texts = generate(device('nginx'), cluster()).files.map(({ text }) => text);
    expect(texts.join('')).toContain('#   sysctl -w net.ipv4.udp_early_demux=0\n');
  });

  test('of a farm with NAT needs a device that can forget: F5 has nPath only', () => {
    expect(errors(cluster(), 'bigip')).toEqual([expect.stringContaining('it has no "nat"')]);
    expect(warnings(cluster(), 'serveriron')).toEqual([
      expect.stringContaining('do not reach the private addresses'),
      expect.stringContaining('"stateless"'),
    ]);
    expect(generate(device('serveriron'), cluster()).files[0]?.text).toContain(' port 5060 stateless');
    expect(generate(device('alteon'), cluster()).files[0]?.text).toContain('udp stateless');
  });

  test('is not for a proxy where answers go past it', () => {
    const dsr = cluster({ mode: 'dsr' });
    expect(errors(dsr, 'haproxy')).toEqual([expect.stringContaining('HAProxy is a proxy')]);
    expect(errors(dsr, 'nginx')).toEqual([expect.stringContaining('nginx is a proxy')]);
  });

  test('has no UDP with HAProxy, which says so and keeps the rest', () => {
    expect(warnings(cluster(), 'haproxy')[1]).toContain('HAProxy balances no UDP: sip');
    expect(generate(device('haproxy'), cluster()).files[0]?.text).toMatch(/^listen sip$/m);
  });

  test('has media ports that do not overlap, are no service, and are whole pairs, where all come to one address', () => {
    const single = (...ranges: (readonly [number, number])[]): BalancedCluster =>
      cluster({
        mediaMethod: 'single-ip',
        frontends: ranges.map(([first, last], at) =>
          frontend({ name: 'abc'[at]!, address: `10.0.0.1${at}`, mediaPorts: { first, last } }),
        ),
      });
    expect(errors(single([10_000, 19_999], [20_000, 29_999], [30_000, 39_999]))).toEqual([]);
    expect(errors(single([10_000, 19_999], [19_998, 29_999]))).toEqual([
      expect.stringContaining('a (10000-19999) and b (19998-29999) share ports behind 203.0.113.10'),
    ]);
    expect(errors(single([5000, 5099]))).toEqual([
      expect.stringContaining('has port 5060 in it, which is used by this server'),
    ]);
    expect(warnings(single([10_001, 19_999]), 'nftables')).toEqual([expect.stringContaining('even port')]);
    expect(errors(single([2000, 5059], [5062, 65_535]))).toEqual([expect.stringContaining('1000 must be left')]);
    const [, second] = single([10_000, 19_999], [20_000, 29_999]).frontends;
    const both = cluster({ mediaMethod: 'single-ip', frontends: [{ ...second!, wanAddress: '203.0.113.11' }] });
    expect(errors(both)).toEqual([expect.stringContaining('tells media the WAN address 203.0.113.11')]);
    expect(errors(cluster({ mediaMethod: 'single-ip', frontends: [frontend()] }))).toEqual([
      expect.stringContaining('has no mediaPorts'),
    ]);
  });

  test('has an outside address for each frontend, where they are mapped one to one', () => {
    const mapped = (...addresses: string[]): BalancedCluster =>
      cluster({
        mediaMethod: 'multi-ip-nat',
        frontends: addresses.map((wanAddress, at) =>
          frontend({ name: 'abc'[at]!, address: `10.0.0.1${at}`, wanAddress }),
        ),
      });
    expect(errors(mapped('203.0.113.11', '203.0.113.12'))).toEqual([]);
    expect(errors(mapped('203.0.113.11', '203.0.113.11'))).toEqual([expect.stringContaining('the same wanAddress')]);
    expect(errors(mapped('203.0.113.10'))).toEqual([expect.stringContaining('must not be the virtual address')]);
    expect(errors(mapped(''))).toEqual([expect.stringContaining('has no wanAddress')]);
  });

  test('does not name things twice, or things that there are not', () => {
    const twice = cluster({
      frontends: [frontend(), frontend()],
      services: [service(), service({ frontends: ['z'] })],
    });
    expect(errors(twice)).toEqual([
      expect.stringContaining('two frontends are called a'),
      expect.stringContaining('two frontends have the address 10.0.0.11'),
      expect.stringContaining('two services are called sip'),
      expect.stringContaining('two services have the port udp 5060'),
      expect.stringContaining('two services have the port tcp 5060'),
      expect.stringContaining('names the frontend z'),
    ]);
  });

  test('has MAC addresses where nftables returns directly', () => {
    const dsr = cluster({ mode: 'dsr', frontends: [frontend({ mac: '' })], balancer: { mac: '' } });
    expect(errors(dsr)).toEqual([
      expect.stringContaining("the balancer's own MAC address"),
      expect.stringContaining('ip neighbour show 10.0.0.11'),
    ]);
  });
});

describe('instructions for hosts', () => {
  test('have the alias and, on Linux, the ARP settings for direct server return', () => {
    const dsr = cluster({ mode: 'dsr' });
    expect(hostInstructions(dsr, 'linux')).toContain('\nip address add 203.0.113.10/32 dev lo\n');
    for (const key of ['all.arp_ignore = 1', 'eth0.arp_ignore = 1', 'all.arp_announce = 2', 'eth0.arp_announce = 2'])
      expect(hostInstructions(dsr, 'linux')).toContain(`net.ipv4.conf.${key}\n`);
    expect(hostInstructions(dsr, 'solaris')).toContain(
      '\nifconfig lo0:1 plumb\nifconfig lo0:1 203.0.113.10 netmask 255.255.255.255 up\n',
    );
    expect(hostInstructions(dsr, 'solaris')).toContain('/etc/hostname.lo0:1');
    for (const system of hostSystems) {
      expect(hostInstructions(dsr, system)).toContain(
        '\nhubfarm farm set --cluster --virtual-addresses 203.0.113.10 --balancer dsr\n',
      );
      expect(hostInstructions(dsr, system)).not.toContain('default');
    }
    expect(hostInstructions(dsr, 'freebsd')).toContain(
      'ifconfig_lo0_alias0="inet 203.0.113.10 netmask 255.255.255.255"',
    );
  });

  test('have the way back through the balancer for NAT, and no alias', () => {
    for (const system of hostSystems) {
      expect(hostInstructions(cluster(), system)).toMatch(/default.* 10\.0\.0\.1\b/);
      expect(hostInstructions(cluster(), system)).not.toContain('alias');
      // What is direct, and media, would pass the balancer as well.
      const mixed = cluster({ services: [service({ mode: 'dsr' }), service({ name: 'pop3', mode: 'normal' })] });
      expect(hostInstructions(mixed, system)).not.toMatch(/^(ip )?route|^defaultrouter/m);
      expect(hostInstructions(mixed, system)).toContain('must see the answers');
    }
  });
});

describe('a table of slots', () => {
  const count = ({ ranges }: SlotTable, name: string): number =>
    ranges.filter((range) => range.frontend.name === name).reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const owner = ({ ranges }: SlotTable, slot: number): string =>
    ranges.find(({ first, last }) => first <= slot && slot <= last)!.frontend.name;
  const several = (n: number): Frontend[] => Array.from({ length: n }, (_, at) => frontend({ name: `f${at}` }));

  test('has as many turns for each as its weight says, and mixes them', () => {
    const table = turnTable([frontend({ name: 'a', weight: 300 }), frontend({ name: 'b', weight: 100 })]);
    expect([table.size, count(table, 'a'), count(table, 'b')]).toEqual([4, 3, 1]);
    expect(turnTable(several(3)).ranges.map(({ first }) => first)).toEqual([0, 1, 2]);
  });

  test('is as even as it can be', () => {
    for (let n = 1; n <= 12; n += 1) {
      const table = hashTable(several(n));
      const counts = several(n).map(({ name }) => count(table, name));
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });

  test('changes little when one leaves', () => {
    const before = hashTable(several(4));
    const after = hashTable(several(4).slice(1));
    const slots = Array.from({ length: Math.min(before.size, after.size) }, (_, slot) => slot);
    expect(before.size).toBe(after.size);
    const moved = slots.filter((slot) => owner(before, slot) !== 'f0' && owner(before, slot) !== owner(after, slot));
    expect(moved.length).toBeLessThan(slots.length / 4);
  });
});

test('what frontends ask the outside leaves from the largest piece of ports that nobody has', () => {
  const ranges = [
    { first: 10_000, last: 19_999 },
    { first: 20_000, last: 29_999 },
  ];
  const frontends = ranges.map((mediaPorts, at) => frontend({ name: `f${at}`, mediaPorts }));
  expect(freePorts({ frontends, services: [service()] })).toEqual({ first: 30_000, last: 65_535 });
  const all = [frontend({ mediaPorts: { first: 1024, last: 65_535 } })];
  const none = freePorts({ frontends: all, services: [] });
  expect(none.last - none.first + 1).toBe(0);
});

describe('a written description', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
  const range = fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 0, max: 1000 }));
  const anyFrontend: fc.Arbitrary<Frontend> = fc.record({
    name,
    address: fc.ipV4(),
    hardwarePort: fc.option(fc.integer({ min: 1, max: 1023 }), { nil: undefined }),
    mac: fc.constantFrom('', '02:00:5e:10:00:01'),
    weight: fc.integer({ min: 1, max: 10_000 }),
    mediaPorts: fc.option(
      range.map(([first, size]) => ({ first, last: Math.min(65_535, first + size) })),
      { nil: undefined },
    ),
    wanAddress: fc.constantFrom('', '203.0.113.11'),
    hasVirtualAddress: fc.constantFrom(undefined, true, false),
  });
  const anyService: fc.Arbitrary<BalancedService> = fc.record({
    name,
    port: fc.integer({ min: 1, max: 65_535 }),
    protocols: fc.constantFrom(['tcp'] as const, ['udp'] as const, ['udp', 'tcp'] as const),
    mode: fc.constantFrom('normal', 'dsr', 'nat'),
    isKeptAlive: fc.boolean(),
    check: fc.constantFrom('tcp', 'sip', 'https', 'smtp', 'none'),
    predictor: fc.constantFrom(undefined, 'round-robin', 'source', 'least-connections'),
    frontends: fc.option(fc.array(name, { maxLength: 3 }), { nil: undefined }),
  });

  test('is read back as it was', () => {
    const vlan = { name: 'external', tag: 7, interfaces: ['1.1', '1.2'] };
    const whole = fc.record({
      frontends: fc.array(anyFrontend, { maxLength: 4 }),
      services: fc.array(anyService, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(whole, (parts) => {
        const written = { ...cluster({ balancer: { vlan, uplinkPorts: [1, 2] } }), ...parts };
        expect(readDescription(writeDescription(written))).toEqual({ cluster: written, problems: [] });
      }),
    );
  });

  test('never ends the program, whatever it is, nor does what is made of it', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(readDescription(text).problems).toBeInstanceOf(Array);
      }),
    );
    fc.assert(
      fc.property(fc.array(anyFrontend, { maxLength: 3 }), fc.array(anyService, { maxLength: 3 }), (a, b) => {
        for (const one of devices) generate(one, { ...cluster(), frontends: a, services: b });
      }),
    );
  });

  test('has each mistake named with its place', () => {
    const text = `
cluster.name = "-"
[balancer]
netmask = "255.0.255.0"
vlan = { name = "x", tag = 0, interfaces = ["1.1"] }
[[frontend]]
address = "10.0.0.300"
mac = "02:00"
color = "red"
[[service]]
port = 70000
mode = "magic"
mediaPorts = "1-2"
[other]
`;
    expect(readDescription(text).problems).toEqual([
      'section other is unknown; there are cluster, balancer, media, frontend, service',
      'cluster.name must be letters, digits and -, not "-"',
      'balancer.netmask must be a mask such as "255.255.255.0", or its length, not "255.0.255.0"',
      expect.stringContaining('balancer.vlan must be'),
      'frontend 1.address must be an IPv4 address, not "10.0.0.300"',
      expect.stringContaining('frontend 1.mac must be a MAC address'),
      expect.stringContaining('frontend 1.color is unknown'),
      'service 1.port must be a port from 1 to 65535, not 70000',
      'service 1.mode must be "normal" or "dsr" or "nat", not "magic"',
      expect.stringContaining('service 1.mediaPorts is unknown'),
    ]);
    expect(readDescription('a = [').problems).toEqual([expect.stringMatching(/^line 1, column \d+: /)]);
  });

  test('is explained by an example that can be used', () => {
    const document = readFileSync('docs/operations/load-balancers.md', 'utf8');
    const [, example = ''] = /```toml\n([^]*?)```/.exec(document) ?? [];
    const { cluster: read, problems } = readDescription(example);
    expect(problems).toEqual([]);
    expect(errors(read!)).toEqual([]);
    // Every key that there is, and no other.
    const keys = (text: string): string[] => [...new Set(text.match(/^\w+(?= = )/gm))].sort();
    const frontends = [
      frontend({ hasVirtualAddress: true, wanAddress: '198.51.100.11', mediaPorts: { first: 2, last: 3 } }),
    ];
    const vlan = { name: 'external', tag: 7, interfaces: ['1.1'] };
    const balancer = { vlan, gateway: '10.0.0.2', dns: '10.0.0.3', monitor: 'sip' };
    const services = [service({ predictor: 'source', frontends: ['a'] })];
    const whole = writeDescription(cluster({ frontends, balancer, services }));
    expect(keys(example)).toEqual(keys(whole).filter((key) => key !== 'hasVirtualAddress'));
  });

  test('cannot put anything of its own into a configuration: names have no spaces, quotes or line ends', () => {
    for (const name of ['a b', 'a"b', 'a\\nb', 'a;b', '-a', 'a{']) {
      const text = `[[frontend]]\nname = "${name.replaceAll('"', '\\"')}"\naddress = "10.0.0.1"\n`;
      expect(readDescription(text).problems, name).toHaveLength(1);
    }
  });
});
