import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BridgeDirectory, BridgeHost, HubDirectory, HubHost } from '#hub';
import { SeededRandom, VirtualClock } from '#io/sim';
import { FakeDevices } from './fake-ethernet.ts';
import { everybody, frame, hubRecord, mac, TestSession } from './hub-fixture.ts';
import { TestStore } from './store-fixture.ts';

let store: TestStore;
let clock: VirtualClock;
let hubs: HubDirectory;
let host: HubHost;
let directory: BridgeDirectory;
let devices: FakeDevices;
let bridges: BridgeHost;

async function open(): Promise<void> {
  hubs = await HubDirectory.open(store.backplane, clock);
  host = await HubHost.open({ directory: hubs, backplane: store.backplane, clock, random: new SeededRandom(1) });
  directory = await BridgeDirectory.open(store.backplane);
  bridges = new BridgeHost({ directory, hubs: host, devices, clock });
  await clock.run(0);
}

async function close(): Promise<void> {
  bridges.stop();
  directory.close();
  await host.stop();
  hubs.close();
}

beforeEach(async () => {
  store = await TestStore.open();
  clock = new VirtualClock();
  devices = new FakeDevices();
  await open();
});

afterEach(async () => {
  await close();
  await store.remove();
});

const state = (): [boolean, boolean, string | undefined][] =>
  bridges.bridges().map(({ isOnline, isActive, lastError }) => [isOnline, isActive, lastError]);

describe('the configured bridges', () => {
  it('survive a restart, in the order of their ids', async () => {
    const records = [
      { hubName: 'A', deviceName: 'eth1', tapMode: false },
      { hubName: 'A', deviceName: 'lan', tapMode: true },
    ];
    for (const record of records.toReversed()) await directory.create(record);
    await close();
    await store.reopen();
    await open();
    expect(directory.bridges()).toMatchObject(records);
  });

  it('are refused twice, with a bad name, or beyond the cap', async () => {
    await directory.create({ hubName: 'A', deviceName: 'eth0', tapMode: false });
    const twice = directory.create({ hubName: 'a', deviceName: 'eth0', tapMode: false });
    await expect(twice).rejects.toMatchObject({ code: 'BRIDGE_EXISTS' });
    const other = await BridgeDirectory.open(store.backplane, { limits: { maxBridges: 1 } });
    await expect(other.create({ hubName: 'B', deviceName: 'e', tapMode: false })).rejects.toMatchObject({
      code: 'TOO_MANY_BRIDGES',
    });
    other.close();
    for (const [deviceName, tapMode] of [
      ['', true],
      ['twelve_chars', true],
      ['a/b', true],
      ['a b', false],
      ['sixteen_chars_xx', false],
    ] as const) {
      const bad = directory.create({ hubName: 'A', deviceName, tapMode });
      await expect(bad).rejects.toMatchObject({ code: 'BAD_NAME' });
    }
  });

  it('are deleted by hub and device, without case', async () => {
    await directory.create({ hubName: 'A', deviceName: 'lan', tapMode: true });
    await directory.delete('a', 'LAN');
    expect(directory.bridges()).toEqual([]);
    await expect(directory.delete('A', 'lan')).rejects.toMatchObject({ code: 'BRIDGE_NOT_FOUND' });
  });
});

