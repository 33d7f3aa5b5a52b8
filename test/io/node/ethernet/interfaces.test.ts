import { expect, test } from 'vitest';
import { describeInNamespaces } from './scene.ts';

describeInNamespaces('interfaces that cannot be joined', (scene) => {
  test('are refused with the reason', async () => {
    const remote = scene().host.remote();
    await expect(remote.openInterface('none0')).rejects.toMatchObject({ code: 'NO_SUCH_DEVICE', message: /ip link/ });
    await expect(remote.openInterface('lo')).rejects.toMatchObject({ code: 'NOT_USABLE' });
    await expect(remote.configure('none0', { up: true })).rejects.toMatchObject({ code: 'NO_SUCH_DEVICE' });
  });

  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const rootWithout = ['setpriv', '--bounding-set=-net_admin,-net_raw', '--inh-caps=-net_admin,-net_raw'];
  test.each([
    ['a user without rights', nobody],
    ['root without CAP_NET_ADMIN and CAP_NET_RAW', rootWithout],
  ])('%s is told which right is missing', async (_, as) => {
    scene().cabled('w', 'eth0', '10.9.0.1/24');
    const remote = scene().host.remote(...as);
    const missing = { code: 'NO_PERMISSION', message: /root/ };
    await expect(remote.openTap('t0')).rejects.toMatchObject(missing);
    await expect(remote.openInterface('eth0')).rejects.toMatchObject(missing);
    await expect(remote.configure('eth0', { up: false })).rejects.toMatchObject(missing);
    await expect(remote.configure('eth0', { addressCidr: '10.0.0.1/8', up: true })).rejects.toMatchObject(missing);
    expect(await remote.list()).toEqual(['eth0']);
  });
});

describeInNamespaces('the list of interfaces', (scene) => {
  test('has what carries Ethernet, and not lo, TAPs of our own or what has no addresses', async () => {
    const remote = scene().host.remote();
    scene().host.ip('link add br0 type bridge');
    scene().host.ip('link add v0 type veth peer name v1');
    await remote.openTap('t0');
    expect(await remote.list()).toEqual(['br0', 'v0', 'v1']);
    await remote.close('t0');
  });
});

describeInNamespaces('addresses', (scene) => {
  test('are set, with MTU and state', async () => {
    const remote = scene().host.remote();
    await remote.openTap('t0');
    await remote.configure('t0', { addressCidr: '10.8.7.6/20', mtu: 1400, up: true });
    expect(scene().host.ip('-4 -o addr show dev t0')).toMatch(/inet 10\.8\.7\.6\/20 brd/);
    await remote.configure('t0', { addressCidr: '192.168.0.1/32', up: true });
    expect(scene().host.ip('-4 -o addr show dev t0').trim().split('\n')).toHaveLength(1);
    expect(scene().host.ip('-4 -o addr show dev t0')).toMatch(/inet 192\.168\.0\.1\/32/);
    await remote.configure('t0', { addressCidr: 'fd00:1::a:0:7/64', up: true });
    await remote.configure('t0', { addressCidr: 'fd00:1::a:0:7/64', up: true });
    expect(scene().host.ip('-6 -o addr show dev t0')).toContain('fd00:1::a:0:7/64');
    expect(scene().host.ip('-o link show t0')).toContain('mtu 1400');
    await remote.configure('t0', { up: false });
    expect(scene().host.ip('-o link show t0')).not.toMatch(/<[^>]*\bUP\b/);
  });

  test('that are none are refused', async () => {
    const remote = scene().host.remote();
    await remote.openTap('t0');
    for (const addressCidr of [
      '10.0.0.1',
      '10.0.0.1/33',
      '10.0.0/8',
      'fd00::1/129',
      'fe80::1%t0/64',
      'x/8',
      '/',
      '10.0.0.1/-1',
      '',
    ]) {
      await expect(remote.configure('t0', { addressCidr, up: true })).rejects.toMatchObject({ code: 'BAD_ADDRESS' });
    }
    await expect(remote.configure('t0', { mtu: 1, up: true })).rejects.toMatchObject({ code: 'NOT_USABLE' });
  });
});
