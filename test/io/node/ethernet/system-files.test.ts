import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SystemFiles } from '../../../../src/io/node/ethernet/system-files.ts';

let root: string;
let system: SystemFiles;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hubfarm-sys-'));
  system = new SystemFiles(root);
});

afterEach(() => rmSync(root, { recursive: true }));

function file(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function addInterface(name: string, type = '1', flags = '0x1003'): void {
  file(`sys/class/net/${name}/type`, `${type}\n`);
  file(`sys/class/net/${name}/flags`, `${flags}\n`);
}

function enslave(name: string, master: string): void {
  symlinkSync(`../${master}`, join(root, `sys/class/net/${name}/master`));
}

test('only what carries Ethernet frames and knows ARP is listed', () => {
  addInterface('wlan0');
  addInterface('eth0');
  addInterface('lo', '772', '0x9');
  addInterface('ifb0', '1', '0x82');
  addInterface('tun0', '65534');
  expect(system.ethernetInterfaces()).toEqual(['eth0', 'wlan0']);
  expect(system.isEthernet('none')).toBe(false);
});

test('a machine without these files has no interfaces', () => {
  expect(system.ethernetInterfaces()).toEqual([]);
  expect(system.bridgeFilterNotices('br0')).toEqual([]);
  system.silenceIpv6('eth0');
});

test('bridges and bonds are told apart, from inside and from outside', () => {
  for (const name of ['eth0', 'eth1', 'eth2', 'br0', 'bond0']) addInterface(name);
  file('sys/class/net/br0/bridge/stp_state', '0');
  file('sys/class/net/bond0/bonding/mode', 'active-backup 1');
  enslave('eth0', 'br0');
  enslave('eth1', 'bond0');
  expect(['eth0', 'br0', 'eth1', 'eth2'].map((name) => system.bridgeOf(name))).toEqual([
    'br0',
    'br0',
    undefined,
    undefined,
  ]);
  expect(['eth0', 'eth1', 'eth2', 'bond0'].map((name) => system.bondOf(name))).toEqual([
    undefined,
    'bond0',
    undefined,
    undefined,
  ]);
});

test('a wireless interface is known', () => {
  addInterface('wlan0');
  mkdirSync(join(root, 'sys/class/net/wlan0/wireless'));
  addInterface('eth0');
  expect([system.isWireless('wlan0'), system.isWireless('eth0')]).toEqual([true, false]);
});

test('a packet filter is noticed where it is on, for all bridges or for one', () => {
  file('proc/sys/net/bridge/bridge-nf-call-iptables', '1\n');
  file('proc/sys/net/bridge/bridge-nf-call-ip6tables', '0\n');
  file('sys/class/net/br0/bridge/nf_call_ip6tables', '1\n');
  const [notice] = system.bridgeFilterNotices('br0');
  expect(notice).toContain('sysctl -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0`');
  expect(system.bridgeFilterNotices('br1')[0]).toContain('bridge-nf-call-iptables=0`');
  file('proc/sys/net/bridge/bridge-nf-call-iptables', '0\n');
  expect(system.bridgeFilterNotices('br1')).toEqual([]);
});

test('IPv6 of the host is switched off on an interface', () => {
  file('proc/sys/net/ipv6/conf/hf-eth0/disable_ipv6', '0');
  system.silenceIpv6('hf-eth0');
  expect(readFileSync(join(root, 'proc/sys/net/ipv6/conf/hf-eth0/disable_ipv6'), 'latin1')).toBe('1');
});
