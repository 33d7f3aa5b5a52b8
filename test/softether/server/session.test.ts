import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultHubLimits, defaultPolicy, type Policy } from '#hub';
import type { Welcome } from '../../../src/softether/codec/welcome.ts';
import { encodePackRequest } from '../../../src/softether/codec/http-pack.ts';
import { deflateFrame } from '../../../src/softether/codec/frame-compression.ts';
import { everybody, frame, mac } from '../../hub/hub-fixture.ts';
import { HUB, Rig, type RigOptions } from './rig.ts';
import { blockOf, KEEP_ALIVE, type LoginFields, type TestClient } from './test-client.ts';

let rig: Rig;
const start = async (options?: RigOptions): Promise<void> => {
  rig = await Rig.start(options);
};
beforeEach(() => start());
afterEach(() => rig.close());

const toB = (payload = 'x'): Buffer => frame(mac(2), mac(1), payload);
const toA = (payload = 'x'): Buffer => frame(mac(1), mac(2), payload);
const hex = (...frames: readonly Buffer[]): string[] => frames.map((bytes) => bytes.toString('hex'));

/** Alice (MAC 1) and Bob (MAC 2), whose addresses the hub has learned. */
async function two(a: LoginFields = {}, b: LoginFields = {}): Promise<[TestClient, TestClient, Welcome]> {
  const alice = rig.connect('198.51.100.1');
  const bob = rig.connect('198.51.100.2');
  const welcome = await alice.session(a);
  await bob.session({ user: 'bob', ...b });
  alice.sendFrames(frame(everybody, mac(1)));
  bob.sendFrames(frame(everybody, mac(2)));
  await rig.run(200);
  alice.takeFrames();
  bob.takeFrames();
  return [alice, bob, welcome];
}

/** As a live client does: one now and then, for `ms`. */
async function alive(ms: number, ...clients: readonly TestClient[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 2_000) {
    for (const client of clients) if (!client.isClosed) client.write(KEEP_ALIVE);
    await rig.run(2_000);
  }
}

describe('frames', () => {
  it('go from one client to another, in order, as they are', async () => {
    const [alice, bob] = await two();
    alice.sendFrames(toB('one'), toB('two'), toB('y'.repeat(1400)));
    bob.sendFrames(toA('three'));
    await rig.run(20);
    expect(bob.takeFrames()).toEqual(hex(toB('one'), toB('two'), toB('y'.repeat(1400))));
    expect(alice.takeFrames()).toEqual(hex(toA('three')));
  });

  it('that come in the same chunk as the log-in are not lost', async () => {
    const [, bob] = await two();
    const carol = await rig.connect().hello();
    carol.write(
      Buffer.concat([encodePackRequest(carol.loginPack(), 'server'), blockOf(frame(mac(2), mac(3), 'early'))]),
    );
    await carol.answerPack();
    expect(bob.takeFrames()).toEqual(hex(frame(mac(2), mac(3), 'early')));
  });

  it('arrive however the stream is cut', async () => {
    await rig.close();
    await start({ link: { maxChunkBytes: 5 } });
    const [alice, bob] = await two();
    const frames = Array.from({ length: 50 }, (_, n) => toB(`${n}`.repeat(n)));
    alice.sendFrames(...frames);
    await rig.run(200);
    expect(bob.takeFrames()).toEqual(hex(...frames));
  });

  it('are compressed towards those who asked for it, and only there', async () => {
    const [alice, bob] = await two({ compress: true });
    alice.readBlocks(true);
    bob.sendFrames(toA('hello'));
    alice.write(blockOf(deflateFrame(toB('packed')), Buffer.from('no zlib stream')));
    await rig.run(20);
    expect(alice.takeFrames()).toEqual(hex(toA('hello')));
    expect(bob.takeFrames()).toEqual(hex(toB('packed')));
    expect(rig.server.sessions()[0]?.info()).toMatchObject({ isCompressed: true, tcpConnections: 1 });
  });

  it('go on in clear where encryption was declined, on further connections too', async () => {
    const [alice, bob, welcome] = await two({ encrypt: false, maxConnection: 2 });
    expect(welcome.useEncrypt).toBe(false);
    alice.sendFrames(toB('clear'));
    bob.sendFrames(toA('back'));
    await rig.run(20);
    expect([bob.takeFrames(), alice.takeFrames()]).toEqual([hex(toB('clear')), hex(toA('back'))]);
    expect(rig.server.sessions()[0]?.info()).toMatchObject({ isEncrypted: false, cipherName: '' });
  });

  it('of a monitor are not taken, and it sees those of all others', async () => {
    await setPolicy({ MonitorPort: true }, 'guest');
    const [alice, bob] = await two();
    const monitor = rig.connect();
    await monitor.session({ user: 'guest', monitor: true });
    monitor.sendFrames(frame(mac(2), mac(9), 'spoof'));
    alice.sendFrames(toB('secret'));
    await rig.run(200);
    expect(bob.takeFrames()).toEqual(hex(toB('secret')));
    expect(monitor.takeFrames()).toEqual(hex(toB('secret')));
  });

  it('too long for any block end their connection, not the server', async () => {
    const [alice, bob] = await two();
    alice.write(Buffer.from('0000000100000c81', 'hex'));
    await rig.run(20);
    expect(alice.ending?.clean).toBe(true);
    expect(bob.isClosed).toBe(false);
  });

  it('garbage of any kind in the stream ends at most that connection', async () => {
    const [, bob] = await two();
    for (let seed = 0; seed < 40; seed++) {
      const client = rig.connect('203.0.113.5');
      await client.session({ user: 'guest' });
      client.write(rig.random.bytes(3_000));
      await rig.run(50);
      client.pair.cut();
    }
    await alive(6_000, bob);
    expect(rig.server.sessions().map((session) => session.userName)).toEqual(['alice', 'bob']);
  });
});

