import { existsSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import type { Namespace, Remote } from './namespaces.ts';
import { describeInNamespaces, transfer } from './scene.ts';

describeInNamespaces('an interface in a Linux bridge', (scene) => {
  let remote: Remote;
  let wired: Namespace;

  beforeEach(() => {
    remote = scene().host.remote();
    wired = scene().cabled('w', 'eth0', '10.9.0.1/24');
    scene().host.ip('link add br0 type bridge');
    scene().host.ip('link set eth0 master br0');
    scene().host.configure('br0', '10.9.0.9/24');
  });

  async function joined(name: string): Promise<{ readonly port: string; readonly hubSide: Namespace }> {
    const { name: port } = await remote.openInterface(name);
    await remote.openTap('t1');
    await remote.relay(port, 't1');
    return { port, hubSide: scene().far('b', 't1', '10.9.0.2/24') };
  }

  test.each(['eth0', 'br0'])('%s gets a TAP in that bridge, which reaches the computer itself too', async (name) => {
    const { port, hubSide } = await joined(name);
    expect(port).toBe(`hf-${name}`);
    expect(scene().host.ip(`-o link show ${port}`)).toContain('master br0');
    expect(wired.reaches('10.9.0.2', 3)).toBe(true);
    expect(scene().host.reaches('10.9.0.2', 3)).toBe(true);
    await transfer(wired, hubSide, '10.9.0.2', 2_000_000);
    await transfer(hubSide, wired, '10.9.0.1', 2_000_000);
    expect(await remote.status(port)).toMatchObject({ oversizedFrames: 0 });
    await remote.close(port);
    expect(scene().host.ip('-o link show master br0')).not.toContain(port);
  });

  test('two hubs may join the same interface', async () => {
    expect((await remote.openInterface('eth0')).name).toBe('hf-eth0');
    expect((await remote.openInterface('eth0')).name).toBe('hf-eth01');
    const names = ['w0-very-long-nm', 'w1'];
    scene().host.ip(`link add ${names[0]!} type veth peer name ${names[1]!}`);
    scene().host.ip(`link set ${names[0]!} master br0`);
    expect((await remote.openInterface(names[0]!)).name).toBe('hf-w0-very-long');
    expect((await remote.openInterface(names[0]!)).name).toBe('hf-w0-very-lon1');
  });

  test('says nothing of its own into the bridge', async () => {
    await remote.openInterface('eth0');
    expect(scene().host.ip('-6 -o addr show dev hf-eth0')).toBe('');
  });

  test.each([
    ['the interface leaves the bridge', 'link set eth0 nomaster'],
    ['the bridge is taken down', 'link del br0'],
    ['our port is taken out', 'link set hf-eth0 nomaster'],
  ])('its sink is told when %s', async (_, command) => {
    const { port } = await joined('eth0');
    scene().host.ip(command);
    expect(await remote.gone(port)).toMatchObject({
      code: 'DEVICE_GONE',
      error: 'eth0 is not in the bridge br0 any more',
    });
  });

  test('a packet filter that sees bridged frames is named, with the command against it', async () => {
    const hasFilter = existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables');
    const call = (value: number): string => `net.bridge.bridge-nf-call-iptables=${value}`;
    if (hasFilter) scene().host.run('sysctl', '-q', '-w', call(1));
    const first = await remote.openInterface('eth0');
    const { notices } = await remote.status(first.name);
    expect(notices.join()).toMatch(hasFilter ? /sysctl -w .*bridge-nf-call-iptables=0/ : /^$/);
    if (!hasFilter) return;
    for (const table of ['iptables', 'ip6tables', 'arptables']) {
      scene().host.run('sysctl', '-q', '-w', `net.bridge.bridge-nf-call-${table}=0`);
    }
    const second = await remote.openInterface('eth0');
    expect((await remote.status(second.name)).notices).toEqual([]);
  });
});
