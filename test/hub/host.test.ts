import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HubDirectory, HubHost, noTraffic, type VirtualHub } from '#hub';
import { SeededRandom, VirtualClock } from '#io/sim';
import { everybody, frame, hubRecord, mac, TestSession, userRecord } from './hub-fixture.ts';
import { TestStore } from './store-fixture.ts';

let store: TestStore;
let clock: VirtualClock;
let directory: HubDirectory;
let host: HubHost;

async function open(): Promise<void> {
  directory = await HubDirectory.open(store.backplane, clock);
  host = await HubHost.open({ directory, backplane: store.backplane, clock, random: new SeededRandom(1) });
}

beforeEach(async () => {
  store = await TestStore.open();
  clock = new VirtualClock();
  await open();
});

afterEach(async () => {
  await host.stop();
  directory.close();
  await store.remove();
});

const online = (): string[] => host.instances().map(({ name }) => name);

describe('the hub host', () => {
  it('has an instance of each hub that is online, as long as it is', async () => {
    const seen: [string, boolean][] = [];
    host.onInstance((hub) => seen.push([hub.name, hub.isStopped]));
    await directory.createHub(hubRecord('A'));
    await directory.createHub(hubRecord('B', { isOnline: false }));
    expect([online(), host.instance('a')?.name, host.instance('b')]).toEqual([['A'], 'A', undefined]);
    await directory.updateHub('B', (hub) => ({ ...hub, isOnline: true }));
    expect(online()).toEqual(['A', 'B']);
    await directory.updateHub('A', (hub) => ({ ...hub, isOnline: false }));
    await directory.deleteHub('B');
    expect(online()).toEqual([]);
    expect(seen).toEqual([
      ['A', false],
      ['B', false],
      ['A', true],
      ['B', true],
    ]);
  });

  it('starts the hubs that were online when the server stopped', async () => {
    await directory.createHub(hubRecord('A'));
    await directory.createHub(hubRecord('B', { isOnline: false }));
    await host.stop();
    directory.close();
    await store.reopen();
    await open();
    expect(online()).toEqual(['A']);
  });

  it('ends the sessions of a hub that goes offline or is deleted, with the reason', async () => {
    await directory.createHub(hubRecord('A'));
    await directory.createHub(hubRecord('B'));
    const a = new TestSession(host.instance('A')!, clock, 'a');
    const b = new TestSession(host.instance('B')!, clock, 'b');
    const stopped = host.instance('A')!;
    await directory.updateHub('A', (hub) => ({ ...hub, isOnline: false }));
    await directory.deleteHub('B');
    expect([a.disconnectedFor, b.disconnectedFor]).toEqual(['hubOffline', 'hubDeleted']);
    expect(() => new TestSession(stopped, clock, 'late')).toThrow('hub A is stopped');
  });

  it('hands changes of the record to the running hub without ending its sessions', async () => {
    await directory.createHub(hubRecord('A'));
    const session = new TestSession(host.instance('A')!, clock, 'a');
    await directory.updateHub('A', (hub) => ({ ...hub, maxSessions: 5 }));
    expect([host.instance('A')?.record.maxSessions, session.disconnectedFor]).toEqual([5, undefined]);
  });

  it('ends all sessions when it stops', async () => {
    await directory.createHub(hubRecord('A'));
    const session = new TestSession(host.instance('A')!, clock, 'a');
    await host.stop();
    expect(session.disconnectedFor).toBe('serverStopping');
  });
});

describe('a hub', () => {
  let hub: VirtualHub;

  beforeEach(async () => {
    await directory.createHub(hubRecord('A'));
    hub = host.instance('A')!;
  });

  it('numbers its sessions from 1 and finds them by name without case', () => {
    expect([hub.nextSessionNumber(), hub.nextSessionNumber()]).toEqual([1, 2]);
    const session = new TestSession(hub, clock, 'SID-USER-1');
    expect(hub.session('sid-user-1')).toBe(session);
    expect(hub.sessions()).toEqual([session]);
    expect(() => new TestSession(hub, clock, 'sid-user-1')).toThrow('already has a session');
    hub.detach(session.port);
    expect([hub.sessionCount, hub.session('SID-USER-1')]).toEqual([0, undefined]);
  });

  it('counts a log-in when it has lasted 30 s, and a local bridge never', () => {
    const session = new TestSession(hub, clock, 'a');
    const short = new TestSession(hub, clock, 'b');
    const bridge = new TestSession(hub, clock, 'bridge', {}, 'localBridge');
    const lastLoginAtMs = clock.wallMs();
    clock.advance(29_000);
    hub.detach(short.port);
    expect(hub.loginCount).toBe(0);
    clock.advance(2_000);
    expect([hub.loginCount, hub.lastLoginAtMs]).toEqual([1, lastLoginAtMs]);
    for (const { port } of [session, bridge]) hub.detach(port);
  });

  it('knows when it last carried a frame', () => {
    const startMs = clock.wallMs();
    expect(hub.lastCommunicationAtMs).toBe(startMs);
    clock.advance(7_000);
    new TestSession(hub, clock, 'a').send(frame(everybody, mac(1)));
    clock.advance(5_000);
    expect(hub.lastCommunicationAtMs).toBe(startMs + 7_000);
  });
});