const setPolicy = (policy: Partial<Policy>, user = 'alice'): Promise<unknown> =>
  rig.directory.updateUser(HUB, user, (current) => ({ ...current, policy: { ...defaultPolicy, ...policy } }));

describe('additional connections', () => {
  it('join the session, and each can carry frames', async () => {
    const [, bob, welcome] = await two({ maxConnection: 3 });
    const second = rig.connect();
    expect(await second.additional(welcome.sessionKey)).toBe(0);
    second.sendFrames(toB('by the second'));
    await rig.run(20);
    expect(bob.takeFrames()).toEqual(hex(toB('by the second')));
    expect(rig.server.sessions()[0]?.info()).toMatchObject({ tcpConnections: 2, maxTcpConnections: 3 });
  });

  it('with a key that nobody has are answered 13', async () => {
    await two();
    expect(await rig.connect().additional(Buffer.alloc(20, 1))).toBe(-13);
  });

  it('one more than granted may come, for a socket that the client has given up: the next is answered 15', async () => {
    const [, , welcome] = await two({ maxConnection: 2 });
    const answers: number[] = [];
    for (let i = 0; i < 3; i++) answers.push(await rig.connect().additional(welcome.sessionKey));
    expect(answers).toEqual([0, 0, -15]);
  });

  it('the 33rd is answered 15, whatever was granted', async () => {
    const [, , welcome] = await two({ maxConnection: 32 });
    for (let i = 2; i <= 32; i++) expect(await rig.connect().additional(welcome.sessionKey)).toBe(0);
    expect(await rig.connect().additional(welcome.sessionKey)).toBe(-15);
  });

  it('take turns in half-duplex mode: the first carries frames up, then 1, 1, 2, 1, 2 …', async () => {
    const [alice, bob, welcome] = await two({ half: true, maxConnection: 8 });
    bob.sendFrames(toA('waits'));
    await rig.run(100);
    expect(alice.takeFrames(), 'nothing comes down the first one').toEqual([]);
    const down = rig.connect();
    const directions = [await down.additional(welcome.sessionKey)];
    expect(down.takeFrames().at(-1), 'the second one brings what has waited').toBe(hex(toA('waits'))[0]);
    for (let i = 0; i < 4; i++) directions.push(await rig.connect().additional(welcome.sessionKey));
    expect(directions).toEqual([1, 1, 2, 1, 2]);
    expect(rig.server.sessions()[0]?.info()).toMatchObject({ tcpConnectionsUpload: 3, tcpConnectionsDownload: 3 });
  });

  it('share the blocks: one that takes nothing does not hold up the others', async () => {
    await rig.close();
    await start({ link: { windowBytes: 4096 } });
    const [alice, bob, welcome] = await two({ maxConnection: 2 });
    alice.stream.pause();
    const second = rig.connect();
    await second.additional(welcome.sessionKey);
    for (let i = 0; i < 60; i++) {
      bob.sendFrames(toA('z'.repeat(1000)));
      await rig.run(10);
    }
    expect(second.takeFrames().length).toBeGreaterThan(40);
  });

  it('of a session that was ended are answered 13', async () => {
    const [, , welcome] = await two({ maxConnection: 2 });
    rig.server.sessions()[0]?.disconnect('administrator');
    expect(await rig.connect().additional(welcome.sessionKey)).toBe(-13);
  });
});