describe('a local bridge', () => {
  beforeEach(async () => {
    devices.present.add('tap_lan').add('eth0');
    await hubs.createHub(hubRecord('A'));
  });

  const create = async (tapMode = true): Promise<void> => {
    await directory.create({ hubName: 'a', deviceName: tapMode ? 'lan' : 'eth0', tapMode });
    await clock.run(0);
  };

  it('joins a new TAP device, or an interface, to its hub under the name of the original', async () => {
    await create();
    await create(false);
    expect(devices.opened.map(({ name }) => name)).toEqual(['tap_lan', 'eth0']);
    expect(state()).toEqual([
      [true, true, undefined],
      [true, true, undefined],
    ]);
    const sessions = host.instance('A')!.sessions();
    expect(sessions.map(({ name, userName, kind }) => [name, userName, kind])).toEqual([
      ['SID-LOCALBRIDGE-1', 'Local Bridge', 'localBridge'],
      ['SID-LOCALBRIDGE-2', 'Local Bridge', 'localBridge'],
    ]);
    expect(sessions[0]!.info()).toMatchObject({ isBridgeMode: true, tcpConnections: 0, remoteAddress: '' });
  });

  it('carries frames both ways', async () => {
    await create();
    const session = new TestSession(host.instance('A')!, clock, 'a');
    const [there, back] = [frame(everybody, mac(1), 'there'), frame(mac(1), mac(2), 'back')];
    session.send(there);
    devices.last.deliver(back, back, frame(everybody, mac(3), 'all'));
    expect(devices.last.sent).toEqual([there.toString('hex')]);
    clock.advance(0);
    expect(session.frames).toEqual([back, back, frame(everybody, mac(3), 'all')].map((bytes) => bytes.toString('hex')));
    expect(host.instance('A')!.traffic).toMatchObject({ recvUnicastCount: 2, recvBroadcastCount: 2 });
  });

  it('gives a device no frame longer than Ethernet with a tag, and the hub none longer than 1600 bytes', async () => {
    await create();
    const session = new TestSession(host.instance('A')!, clock, 'a');
    const fits = frame(everybody, mac(1), 'x'.repeat(1504));
    const tooLong = frame(everybody, mac(1), 'x'.repeat(1505));
    session.send(tooLong, fits, tooLong, fits);
    clock.advance(0);
    expect(devices.last.sent.map((bytes) => bytes.length / 2)).toEqual([1518, 1518]);
    const most = frame(everybody, mac(2), 'x'.repeat(1586));
    devices.last.deliver(Buffer.alloc(13), most, Buffer.alloc(1601), most);
    clock.advance(0);
    expect(session.frames).toEqual([most.toString('hex'), most.toString('hex')]);
  });

  it('loses what the device does not take, and goes on', async () => {
    await create();
    const session = new TestSession(host.instance('A')!, clock, 'a');
    devices.last.room = 1;
    session.send(frame(everybody, mac(1), 'one'), frame(everybody, mac(1), 'two'));
    devices.last.room = 1;
    session.send(frame(everybody, mac(1), 'three'));
    expect(devices.last.sent).toHaveLength(2);
  });

  it('tries again every 5 s while its device is missing, and says why it is not active', async () => {
    devices.present.clear();
    await create();
    expect(state()).toEqual([[true, false, 'there is no device tap_lan']]);
    await clock.run(12_000);
    expect(devices.attempts).toBe(3);
    devices.present.add('tap_lan');
    await clock.run(5_000);
    expect(state()).toEqual([[true, true, undefined]]);
    await clock.run(20_000);
    expect(devices.attempts).toBe(4);
  });

  it('opens its device again when that goes away', async () => {
    await create();
    const first = devices.last;
    first.fail(new Error('interface removed'));
    expect([first.isClosed, host.instance('A')!.sessionCount]).toEqual([true, 0]);
    expect(state()).toEqual([[true, false, 'interface removed']]);
    await clock.run(5_000);
    expect(state()).toEqual([[true, true, undefined]]);
    expect(devices.last).not.toBe(first);
    first.deliver(frame(everybody, mac(1)));
    expect(host.instance('A')!.macEntryCount).toBe(0);
  });

  it('waits while its hub is offline, and comes back with it', async () => {
    await create();
    await hubs.updateHub('A', (hub) => ({ ...hub, isOnline: false }));
    expect([devices.last.isClosed, state()]).toEqual([true, [[false, false, undefined]]]);
    await clock.run(20_000);
    expect(devices.attempts).toBe(1);
    await hubs.updateHub('A', (hub) => ({ ...hub, isOnline: true }));
    await clock.run(0);
    expect(state()).toEqual([[true, true, undefined]]);
  });

  it('waits for a hub that does not exist yet', async () => {
    await directory.create({ hubName: 'B', deviceName: 'lan', tapMode: true });
    await clock.run(20_000);
    expect([devices.attempts, state()]).toEqual([0, [[false, false, undefined]]]);
    await hubs.createHub(hubRecord('b'));
    await clock.run(0);
    expect(state()).toEqual([[true, true, undefined]]);
  });

  it('closes its device when it is deleted, and leaves no timer', async () => {
    const timers = clock.pendingTimers;
    await create();
    await directory.delete('A', 'lan');
    expect([devices.last.isClosed, host.instance('A')!.sessionCount, bridges.bridges()]).toEqual([true, 0, []]);
    devices.present.clear();
    await create();
    await directory.delete('A', 'lan');
    expect(clock.pendingTimers).toBe(timers);
  });

  it('closes a device that comes too late', async () => {
    devices.delay();
    await create();
    expect(state()).toEqual([[true, false, undefined]]);
    await hubs.updateHub('A', (hub) => ({ ...hub, isOnline: false }));
    devices.hold!();
    await clock.run(0);
    expect([devices.last.isClosed, state()]).toEqual([true, [[false, false, undefined]]]);
  });
});
