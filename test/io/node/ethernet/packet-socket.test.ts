import { beforeEach, expect, test } from 'vitest';
import type { Namespace, Remote } from './namespaces.ts';
import { describeInNamespaces, transfer } from './scene.ts';

/** Source and destination of frames made by tests. */
const testAddresses = '02000000000102000000aa02';

/** A frame of `size` bytes; `types` = its tags and type. */
function frame(size: number, types: string): string {
  const bytes = Buffer.alloc(size, 0x5a);
  bytes.write(testAddresses + types, 'hex');
  return bytes.toString('hex');
}

describeInNamespaces('an interface outside of bridges (AF_PACKET)', (scene) => {
  let remote: Remote;
  let wired: Namespace;
  let hubSide: Namespace;

  beforeEach(async () => {
    remote = scene().host.remote();
    wired = scene().cabled('w', 'eth0', '10.9.0.1/24');
    await remote.openInterface('eth0');
    await remote.openTap('t1');
    await remote.relay('eth0', 't1');
    hubSide = scene().far('b', 't1', '10.9.0.2/24');
  });

  test('carries pings and streams both ways, with all offloads as they come', async () => {
    expect(wired.reaches('10.9.0.2', 5)).toBe(true);
    await transfer(wired, hubSide, '10.9.0.2', 5_000_000);
    await transfer(hubSide, wired, '10.9.0.1', 5_000_000);
    // The far end of the cable sends segments of up to 64 KiB: none is lost, and none arrives as such.
    expect((await remote.status('eth0')).oversizedFrames).toBe(0);
    expect(await remote.list()).toEqual(['eth0']);
  });

  test('carries IPv6 streams', async () => {
    wired.ip('addr add fd00::1/64 dev w0 nodad');
    hubSide.ip('addr add fd00::2/64 dev t1 nodad');
    await transfer(wired, hubSide, 'fd00::2', 2_000_000);
    await transfer(hubSide, wired, 'fd00::1', 2_000_000);
    expect((await remote.status('eth0')).oversizedFrames).toBe(0);
  });

  test('carries any frame byte by byte, 802.1Q tags included', async () => {
    const neighbour = wired.remote();
    await neighbour.openInterface('w0');
    await neighbour.capture('w0');
    await remote.capture('eth0');
    const frames = [14, 15, 60, 61, 1513, 1514].map((size) => frame(size, '88b5'));
    // The kernel itself drops what ends within a tag.
    frames.push(...[20, 21, 64, 65, 1517, 1518].map((size) => frame(size, '8100a005')));
    frames.push(frame(64, '88a80007'), frame(68, '81000005' + '81000006'));
    for (const each of frames) {
      expect(await neighbour.send('w0', each)).toBe(2);
      expect(await remote.send('eth0', each)).toBe(2);
    }
    const inTime = { timeout: 10_000 };
    const twice = frames.flatMap((each) => [each, each]);
    const ours = (all: string[]): string[] => all.filter((each) => each.startsWith(testAddresses));
    await expect.poll(async () => ours(await remote.captured('eth0')), inTime).toEqual(twice);
    await expect.poll(async () => ours(await neighbour.captured('w0')), inTime).toEqual(twice);
  });

  test('sees frames that are not for this computer, and not what this computer sends', async () => {
    const before = await remote.status('eth0');
    scene().host.configure('eth0', '10.9.0.9/24');
    expect(scene().host.reaches('10.9.0.1', 3)).toBe(true);
    const { receivedFrames } = await remote.status('eth0');
    wired.run('ping', '-b', '-c', '1', '-W', '1', '10.9.0.2');
    expect((await remote.status('eth0')).receivedFrames).toBeGreaterThan(receivedFrames);
    // Three answers, and what the far end asks by ARP; had it seen the questions, there would be three more.
    expect(receivedFrames - before.receivedFrames).toBeLessThan(3 + 3 + 3);
  });

  test('goes on after the interface was down', () => {
    expect(wired.reaches('10.9.0.2', 1)).toBe(true);
    scene().host.ip('link set eth0 down');
    expect(wired.ping('10.9.0.2', 1)).toBe(0);
    scene().host.ip('link set eth0 up');
    expect(wired.reaches('10.9.0.2', 3)).toBe(true);
    expect(hubSide.reaches('10.9.0.1', 3)).toBe(true);
  });

  test('tells its sink when the interface is removed', async () => {
    scene().host.ip('link del eth0');
    expect(await remote.gone('eth0')).toMatchObject({ code: 'DEVICE_GONE', error: 'the interface eth0 was removed' });
    await expect(remote.openInterface('eth0')).rejects.toMatchObject({ code: 'NO_SUCH_DEVICE' });
  });

  test('another interface of the same name is not the same', async () => {
    scene().host.ip('link set eth0 name old0');
    scene().cabled('x', 'eth0', '10.9.0.3/24');
    scene().host.ip('link del old0');
    expect(await remote.gone('eth0')).toMatchObject({ code: 'DEVICE_GONE' });
  });

  test('frames of a jumbo network are counted, with the setting that helps', async () => {
    scene().host.ip('link set eth0 mtu 9000');
    wired.ip('link set w0 mtu 9000');
    expect(wired.ping('10.9.0.2', 2, '-s', '4000')).toBe(0);
    const status = await remote.status('eth0');
    expect(status.oversizedFrames).toBeGreaterThan(0);
    expect(status.notices.join()).toMatch(/ip link set eth0 mtu 1500.*ethtool -K eth0 gro off/);
  });
});