describe('TLS is renegotiated', () => {
  it.each([
    ['after a log-in over TLS 1.2', 'TLSv1.2', true, 1],
    ['not over TLS 1.3, which has no such thing', 'TLSv1.3', true, 0],
    ['not where it is switched off', 'TLSv1.2', false, 0],
  ])('%s', async (_what, protocol, renegotiateAfterLogin, expected) => {
    await rig.close();
    await start({ limits: { renegotiateAfterLogin } });
    const client = rig.connect('192.0.2.1', protocol);
    const welcome = await client.session({ maxConnection: 2 });
    expect(rig.server.counters.renegotiations).toBe(expected);
    await rig.connect('192.0.2.1', protocol).additional(welcome.sessionKey);
    expect(rig.server.counters.renegotiations).toBe(2 * expected);
  });
});

describe('keep-alives', () => {
  it('go out at once, and then at random times between a fifth and half of the time-out', async () => {
    const client = rig.connect();
    await client.session();
    await rig.run(50);
    expect(client.keepAlives).toBe(1);
    const spans: number[] = [];
    let last = rig.clock.nowMs();
    for (let seen = 1; spans.length < 20;) {
      await rig.run(50);
      if (rig.clock.nowMs() % 2_000 < 50) client.write(KEEP_ALIVE);
      if (client.keepAlives === seen) continue;
      seen = client.keepAlives;
      spans.push(rig.clock.nowMs() - last);
      last = rig.clock.nowMs();
    }
    expect(Math.min(...spans)).toBeGreaterThanOrEqual(3_950);
    expect(Math.max(...spans)).toBeLessThan(10_300);
    expect(new Set(spans.map((span) => Math.round(span / 500))).size).toBeGreaterThan(4);
  });

  it('are postponed by data, yet the client never waits for longer than half the time-out', async () => {
    const [alice, bob] = await two();
    const before = alice.keepAlives;
    for (let second = 0; second < 60; second++) {
      bob.sendFrames(toA('beat'));
      alice.write(KEEP_ALIVE);
      await rig.run(1_000);
    }
    expect(alice.keepAlives).toBe(before);
    let quietMs = 0;
    while (alice.keepAlives === before) {
      await rig.run(250);
      alice.write(KEEP_ALIVE);
      quietMs += 250;
    }
    expect(quietMs).toBeLessThanOrEqual(10_500);
  });

  it('do not go down a socket that carries frames up only', async () => {
    const client = rig.connect();
    await client.session({ half: true, maxConnection: 2 });
    await alive(30_000, client);
    expect([client.keepAlives, client.isClosed]).toEqual([0, false]);
  });
});

