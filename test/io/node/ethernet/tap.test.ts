import { beforeEach, expect, test } from 'vitest';
import type { Remote } from './namespaces.ts';
import { describeInNamespaces, transfer } from './scene.ts';

describeInNamespaces('TAP devices', (scene) => {
  let remote: Remote;
  beforeEach(() => {
    remote = scene().host.remote();
  });

  test('carry pings and streams between two namespaces', async () => {
    const left = await remote.openTap('t0');
    await remote.openTap('t1');
    expect(left).toMatchObject({ name: 't0', mac: expect.stringMatching(/^[0-9a-f]{12}$/) as unknown });
    expect(scene().host.ip('-o link show t0')).toContain(left.mac.match(/../g)!.join(':'));
    await remote.relay('t0', 't1');
    const a = scene().far('a', 't0', '10.9.0.1/24');
    const b = scene().far('b', 't1', '10.9.0.2/24');
    expect(a.reaches('10.9.0.2', 5)).toBe(true);
    expect(a.reaches('10.9.0.2', 3, '-s', '1472', '-M', 'do')).toBe(true);
    await transfer(a, b, '10.9.0.2', 3_000_000);
    const [status, other] = [await remote.status('t0'), await remote.status('t1')];
    expect(status.receivedFrames).toBeGreaterThan(2_000);
    expect(other.sentFrames + other.refusedFrames).toBe(status.receivedFrames);
    expect(status).toMatchObject({ oversizedFrames: 0, notices: [] });
  });

  test('are up, without address, and not in the list of interfaces', async () => {
    await remote.openTap('t0');
    expect(scene().host.ip('-o link show t0')).toMatch(/<[^>]*\bUP\b/);
    expect(scene().host.ip('-4 -o addr show dev t0')).toBe('');
    expect(await remote.list()).not.toContain('t0');
    await remote.close('t0');
    expect(() => scene().host.ip('link show t0')).toThrow(/does not exist/);
  });

  test('tell their sink when somebody deletes them', async () => {
    await remote.openTap('t0');
    await remote.openTap('t1');
    await remote.relay('t0', 't1');
    scene().host.ip('link del t0');
    expect(await remote.gone('t0')).toMatchObject({ code: 'DEVICE_GONE', error: 'the TAP device t0 was deleted' });
    await remote.openTap('t0');
  });

  test('go on after they were down', async () => {
    await remote.openTap('t0');
    await remote.openTap('t1');
    await remote.relay('t0', 't1');
    const a = scene().far('a', 't0', '10.9.0.1/24');
    const b = scene().far('b', 't1', '10.9.0.2/24');
    b.ip('link set t1 down');
    expect(a.ping('10.9.0.2', 1)).toBe(0);
    expect((await remote.status('t1')).refusedFrames).toBeGreaterThan(0);
    b.ip('link set t1 up');
    expect(a.reaches('10.9.0.2', 3)).toBe(true);
  });

  test('give their name back at once when closed, forty times over', async () => {
    for (let i = 0; i < 40; i++) {
      await remote.openTap('t0');
      await remote.close('t0');
    }
  });

  test('work in numbers: ten pairs in one process, more than it has threads', async () => {
    const [a, b] = [scene().empty('a'), scene().empty('b')];
    for (let i = 0; i < 10; i++) {
      await remote.openTap(`a${i}`);
      await remote.openTap(`b${i}`);
      await remote.relay(`a${i}`, `b${i}`);
      scene().host.ip(`link set a${i} netns ${a.name}`);
      scene().host.ip(`link set b${i} netns ${b.name}`);
      a.configure(`a${i}`, `10.9.${i}.1/24`);
      b.configure(`b${i}`, `10.9.${i}.2/24`);
    }
    for (let i = 0; i < 10; i++) expect(a.reaches(`10.9.${i}.2`, 2)).toBe(true);
    const before = await remote.cpuMs();
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Idle devices cost nothing: nobody goes round and asks them.
    expect((await remote.cpuMs()) - before).toBeLessThan(100);
  });

  test('a name that is taken, and a name that cannot be one, are refused', async () => {
    const other = scene().host.remote();
    await other.openTap('t0');
    await expect(remote.openTap('t0')).rejects.toMatchObject({
      code: 'NAME_TAKEN',
      message: /another program uses the TAP/,
    });
    scene().host.ip('link add d0 type bridge');
    await expect(remote.openTap('d0')).rejects.toMatchObject({
      code: 'NAME_TAKEN',
      message: /another kind of interface/,
    });
    for (const name of ['', 'sixteen-bytes-xx', 'a/b', 'a b', '.', '..', 't%d', 'a:1', 'tüp', 'a\nb']) {
      await expect(remote.openTap(name)).rejects.toMatchObject({ code: 'BAD_NAME' });
      await expect(remote.openInterface(name)).rejects.toMatchObject({ code: 'BAD_NAME' });
    }
    await remote.openTap('fifteen-bytes-x');
  });

  test('an interface that is longer-framed than Ethernet is said to be', async () => {
    await remote.openTap('t0');
    await remote.openTap('t1');
    await remote.relay('t0', 't1');
    const a = scene().far('a', 't0', '10.9.0.1/24');
    scene().far('b', 't1', '10.9.0.2/24');
    a.ip('link set t0 mtu 9000');
    expect(a.reaches('10.9.0.2', 2)).toBe(true);
    expect(a.ping('10.9.0.2', 2, '-s', '4000')).toBe(0);
    const status = await remote.status('t0');
    expect(status.oversizedFrames).toBeGreaterThanOrEqual(2);
    expect(status.notices[0]).toContain('ip link set t0 mtu 1500');
  });
});
