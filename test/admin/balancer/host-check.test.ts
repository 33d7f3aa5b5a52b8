import { describe, expect, test } from 'vitest';
import type { ArpSettings, HostInterface, HostNetworkFacts } from '#io';
import { checkHost, type Finding, type HostCheckInput } from '../../../src/admin/balancer/hosts/host-check.ts';

const quiet: ArpSettings = { arpIgnore: 1, arpAnnounce: 2, rpFilter: 0 };
const fresh: ArpSettings = { arpIgnore: 0, arpAnnounce: 0, rpFilter: 0 };
const vip = '203.0.113.10';

const device = (name: string, address: string, netmask: string, settings = quiet): HostInterface => ({
  name,
  isLoopback: name === 'lo',
  mac: '02:00:00:00:00:01',
  addresses: [{ address, netmask }],
  settings,
});
const loopback: HostInterface = {
  ...device('lo', '127.0.0.1', '255.0.0.0'),
  addresses: [
    { address: '127.0.0.1', netmask: '255.0.0.0' },
    { address: vip, netmask: '255.255.255.255' },
  ],
};
const bare = device('lo', '127.0.0.1', '255.0.0.0');
const eth0 = device('eth0', '10.0.0.11', '255.255.255.0');

const linux = (interfaces: readonly HostInterface[], all = quiet): HostNetworkFacts => ({
  systemName: 'Linux',
  interfaces,
  all,
});
const input = (change: Partial<HostCheckInput> = {}): HostCheckInput => ({
  facts: linux([loopback, eth0]),
  virtualAddress: vip,
  balancerAddress: '10.0.0.1',
  sockets: [
    { address: vip, port: 5060, isOpen: true },
    { address: '*', port: 5060, isOpen: true },
  ],
  ...change,
});
const lacking = (change: Partial<HostCheckInput>): readonly Finding[] =>
  checkHost(input(change)).filter(({ verdict }) => verdict === 'lacks');

describe('what direct server return needs of a host', () => {
  test('is all there on a Linux host that is set up as told', () => {
    expect(checkHost(input()).map(({ what, verdict }) => `${what}: ${verdict}`)).toEqual([
      'alias: ok',
      'arp_ignore of eth0: ok',
      'arp_announce of eth0: ok',
      'rp_filter of eth0: ok',
      'socket: ok',
      'segment: ok',
    ]);
  });

  test('may have the virtual address on a dummy interface', () => {
    expect(lacking({ facts: linux([bare, eth0, device('dummy0', vip, '255.255.255.255')]) })).toEqual([]);
  });

  test('lacks the virtual address, with the command that adds it', () => {
    expect(lacking({ facts: linux([bare, eth0]) })).toMatchObject([
      { what: 'alias', command: `ip address add ${vip}/32 dev lo` },
    ]);
  });

  test('does not have it on a cable, nor with a network around it', () => {
    const cabled = { ...eth0, addresses: [...eth0.addresses, { address: vip, netmask: '255.255.255.255' }] };
    expect(lacking({ facts: linux([bare, cabled]) })).toMatchObject([
      { what: 'alias', command: `ip address del ${vip}/32 dev eth0; ip address add ${vip}/32 dev lo` },
    ]);
    const wide = { ...bare, addresses: [{ address: vip, netmask: '255.255.255.0' }] };
    expect(lacking({ facts: linux([wide, eth0]) })).toMatchObject([
      { what: 'alias', command: `ip address del ${vip}/24 dev lo; ip address add ${vip}/32 dev lo` },
    ]);
  });

  test('lacks ARP settings on each interface, and for those that come later', () => {
    const facts = linux(
      [loopback, { ...eth0, settings: fresh }, device('eth1', '10.1.0.11', '255.255.255.0', fresh)],
      fresh,
    );
    expect(lacking({ facts }).map(({ what, command }) => `${what}: ${command}`)).toEqual([
      'arp_ignore of eth0: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.eth0.arp_ignore=1',
      'arp_announce of eth0: sysctl -w net.ipv4.conf.all.arp_announce=2 net.ipv4.conf.eth0.arp_announce=2',
      'arp_ignore of eth1: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.eth1.arp_ignore=1',
      'arp_announce of eth1: sysctl -w net.ipv4.conf.all.arp_announce=2 net.ipv4.conf.eth1.arp_announce=2',
      'ARP of all: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2',
    ]);
  });

  test('takes the larger of the settings of an interface and of all, as the kernel does', () => {
    expect(lacking({ facts: linux([loopback, { ...eth0, settings: fresh }]) })).toEqual([]);
    const [loud] = lacking({ facts: linux([loopback, { ...eth0, settings: { ...quiet, arpIgnore: 8 } }]) });
    expect(loud?.text).toContain('8: must be 1');
  });

  test('minds strict reverse path filtering only where there are several ways', () => {
    const strict = { ...quiet, rpFilter: 1 };
    expect(lacking({ facts: linux([loopback, eth0], strict) })).toEqual([]);
    const two = linux([loopback, eth0, device('eth1', '10.1.0.11', '255.255.255.0')], strict);
    expect(lacking({ facts: two }).map(({ what }) => what)).toEqual(['rp_filter of eth0', 'rp_filter of eth1']);
  });

  test('lacks the socket where only the one on all addresses is open, or its own could not be opened', () => {
    const wildcard = { address: '*', port: 5070, isOpen: true };
    const shut = { address: vip, port: 5060, isOpen: false };
    const texts = (sockets: HostCheckInput['sockets']): string[] =>
      lacking({ sockets }).map(({ what, text }) => `${what}: ${text}`);
    expect(texts([wildcard])).toEqual([expect.stringMatching(/^socket: .*:5070:/)]);
    expect(texts([wildcard, shut])).toEqual([expect.stringMatching(/^socket: .*:5060:/)]);
  });

  test('lacks the segment of a balancer that is elsewhere; without its address nobody knows', () => {
    expect(lacking({ balancerAddress: '10.9.0.1' })).toMatchObject([{ what: 'segment' }]);
    expect(checkHost(input({ balancerAddress: '' })).at(-1)).toMatchObject({ what: 'segment', verdict: 'unknown' });
  });

  test('on other systems says what to look at, and their own commands', () => {
    const facts: HostNetworkFacts = { systemName: 'FreeBSD', interfaces: [bare, eth0], all: undefined };
    expect(checkHost(input({ facts })).map(({ what, verdict }) => `${what}: ${verdict}`)).toEqual([
      'alias: lacks',
      'ARP: unknown',
      'socket: ok',
      'segment: ok',
    ]);
    expect(checkHost(input({ facts }))[0]?.command).toBe(`ifconfig lo0 inet ${vip} netmask 255.255.255.255 alias`);
    const sun = checkHost(input({ facts: { ...facts, systemName: 'SunOS' } }))[0];
    expect(sun?.command).toContain('ifconfig lo0:1 plumb');
  });

  test('says so where a container does not show the settings of the kernel', () => {
    const facts: HostNetworkFacts = { systemName: 'Linux', interfaces: [loopback, eth0], all: undefined };
    expect(checkHost(input({ facts }))[1]).toMatchObject({ what: 'ARP', verdict: 'unknown' });
  });
});