describe('a silent client', () => {
  it('is dropped after the time-out of its session, and its session with it', async () => {
    const client = rig.connect();
    await client.session();
    await rig.run(19_500);
    expect(client.isClosed).toBe(false);
    await rig.run(1_000);
    expect(client.ending?.clean).toBe(true);
    expect(rig.server.sessionCount).toBe(0);
    expect(rig.server.counters).toMatchObject({ socketTimeouts: 1, sessionTimeouts: 1 });
  });

  it('keeps its session while one of its sockets is heard', async () => {
    const first = rig.connect();
    const welcome = await first.session({ maxConnection: 2 });
    const second = rig.connect();
    await second.additional(welcome.sessionKey);
    await alive(24_000, second);
    expect([first.isClosed, second.isClosed, rig.server.sessionCount]).toEqual([true, false, 1]);
  });

  it('that vanished without a word is noticed too', async () => {
    const client = rig.connect();
    await client.session();
    client.pair.silence();
    await rig.run(20_500);
    expect(rig.server.sessionCount).toBe(0);
  });

  it('whose machine was suspended together with ours is not dropped for it', async () => {
    const client = rig.connect();
    await client.session();
    await rig.run(1_000);
    const stalled = rig.clock.nowMs.bind(rig.clock);
    let jumpMs = 0;
    rig.clock.nowMs = () => stalled() + jumpMs;
    jumpMs = 3_600_000;
    await rig.run(5_000);
    client.write(KEEP_ALIVE);
    await rig.run(10_000);
    expect(client.isClosed).toBe(false);
  });

  it('that takes nothing any more on a socket for frames to it loses that socket', async () => {
    await rig.close();
    await start({ link: { windowBytes: 2_000 } });
    const [alice, bob, welcome] = await two({ half: true, maxConnection: 3 });
    const down = rig.connect();
    await down.additional(welcome.sessionKey);
    down.stream.pause();
    for (let i = 0; i < 10; i++) bob.sendFrames(toA('q'.repeat(1400)));
    await alive(26_000, alice, bob);
    expect(rig.server.sessions()[0]?.info()).toMatchObject({ tcpConnections: 1, tcpConnectionsDownload: 0 });
  });
});

describe('a session without sockets', () => {
  it('ends at once when the client closed the last one in order', async () => {
    const [alice, bob] = await two();
    alice.stream.close();
    await rig.run(50);
    expect(rig.server.sessions().map((session) => session.userName)).toEqual(['bob']);
    expect(rig.host.instance(HUB)?.macEntries()).toHaveLength(1);
    expect(bob.isClosed).toBe(false);
  });

  it('ends within a second when the client hung up, as stock clients and dying processes do', async () => {
    const [alice] = await two();
    alice.pair.clientEndsUncleanly();
    await rig.run(1_000);
    expect(rig.server.sessions().map((session) => session.userName)).toEqual(['bob']);
  });

  it('ends within a second when only the last of several was reset: the others were hung up', async () => {
    const [alice, , welcome] = await two({ maxConnection: 2 });
    const second = rig.connect();
    await second.additional(welcome.sessionKey);
    alice.pair.clientEndsUncleanly();
    second.pair.cut();
    await rig.run(1_000);
    expect(rig.server.sessions().map((session) => session.userName)).toEqual(['bob']);
  });

  it('goes on with a new one if the last was broken: same name, frames that came meanwhile included', async () => {
    const [alice, bob, welcome] = await two();
    alice.pair.cut();
    await rig.run(1_000);
    bob.sendFrames(toA('missed'));
    await rig.run(1_000);
    const again = rig.connect();
    expect(await again.additional(welcome.sessionKey)).toBe(0);
    again.sendFrames(toB('back'));
    await rig.run(20);
    expect(again.takeFrames()).toEqual(hex(toA('missed')));
    expect(bob.takeFrames()).toEqual(hex(toB('back')));
    expect(rig.server.sessions().map((session) => session.name)).toEqual(['SID-ALICE-1', 'SID-BOB-2']);
    expect(rig.server.counters.sessionsResumed).toBe(1);
    await alive(30_000, again, bob);
    expect(rig.server.sessionCount, 'and lives on').toBe(2);
  });

  it('goes on too if it was hung up and the client comes back at once: a proxy between did it', async () => {
    const [alice, , welcome] = await two();
    alice.pair.clientEndsUncleanly();
    await rig.run(300);
    expect(await rig.connect().additional(welcome.sessionKey)).toBe(0);
  });

  it('ends after the grace if nobody comes, and its key is worth nothing then', async () => {
    const [alice, , welcome] = await two();
    alice.pair.cut();
    await rig.run(4_500);
    expect(rig.server.sessionCount).toBe(2);
    await rig.run(1_000);
    expect(rig.server.sessionCount).toBe(1);
    expect(await rig.connect().additional(welcome.sessionKey)).toBe(-13);
  });

  it('holds no more than its port may queue', async () => {
    const [alice, bob] = await two();
    alice.pair.cut();
    await rig.run(100);
    const most = defaultHubLimits.outputQueueMaxBytes;
    const burst = Array.from({ length: 100 }, () => toA('m'.repeat(1400)));
    for (let sent = 0; sent < 1.2 * most; sent += 100 * 1400) {
      bob.sendFrames(...burst);
      await rig.run(10);
    }
    const session = rig.server.sessions()[0]!;
    expect(session.port.output.pendingBytes).toBeLessThanOrEqual(most);
    expect(session.port.output.pendingBytes).toBeGreaterThan(0.9 * most);
    expect(session.port.droppedFrames).toBeGreaterThan(0);
  });
});