describe('statistics', () => {
  const bytes = frame(everybody, mac(1)).length;

  beforeEach(async () => {
    await directory.createHub(hubRecord('A'));
    await directory.createUser('A', userRecord('Alice'));
    await directory.createUser('A', userRecord('bob'));
  });

  it('hold traffic, log-ins and times of hub and users, running sessions included', () => {
    const hub = host.instance('A')!;
    const [alice, bob] = [new TestSession(hub, clock, 'alice'), new TestSession(hub, clock, 'bob')];
    const loginAtMs = clock.wallMs();
    clock.advance(40_000);
    alice.send(frame(everybody, mac(1)));
    expect(host.userStatistics('a', 'ALICE')).toMatchObject({
      traffic: { ...noTraffic, sendBroadcastBytes: bytes, sendBroadcastCount: 1 },
      loginCount: 1,
      lastLoginAtMs: loginAtMs,
    });
    hub.detach(bob.port);
    expect(host.userStatistics('A', 'bob').traffic).toEqual({
      ...noTraffic,
      recvBroadcastBytes: bytes,
      recvBroadcastCount: 1,
    });
    expect(host.hubStatistics('A')).toEqual({
      traffic: {
        ...noTraffic,
        recvBroadcastBytes: bytes,
        recvBroadcastCount: 1,
        sendBroadcastBytes: bytes,
        sendBroadcastCount: 1,
      },
      loginCount: 2,
      lastLoginAtMs: loginAtMs,
      lastCommunicationAtMs: loginAtMs + 40_000,
    });
  });

  it('survive a restart, and an offline hub keeps them', async () => {
    const alice = new TestSession(host.instance('A')!, clock, 'alice');
    const bob = new TestSession(host.instance('A')!, clock, 'bob');
    alice.send(frame(everybody, mac(1)));
    await host.flushStatistics();
    alice.send(frame(everybody, mac(1)));
    bob.send(frame(mac(1), mac(2)));
    const before = [host.hubStatistics('A'), host.userStatistics('A', 'alice'), host.userStatistics('A', 'bob')];
    await host.stop();
    directory.close();
    await store.reopen();
    await open();
    const after = [host.hubStatistics('A'), host.userStatistics('A', 'alice'), host.userStatistics('A', 'bob')];
    expect(after).toMatchObject(
      before.map(({ traffic, loginCount, lastLoginAtMs }) => ({ traffic, loginCount, lastLoginAtMs })),
    );
    await directory.updateHub('A', (hub) => ({ ...hub, isOnline: false }));
    expect(host.hubStatistics('A').traffic).toEqual(before[0]!.traffic);
  });

  it('are written once a minute, in one transaction, and only where something changed', async () => {
    const alice = new TestSession(host.instance('A')!, clock, 'alice');
    alice.send(frame(everybody, mac(1)));
    clock.advance(60_000);
    await host.flushStatistics();
    const { entries } = await store.backplane.list('stat/');
    expect(entries.map(({ key }) => key)).toEqual(['stat/hub/A', 'stat/hub/A/user/alice']);
    expect(new Set(entries.map(({ modRevision }) => modRevision)).size).toBe(1);
    await host.flushStatistics();
    expect((await store.backplane.list('stat/')).entries).toEqual(entries);
  });

  it('add up when two members write them', async () => {
    const other = await HubHost.open({ directory, backplane: store.backplane, clock, random: new SeededRandom(2) });
    for (let i = 0; i < 5; i++) {
      for (const member of [host, other]) {
        const session = new TestSession(member.instance('A')!, clock, 'alice');
        session.send(frame(everybody, mac(1)));
        session.hub.detach(session.port);
      }
      await Promise.all([host.flushStatistics(), other.flushStatistics()]);
    }
    await Promise.all([host.flushStatistics(), other.flushStatistics()]);
    expect(host.userStatistics('A', 'alice').traffic.sendBroadcastCount).toBe(10);
    expect(other.hubStatistics('A').traffic.recvBroadcastCount).toBe(10);
    await other.stop();
  });

  it('vanish with their user and their hub, and are not written again', async () => {
    const hub = host.instance('A')!;
    const alice = new TestSession(hub, clock, 'alice');
    alice.send(frame(everybody, mac(1)));
    await host.flushStatistics();
    await directory.deleteUser('A', 'alice');
    alice.send(frame(everybody, mac(1)));
    await host.flushStatistics();
    expect((await store.backplane.list('stat/')).entries.map(({ key }) => key)).toEqual(['stat/hub/A']);
    await directory.createUser('A', userRecord('alice'));
    await directory.deleteHub('A');
    await host.flushStatistics();
    expect((await store.backplane.list('stat/')).entries).toEqual([]);
    expect(host.hubStatistics('A').traffic).toEqual(noTraffic);
  });
});
