import type { Host } from './namespaces.ts';

/**
 * Puts `inner` behind `box`: its eth0 leads to nobody but the box, which has an address of the network and lends it
 * (masquerading, other ports). What it says of itself is 192.168.7.2.
 */
export async function putBehindNat(box: Host, inner: Host): Promise<void> {
  await inner.mustRun('ip', ['link', 'del', 'eth0']);
  await inner.mustRun('ip', ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'lan', 'netns', box.namespace]);
  await inner.configure('eth0', '192.168.7.2/24');
  await box.configure('lan', '192.168.7.1/24');
  await inner.mustRun('ip', ['route', 'replace', 'default', 'via', '192.168.7.1']);
  await box.mustRun('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  const rules = ['add table ip lend', 'add chain ip lend out { type nat hook postrouting priority 100; }'];
  const masquerade = 'add rule ip lend out oifname eth0 masquerade random';
  await box.mustRun('nft', [[...rules, masquerade].join('; ')]);
}
