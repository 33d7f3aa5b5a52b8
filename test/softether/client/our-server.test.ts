import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { defaultPolicy } from '#hub';
import type { RunningListener } from '#io';
import { makeCertificate } from '../../base/make-certificate.ts';
import { everybody, frame, mac, userRecord } from '../../hub/hub-fixture.ts';
import { HUB, passwordUser, Rig } from '../server/rig.ts';
import { ClientRig, RunningClient, type TestClientOptions } from './client-rig.ts';

const ADDRESS = '192.0.2.254';
const alicesMac = mac(1);
const bobsMac = mac(2);

/** Ways to carry a session. */
const manners: Readonly<Record<string, TestClientOptions['account']>> = {
  'one connection': {},
  '8 connections': { maxConnection: 8 },
  'half duplex over 2 connections': { maxConnection: 2, halfConnection: true },
  'half duplex over 5 connections': { maxConnection: 5, halfConnection: true },
  'half duplex, where one connection was asked for': { maxConnection: 1, halfConnection: true },
  compression: { useCompress: true },
  'no encryption': { useEncrypt: false },
  'no encryption, compression, 3 connections': { useEncrypt: false, useCompress: true, maxConnection: 3 },
};

describe('a client of our own server', () => {
  let server: Rig;
  let rig: ClientRig;
  let listener: RunningListener;

  const listen = async (): Promise<void> => {
    listener = await rig.listen(ADDRESS, 443, {
      admit: (remote) => server.server.admits(remote),
      abandoned: (remote) => server.server.abandoned(remote),
      connected: (stream) => server.server.accept(stream, 443),
    });
  };

  const sessions = (): string[] => server.server.sessions().map(({ name }) => name);

  beforeEach(async () => {
    server = await Rig.start();
    rig = new ClientRig(server.clock);
    await listen();
    onTestFinished(() => server.close());
  });

  const bobs: TestClientOptions = {
    account: { userName: 'bob', credentials: { kind: 'password', password: 'pw' } },
    address: '192.0.2.2',
  };

  test('logs in with a password, and says what machine it is', async () => {
    const alice = new RunningClient(rig);
    await alice.connected();
    expect(alice.kinds).toEqual(['connecting', 'connected', 'connections']);
    expect(sessions()).toEqual(['SID-ALICE-1']);
    const info = server.server.sessions()[0]!.info();
    expect(info).toMatchObject({ clientProductName: 'Test Client', isEncrypted: true, isBridgeMode: false });
    expect(info.nodeInfo).toMatchObject({ clientHostname: 'desk', serverProductName: 'Test Server' });
  });

  test.each([
    ['anonymous', 'guest', { kind: 'anonymous' } as const],
    ['plain password', 'alice', { kind: 'plainPassword', password: 'pw' } as const],
  ])('logs in: %s', async (_name, userName, credentials) => {
    const client = new RunningClient(rig, { account: { userName, credentials } });
    await client.connected();
    expect(sessions()).toEqual([`SID-${userName.toUpperCase()}-1`]);
  });

  test('logs in with a certificate', async () => {
    const { der, privateKeyPem } = await makeCertificate({ name: 'CN=carol' });
    const auth = { kind: 'userCertificate', certificate: der.toString('base64') } as const;
    await server.directory.createUser(HUB, userRecord('carol', { auth }));
    const credentials = { kind: 'certificate', certificateDer: der, privateKey: privateKeyPem } as const;
    const carol = new RunningClient(rig, { account: { userName: 'carol', credentials } });
    await carol.connected();
    expect(sessions()).toEqual(['SID-CAROL-1']);
  });

  test('is refused with a wrong password, and tries again after a minute and more, which bans nobody', async () => {
    const credentials = { kind: 'password', password: 'guess' } as const;
    const alice = new RunningClient(rig, { account: { credentials } });
    await rig.clock.run(15 * 60_000);
    expect(alice.last('failed').failure).toEqual({
      kind: 'refused',
      code: 9,
      message: '192.0.2.254:443 refuses: user authentication failed (error 9)',
      healsByWaiting: false,
    });
    const waits = alice.all('waiting').map(({ delayMs }) => delayMs);
    expect(waits.length).toBeGreaterThan(8);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(45_000);
    expect(server.server.bans()).toEqual([]);
    await server.directory.updateUser(HUB, 'alice', (user) => ({ ...user, auth: { kind: 'anonymous' } }));
    await alice.connected(100_000);
  });

  test('is told that the hub does not exist, or is offline for now', async () => {
    const nowhere = new RunningClient(rig, { account: { hubName: 'NOWHERE' } });
    await rig.clock.run(1_000);
    expect(nowhere.last('failed').failure).toMatchObject({ code: 8, healsByWaiting: false });
    await server.directory.updateHub(HUB, (hub) => ({ ...hub, isOnline: false }));
    await server.settle(() => server.host.instance(HUB) === undefined);
    const early = new RunningClient(rig);
    await rig.clock.run(1_000);
    expect(early.last('failed').failure).toMatchObject({ code: 10, healsByWaiting: true });
    await server.directory.updateHub(HUB, (hub) => ({ ...hub, isOnline: true }));
    await server.settle(() => server.host.instance(HUB) !== undefined);
    await early.connected(5_000);
  });

  test.each(Object.entries(manners))('%s: frames go both ways', async (_name, account) => {
    const alice = new RunningClient(rig, { account: { ...account } });
    const bob = new RunningClient(rig, bobs);
    await alice.connected();
    if (!bob.isConnected) await bob.connected();
    await rig.clock.run(20_000);
    const wanted = account?.halfConnection === true ? Math.max(account.maxConnection ?? 1, 2) : account?.maxConnection;
    expect(alice.client.session?.connectionCount).toBe(wanted ?? 1);

    const hello = frame(everybody, alicesMac, 'hello');
    const answer = frame(alicesMac, bobsMac, 'a longer answer '.repeat(80));
    const many = Array.from({ length: 300 }, (_, n) => frame(bobsMac, alicesMac, `number ${n} `.repeat(10)));
    alice.port.send(hello);
    await rig.clock.run(50);
    expect(bob.port.takeFrames()).toEqual([hello.toString('hex')]);
    bob.port.send(answer);
    await rig.clock.run(50);
    expect(alice.port.takeFrames()).toEqual([answer.toString('hex')]);
    alice.port.send(...many);
    await rig.clock.run(200);
    expect(bob.port.takeFrames().sort()).toEqual(many.map((each) => each.toString('hex')).sort());
    expect(alice.kinds).not.toContain('lost');
  });

  test('obeys the policy in how many connections it opens', async () => {
    const policy = { ...defaultPolicy, MaxConnection: 3 };
    await server.directory.createUser(HUB, passwordUser('dora', { policy }));
    const dora = new RunningClient(rig, { account: { userName: 'dora', maxConnection: 8 } });
    await dora.connected();
    await rig.clock.run(20_000);
    expect(dora.client.session?.connectionCount).toBe(3);
    expect(server.server.tcpConnectionCount).toBe(3);
  });

  test('opens one connection per second', async () => {
    const alice = new RunningClient(rig, { account: { maxConnection: 4 } });
    await alice.connected();
    await rig.clock.run(10_000);
    const [first = 0, ...more] = alice.times('connections');
    expect(more.map((time) => Math.round((time - first) / 1000))).toEqual([1, 2, 3]);
  });

  test('goes on over the others when one connection breaks, and replaces it', async () => {
    const alice = new RunningClient(rig, { account: { maxConnection: 3 } });
    const bob = new RunningClient(rig, bobs);
    await alice.connected();
    await rig.clock.run(4_000);
    const broken = rig.network.pairs.find(({ client }) => client.local.address === '192.0.2.1')!;
    broken.cut();
    await rig.clock.run(50);
    expect(alice.client.session?.connectionCount).toBe(2);
    bob.port.send(frame(everybody, bobsMac, 'still there?'));
    await rig.clock.run(100);
    expect(alice.port.takeFrames()).toHaveLength(1);
    await rig.clock.run(2_000);
    expect(alice.client.session?.connectionCount).toBe(3);
    expect(alice.all('connected')).toHaveLength(1);
  });

  test.each([
    ['is closed in order', 'closed'],
    ['is hung up', 'closed'],
    ['is broken', 'broken'],
  ])('logs in anew within a second when its only connection %s', async (how, why) => {
    const alice = new RunningClient(rig);
    await alice.connected();
    const { port } = alice;
    const pair = rig.network.pairs.at(-1)!;
    if (how === 'is closed in order') server.server.sessions()[0]!.disconnect('administrator');
    else if (how === 'is hung up') pair.serverEndsUncleanly();
    else pair.cut();
    await rig.clock.run(1_000);
    expect(alice.last('lost').why).toBe(why);
    expect(port.isClosed).toBe(true);
    expect(alice.isConnected).toBe(true);
    // one that broke is kept for some seconds
    expect(sessions().at(-1)).toBe('SID-ALICE-2');
  });

  test('comes back when the server was away, however long, and less often the longer it takes', async () => {
    const alice = new RunningClient(rig);
    await alice.connected();
    await rig.clock.run(20_000);
    await listener.close();
    rig.network.pairs.at(-1)!.cut();
    await rig.clock.run(10 * 60_000);
    const waits = alice.all('waiting').map(({ delayMs }) => delayMs);
    expect(waits[0], 'at once').toBeLessThanOrEqual(100);
    for (const [index, wait] of waits.slice(1).entries()) {
      const most = Math.min(500 * 2 ** index, 30_000);
      expect(wait).toBeGreaterThanOrEqual(most / 2);
      expect(wait).toBeLessThanOrEqual(most);
    }
    expect(waits.length).toBeGreaterThan(20);
    expect(alice.last('failed').failure).toMatchObject({ kind: 'unreachable', healsByWaiting: true });
    await listen();
    await alice.connected(31_000);
  });

  test('ends the session when the policy says how long it may last, and does not come back', async () => {
    const policy = { ...defaultPolicy, AutoDisconnect: 60 };
    await server.directory.createUser(HUB, passwordUser('dora', { policy }));
    const dora = new RunningClient(rig, { account: { userName: 'dora' } });
    await dora.connected();
    await rig.clock.run(70_000);
    expect(dora.end).toMatchObject({ kind: 'failed', failure: { code: 126 } });
    expect(sessions()).toEqual([]);
  });

  test('ends in order when it is stopped: the server sees close_notify and ends the session at once', async () => {
    const alice = new RunningClient(rig, { account: { maxConnection: 3 } });
    await alice.connected();
    await rig.clock.run(5_000);
    let isStopped = false;
    void alice.client.stop().then(() => (isStopped = true));
    await rig.clock.run(50);
    expect(sessions()).toEqual([]);
    expect([isStopped, alice.end]).toEqual([true, { kind: 'stopped' }]);
    expect(alice.kinds).not.toContain('lost');
  });

  test.each(['connecting', 'waiting'])('can be stopped while it is %s, and leaves nothing behind', async (phase) => {
    if (phase === 'waiting') await listener.close();
    const timers = rig.clock.pendingTimers;
    const alice = new RunningClient(rig);
    await rig.clock.run(phase === 'waiting' ? 100 : 1);
    void alice.client.stop();
    await rig.clock.run(30_000);
    expect(alice.end).toEqual({ kind: 'stopped' });
    expect(alice.all('connecting')).toHaveLength(1);
    expect(sessions()).toEqual([]);
    expect(rig.clock.pendingTimers).toBeLessThanOrEqual(timers + 1);
  });

  test('tries only once where it is told so', async () => {
    await listener.close();
    const alice = new RunningClient(rig, { isOnce: true });
    await rig.clock.run(60_000);
    expect(alice.kinds).toEqual(['connecting', 'failed']);
    expect(alice.end).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
  });

  test('drops frames that the server does not take in time, the newest first, and counts them', async () => {
    const alice = new RunningClient(rig, { limits: { outputQueueMaxBytes: 64 * 1024 } });
    await alice.connected();
    server.server.sessions()[0]!.sockets[0]!.stream.pause();
    const bulk = Array.from({ length: 100 }, () => frame(bobsMac, alicesMac, 'x'.repeat(1400)));
    for (let round = 0; round < 12; round++) alice.port.send(...bulk);
    expect(alice.port.queue.droppedFrames).toBeGreaterThan(0);
    expect(alice.port.queue.pendingBytes).toBeLessThanOrEqual(64 * 1024);
  });
});