describe('a session that is ended here', () => {
  it.each(['administrator', 'hubOffline', 'error'] as const)(
    'for the reason "%s" has all its sockets closed',
    async (why) => {
      const [alice, , welcome] = await two({ maxConnection: 2 });
      const second = rig.connect();
      await second.additional(welcome.sessionKey);
      rig.server.sessions()[0]?.disconnect(why);
      await rig.run(50);
      expect([alice.ending, second.ending]).toEqual([
        { clean: true, error: undefined },
        { clean: true, error: undefined },
      ]);
      expect(rig.server.sessions().map((session) => session.userName)).toEqual(['bob']);
    },
  );

  it('is ended with its hub', async () => {
    const [alice, bob] = await two();
    await rig.directory.updateHub(HUB, (hub) => ({ ...hub, isOnline: false }));
    await rig.settle(() => alice.isClosed && bob.isClosed);
    await rig.run(50);
    expect([alice.ending?.clean, bob.ending?.clean, rig.server.sessionCount]).toEqual([true, true, 0]);
  });
});

describe('the status of a session', () => {
  it('shows where it comes from, what it was granted and what it has moved', async () => {
    const [alice, bob] = await two();
    alice.sendFrames(toB('12345'));
    await rig.run(20);
    const [a, b] = rig.server.sessions().map((session) => session.info());
    expect(a).toMatchObject({
      name: 'SID-ALICE-1',
      kind: 'client',
      userName: 'alice',
      connectionName: 'CID-1',
      remoteAddress: '198.51.100.1',
      clientProductName: 'Test Client',
      serverProductName: 'Test Server',
      cipherName: 'SIMULATED',
      underlayProtocol: 'Standard TCP/IP (IPv4)',
      tcpConnections: 1,
      isEncrypted: true,
      isQos: false,
    });
    expect(a?.sessionKey).toHaveLength(20);
    expect(a?.wireBytesReceived).toBeGreaterThan(0);
    expect(a?.lastCommunicationAtMs).toBeGreaterThan(rig.clock.wallMs() - 500);
    expect(b?.wireBytesSent).toBeGreaterThan(0);
    expect(bob.isClosed).toBe(false);
  });
});

describe('the server stops', () => {
  it('closing every session and connection in order, and admits nobody any more', async () => {
    const [alice, bob] = await two();
    const fresh = rig.connect();
    let stopped = false;
    void rig.server.stop().then(() => (stopped = true));
    await rig.run(100);
    expect([alice, bob, fresh].map((client) => client.ending?.clean)).toEqual([true, true, true]);
    expect([stopped, rig.server.sessionCount]).toEqual([true, 0]);
    expect(rig.tryConnect()).toBeUndefined();
  });

  it('within its time, though a client takes nothing any more', async () => {
    const [alice] = await two();
    alice.pair.silence();
    let stopped = false;
    void rig.server.stop().then(() => (stopped = true));
    await rig.run(4_500);
    expect(stopped).toBe(true);
  });
});
