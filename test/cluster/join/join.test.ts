import { describe, expect, test } from 'vitest';
import { inspectCertificate, isSignedBy } from '#base';
import { ClusterFailure, type JoinRequest, type ModeChange } from '#cluster';
import type { Network } from '#io';
import { createNodeAuthorities } from '#io/node';
import { JoinClient } from '../../../src/cluster/join/join-client.ts';
import { controls, memoryWorld, password, type TestServer, type World } from './world.ts';

interface Pair {
  readonly world: Awaited<ReturnType<typeof memoryWorld>>;
  readonly controller: TestServer;
  readonly member: TestServer;
}

async function pair(): Promise<Pair> {
  const world = await memoryWorld();
  const controller = await world.server({ name: 'alpha', address: '192.0.2.1' });
  await controls(world, controller);
  const member = await world.server({ name: 'beta', address: '192.0.2.2' });
  controller.log.length = 0;
  return { world, controller, member };
}

const request = (change: Partial<JoinRequest> = {}): JoinRequest => ({
  host: '192.0.2.1',
  port: 443,
  hashedPassword: password('secret'),
  ...change,
});

const join = (world: World, member: TestServer, change: Partial<JoinRequest> = {}): Promise<ModeChange> =>
  world.settled(member.cluster.join(request(change), member.progress));

/** Hears nothing any more once it has said that it accepts. */
function deafAfterAccepting(network: Network, heardDone?: () => void): Network & { isDeaf: boolean } {
  const deaf = {
    isDeaf: true,
    listenTls: (options: Parameters<Network['listenTls']>[0]) => network.listenTls(options),
    dial: async (options: Parameters<Network['dial']>[0]) => {
      const stream = await network.dial(options);
      const [write, receive] = [stream.write.bind(stream), stream.receive.bind(stream)];
      let hasAccepted = false;
      stream.write = (bytes, done) => {
        hasAccepted ||= Buffer.from(bytes).includes('"accepted"');
        write(bytes, done);
      };
      stream.receive = (sink) =>
        receive({
          data: (chunk) => {
            if (!hasAccepted || !deaf.isDeaf) sink.data(chunk);
            else heardDone?.();
          },
          closed: (ending) => {
            if (!hasAccepted || !deaf.isDeaf) sink.closed(ending);
          },
        });
      return stream;
    },
  };
  return deaf;
}

async function refused(joining: Promise<unknown>): Promise<ClusterFailure> {
  const error: unknown = await joining.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof ClusterFailure)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

/** Nothing of the newcomer is left, on either side. */
async function expectNothing({ world, controller, member }: Pair): Promise<void> {
  expect(member.state.current).toBeUndefined();
  expect(controller.engine.admitted.has('beta')).toBe(false);
  expect((await world.registry.list()).map(({ serverName }) => serverName)).toEqual(['alpha']);
  expect(member.modes.calls.filter((call) => call.startsWith('restart'))).toEqual([]);
}

describe('init', () => {
  test('makes an authority, an identity and an engine, and starts the server again as controller', async () => {
    const { controller } = await pair();
    const { settings, identity, authority, authorityPem } = controller.state.current!;
    expect(settings).toMatchObject({ mode: 'controller', serverName: 'alpha', isEligible: true, weight: 100 });
    expect(settings).toMatchObject({ publicAddress: '192.0.2.1', publicPorts: [443] });
    expect(settings.clusterId).toMatch(/^[0-9a-f]{16}$/);
    expect(settings.engine).toMatchObject({ role: 'voter', endpoints: ['192.0.2.1:5568'] });
    expect(inspectCertificate(Buffer.from(identity.certificatePem))?.subjectCommonName).toBe('alpha');
    expect(isSignedBy(Buffer.from(identity.certificatePem), Buffer.from(authorityPem))).toBe(true);
    expect(authority?.certificatePem).toBe(authorityPem);
    expect(controller.modes.calls).toEqual([
      'back up before controller',
      'restart as controller with /backup-controller.json',
    ]);
  });

  test('leaves nothing behind where the engine cannot be made', async () => {
    const world = await memoryWorld();
    const server = await world.server({ name: 'alpha', address: '192.0.2.1' });
    server.engine.failure = new Error('port 5569 is taken');
    const failure = await refused(world.settled(server.cluster.init({}, server.progress)));
    expect(failure.code).toBe('ENGINE');
    expect(failure.message).toBe('port 5569 is taken. Nothing was changed');
    expect(server.state.current).toBeUndefined();
    expect(server.engine.isErased).toBe(true);
    expect(server.steps.at(-1)).toMatchObject({ step: 'engine', state: 'failed' });
  });

  test('says what is missing before it begins', async () => {
    const world = await memoryWorld();
    const server = await world.server({ name: 'alpha', address: '192.0.2.1' });
    const init = (change: object): Promise<ClusterFailure> =>
      refused(world.settled(server.cluster.init(change, server.progress)));
    expect(await init({ serverName: 'my server' })).toMatchObject({ code: 'BAD_REQUEST' });
    expect(await init({ publicAddress: '2001:db8::1' })).toMatchObject({ code: 'BAD_PUBLIC_ADDRESS' });
    expect(await init({ weight: 0 })).toMatchObject({ code: 'BAD_REQUEST' });
    expect(await init({ publicPorts: [0] })).toMatchObject({
      code: 'BAD_REQUEST',
      message: '0 is not a port (1 to 65535)',
    });
    server.engine.local = { missing: 'etcd is not installed: apt install etcd-server' };
    expect(await init({})).toMatchObject({ code: 'ENGINE', message: 'etcd is not installed: apt install etcd-server' });
    expect(server.modes.calls).toEqual([]);
    // Right after the start it is not known yet; and somebody may have installed it meanwhile.
    server.engine.found = { peerPort: 5569, clientPort: 5568 };
    await world.settled(server.cluster.init({}, server.progress));
    expect(server.modes.calls).toEqual(['back up before controller']);
  });

  test("refuses to be called root, like the engine's superuser, whoever chose the name", async () => {
    const world = await memoryWorld();
    const server = await world.server({ name: 'Root', address: '192.0.2.1', isNameChosen: false });
    for (const request of [{}, { serverName: 'root' }]) {
      const failure = await refused(world.settled(server.cluster.init(request, server.progress)));
      expect(failure).toMatchObject({ code: 'BAD_REQUEST', step: 'check this server' });
      expect(failure.message).toMatch(/^"root" cannot be the name of a server in a cluster: choose one with --name/i);
    }
    expect(server.modes.calls).toEqual([]);
  });

  test('stands alone again when the server does not start as a controller', async () => {
    const world = await memoryWorld();
    const server = await world.server({ name: 'alpha', address: '192.0.2.1' });
    server.modes.failures.push(new Error('the engine does not start'));
    const { restarted } = await world.settled(server.cluster.init({}, server.progress));
    const failure = await refused(world.settled(restarted));
    expect(failure).toMatchObject({ code: 'RESTART' });
    expect(failure.message).toContain('the engine does not start');
    expect(server.state.current).toBeUndefined();
    expect(server.modes.calls.at(-1)).toBe('restart as standalone');
  });
});

describe('join', () => {
  test('makes a member of who knows the password, step by step', async () => {
    const { world, controller, member } = await pair();
    const { restarted, backup } = await join(world, member, { weight: 50 });
    expect(backup).toBe('/backup-member.json');
    expect(member.modes.calls).toEqual(['back up before member']);
    await world.settled(restarted);
    expect(member.modes.calls.at(-1)).toBe('restart as member');
    const { settings, identity, authorityPem, authority } = member.state.current!;
    expect(settings).toMatchObject({
      mode: 'member',
      clusterId: controller.state.current?.settings.clusterId,
      serverName: 'beta',
      isEligible: false,
      address: '192.0.2.2',
      publicAddress: '192.0.2.2',
      publicPorts: [443],
      weight: 50,
      controller: { host: '192.0.2.1', port: 443 },
      engine: { role: 'learner', endpoints: ['192.0.2.1:5568'] },
    });
    expect(authority).toBeUndefined();
    expect(authorityPem).toBe(controller.state.current?.authorityPem);
    expect(isSignedBy(Buffer.from(identity.certificatePem), Buffer.from(authorityPem))).toBe(true);
    expect(await world.registry.find('beta')).toMatchObject({
      state: 'joined',
      address: '192.0.2.2',
      isEligible: false,
    });
    expect(controller.engine.admitted.get('beta')).toMatchObject({ address: '192.0.2.2', peerPort: 5569 });
    expect(controller.log.map(({ text }) => text)).toEqual(['beta joined the cluster']);
    expect(member.steps.filter(({ state }) => state === 'done').map(({ step }) => step)).toEqual([
      ...['check', 'connect', 'password', 'admission', 'backup', 'keep', 'register', 'restart'],
    ]);
  });

  test('never sends the password, nor its hash', async () => {
    const { world, member } = await pair();
    const sent: Buffer[] = [];
    const { clock, net } = world;
    const seen = net.machine('192.0.2.2');
    const spy = {
      ...seen,
      dial: async (options: Parameters<typeof seen.dial>[0]) => {
        const stream = await seen.dial(options);
        const write = stream.write.bind(stream);
        stream.write = (bytes, done) => {
          sent.push(Buffer.from(bytes));
          write(bytes, done);
        };
        return stream;
      },
    };
    const spied = await world.server({
      name: 'gamma',
      address: '192.0.2.3',
      network: { ...spy, listenTls: (options) => net.listenTls(options) },
    });
    await join(world, spied, { uncheckedAddress: true });
    const all = Buffer.concat(sent);
    expect(all.length).toBeGreaterThan(500);
    expect(all.includes(password('secret'))).toBe(false);
    expect(all.includes(password('secret').toString('base64'))).toBe(false);
    expect(all.includes('PRIVATE KEY')).toBe(false);
    expect([clock.nowMs() > 0, member.state.current]).toEqual([true, undefined]);
  });

  test('refuses a wrong password on both sides, and blocks an address after five', async () => {
    const all = await pair();
    const { world, controller, member } = all;
    for (const left of ['4 more tries', '3 more tries', '2 more tries', '1 more tries', 'now blocked for a minute']) {
      const failure = await refused(join(world, member, { hashedPassword: password('guess') }));
      expect(failure).toMatchObject({ code: 'WRONG_PASSWORD', step: "prove the controller's password" });
      expect(failure.message).toContain('wrong password: give the administration password of the controller');
      expect(failure.message).toContain(left);
    }
    expect(controller.log.at(-1)?.text).toContain(
      "a server did not join: prove the controller's password: wrong password",
    );
    const failure = await refused(join(world, member));
    expect(failure).toMatchObject({ code: 'BLOCKED' });
    expect(failure.message).toMatch(/too many wrong passwords from this address: it is blocked for another \d+ s/);
    await expectNothing(all);
    await world.clock.run(61_000);
    await join(world, member);
    expect(member.state.current?.settings.mode).toBe('member');
  });

  test('counts who breaks off after the first step as one who guessed wrong', async () => {
    const { world, member } = await pair();
    const { newPasswordProof } = await import('../../../src/cluster/join/password-proof.ts');
    const { encodeJoinMessage } = await import('../../../src/cluster/join/codec/encode.ts');
    const { joinAlpn } = await import('#cluster');
    for (let tries = 0; tries < 5; tries++) {
      const { share } = newPasswordProof('A', password('x'), world.random);
      const dial = { host: '192.0.2.1', port: 443, timeoutMs: 1_000, tls: true, alpn: [joinAlpn] };
      const stream = await world.settled(world.network('192.0.2.2').dial(dial));
      stream.write(encodeJoinMessage({ kind: 'hello', protocol: 1, version: 'x', intent: 'join', share }));
      const answered = Promise.withResolvers<undefined>();
      stream.receive({ data: () => answered.resolve(undefined), closed: () => answered.resolve(undefined) });
      await world.settled(answered.promise);
      stream.destroy();
      await world.clock.run(100);
    }
    expect(await refused(join(world, member))).toMatchObject({ code: 'BLOCKED' });
  });

  test('refuses a controller that has no password', async () => {
    const { world, controller, member } = await pair();
    controller.password = password('');
    const failure = await refused(join(world, member, { hashedPassword: password('') }));
    expect(failure).toMatchObject({ code: 'NOT_READY' });
    expect(failure.message).toContain('the controller has no administration password');
  });

  test.each([
    [5_500, 'is 5.5 s ahead of'],
    [-7_000, 'is 7.0 s behind'],
  ])('refuses clocks that are %i ms apart', async (aheadMs, words) => {
    const all = await pair();
    const { world, controller } = all;
    const { clock } = world;
    const skewed = {
      nowMs: () => clock.nowMs(),
      wallMs: () => clock.wallMs() + aheadMs,
      after: clock.after.bind(clock),
      every: clock.every.bind(clock),
      soon: clock.soon.bind(clock),
    };
    const member = await world.server({ name: 'gamma', address: '192.0.2.3', clock: skewed });
    const failure = await refused(join(world, member));
    expect(failure).toMatchObject({ code: 'CLOCK_SKEW', step: 'compare clocks' });
    expect(failure.message).toContain(`the clock of the server that joins ${words}`);
    expect(failure.message).toContain('at most 5.0 s is allowed: set both by NTP');
    expect(controller.log.at(-1)?.text).toContain(words);
    await expectNothing({ ...all, member });
  });

  test('takes clocks that are four seconds apart', async () => {
    const { world } = await pair();
    const { clock } = world;
    const late = {
      nowMs: () => clock.nowMs(),
      wallMs: () => clock.wallMs() - 4_000,
      after: clock.after.bind(clock),
      every: clock.every.bind(clock),
      soon: clock.soon.bind(clock),
    };
    const member = await world.server({ name: 'gamma', address: '192.0.2.3', clock: late });
    await join(world, member);
    expect(member.state.current?.settings.mode).toBe('member');
  });

  test('refuses a public port where nobody answers, or somebody else, and names it', async () => {
    const all = await pair();
    const { world, controller, member } = all;
    const closed = await refused(join(world, member, { publicPorts: [443, 444] }));
    expect(closed).toMatchObject({ code: 'PUBLIC_ADDRESS_UNREACHABLE', step: 'check the public address' });
    expect(closed.message).toContain('port 444: cannot connect to 192.0.2.2:444');
    expect(closed.message).not.toContain('port 443');
    const foreign = await refused(join(world, member, { publicAddress: '192.0.2.1' }));
    expect(foreign.message).toContain('port 443 is answered by another server');
    expect(foreign.message).toContain('--unchecked-address');
    expect(controller.log.at(-1)?.text).toContain('port 443 is answered by another server');
    await expectNothing(all);
    await join(world, member, { publicAddress: '198.51.100.1', uncheckedAddress: true });
    expect(member.state.current?.settings.publicAddress).toBe('198.51.100.1');
  });

  test('does not dial a hundred ports of a host that does not answer', async () => {
    const { world, member } = await pair();
    world.net.isolate('198.51.100.1');
    const publicPorts = Array.from({ length: 128 }, (_, at) => 1_000 + at);
    const startedMs = world.clock.nowMs();
    const failure = await refused(join(world, member, { publicAddress: '198.51.100.1', publicPorts }));
    expect(failure.message.match(/no answer within 6000 ms/g)?.length).toBeLessThan(17);
    expect(world.clock.nowMs() - startedMs).toBeLessThan(20_000);
  });

  test('refuses a public address that no client can be sent to', async () => {
    const { world, member } = await pair();
    for (const publicAddress of ['2001:db8::1', 'vpn.example.com']) {
      expect(await refused(join(world, member, { publicAddress }))).toMatchObject({ code: 'BAD_PUBLIC_ADDRESS' });
    }
    const failure = await refused(join(world, member, { publicAddress: '224.0.0.1' }));
    expect(failure.message).toContain('"224.0.0.1" is no address of a single host');
  });

  test('refuses a server that belongs to another cluster', async () => {
    const { world, controller, member } = await pair();
    const other = await world.server({ name: 'delta', address: '192.0.2.4' });
    await controls(world, other).catch(() => undefined);
    const own = await refused(join(world, other));
    expect(own).toMatchObject({ code: 'OTHER_CLUSTER' });
    expect(own.message).toContain('this server made the cluster');
    await world.settled((await join(world, member)).restarted);
    const files = member.state.current!;
    await member.state.save({ ...files, settings: { ...files.settings, clusterId: 'ffffffffffffffff' } });
    const failure = await refused(join(world, member));
    expect(failure).toMatchObject({ code: 'OTHER_CLUSTER' });
    expect(failure.message).toContain('already belongs to the cluster ffffffffffffffff');
    expect(failure.message).toContain('run "hubfarm cluster leave" on it first');
    expect(controller.log.at(-1)?.text).toContain('ffffffffffffffff');
  });

  test('refuses the name of a server that runs, whatever its case', async () => {
    const { world, controller, member } = await pair();
    world.live.push({ serverName: 'Beta', address: '192.0.2.77' });
    const failure = await refused(join(world, member));
    expect(failure).toMatchObject({ code: 'NAME_TAKEN', step: 'check the server name' });
    expect(failure.message).toContain('another server called "Beta" runs in the cluster, at 192.0.2.77');
    expect(controller.log.at(-1)?.text).toContain('another server called "Beta" runs');
    await join(world, member, { serverName: 'beta2' });
    expect(member.state.current?.settings.serverName).toBe('beta2');
  });

  test("refuses a server that is called root, like the engine's superuser, on both sides", async () => {
    const { world, controller, member } = await pair();
    const failure = await refused(join(world, member, { serverName: 'root' }));
    expect(failure.message).toContain('"root" cannot be the name of a server in a cluster: choose one with --name');
    // One that asks all the same.
    const client = new JoinClient({
      clock: world.clock,
      random: world.random,
      network: world.network(member.address),
      authorities: createNodeAuthorities(world.clock),
      version: '0.1.0',
    });
    const to = { host: controller.address, port: controller.port, hashedPassword: password('secret') };
    const newcomer = {
      ...{ serverName: 'root', isNameChosen: true, hostName: 'root.example', listenerCertificate: Buffer.alloc(0) },
      ...{ publicAddress: '', publicPorts: [443], isUncheckedAddress: true, weight: 100 },
      ...{ enginePeerPort: 5569, engineClientPort: 5568, currentClusterId: '', licences: [] },
    };
    const asked = await refused(world.settled(client.join(to, newcomer, undefined, () => undefined)));
    expect(asked).toMatchObject({ step: 'check the server name', message: failure.message });
    expect(await world.registry.find('root')).toBeUndefined();
  });

  test('adds a number to a name that nobody chose: hosts are often called alike', async () => {
    const { world, member } = await pair();
    await world.settled((await join(world, member)).restarted);
    const alike = await Promise.all(
      ['192.0.2.11', '192.0.2.12'].map((address) => world.server({ name: 'beta', address, isNameChosen: false })),
    );
    for (const { restarted } of await Promise.all(alike.map((server) => join(world, server)))) {
      await world.settled(restarted);
    }
    const names = alike.map(({ state }) => state.current?.settings.serverName);
    expect(names.toSorted()).toEqual(['beta-2', 'beta-3']);
    const again = await join(world, alike[0]!);
    await world.settled(again.restarted);
    expect(alike[0]!.state.current?.settings.serverName).toBe(names[0]);
  });

  test('refuses the name of a server that is away, unless it shows its key', async () => {
    const { world, member } = await pair();
    await world.settled((await join(world, member)).restarted);
    const stranger = await world.server({ name: 'stranger', address: '192.0.2.9' });
    const failure = await refused(join(world, stranger, { serverName: 'beta' }));
    expect(failure).toMatchObject({ code: 'NAME_TAKEN' });
    expect(failure.message).toContain('this one has not its key');
    expect(failure.message).toContain('hubfarm cluster remove beta');
    const before = member.state.current!.identity.certificatePem;
    await world.settled((await join(world, member)).restarted);
    expect(member.state.current!.identity.certificatePem).not.toBe(before);
    expect((await world.registry.list()).map(({ serverName }) => serverName)).toEqual(['alpha', 'beta']);
  });

  test('takes a server that was promoted back as one that may control', async () => {
    const { world, controller, member } = await pair();
    await world.settled((await join(world, member)).restarted);
    const record = await world.registry.find('beta');
    await world.registry.write({ ...record!, isEligible: true });
    await join(world, member);
    expect(await world.registry.find('beta')).toMatchObject({ isEligible: true, state: 'joined' });
    expect(controller.engine.eligible.has('beta')).toBe(true);
  });

  test('refuses another version of the protocol, and says which side is older', async () => {
    const { world, member } = await pair();
    const { encodeJoinMessage } = await import('../../../src/cluster/join/codec/encode.ts');
    const { FrameReader } = await import('../../../src/cluster/join/codec/frame.ts');
    const { joinAlpn } = await import('#cluster');
    const dial = { host: '192.0.2.1', port: 443, timeoutMs: 1_000, tls: true, alpn: [joinAlpn] };
    const stream = await world.settled(world.network(member.address).dial(dial));
    const share = Buffer.alloc(65);
    stream.write(encodeJoinMessage({ kind: 'hello', protocol: 2, version: '0.9.0', intent: 'join', share }));
    const reader = new FrameReader();
    const ended = Promise.withResolvers<undefined>();
    stream.receive({ data: (chunk) => reader.push(chunk), closed: () => ended.resolve(undefined) });
    await world.settled(ended.promise);
    const answer = reader.take(10_000) as { code: string; message: string };
    expect(answer.code).toBe('VERSION_MISMATCH');
    expect(answer.message).toBe(
      'the server that joins runs hubfarm 0.9.0 (join protocol 2), the controller hubfarm 0.1.0 (join protocol 1): update the controller',
    );
  });

  test('says who the controller is where another server is asked', async () => {
    const { world, controller, member } = await pair();
    controller.standing = { kind: 'standalone' };
    const alone = await refused(join(world, member));
    expect(alone).toMatchObject({ code: 'NOT_CONTROLLER' });
    expect(alone.message).toContain('this server stands alone. Run "hubfarm cluster init" on it first');
    controller.standing = { kind: 'member', controller: 'omega (192.0.2.8:443)' };
    expect((await refused(join(world, member))).message).toContain(
      'Its controller is omega (192.0.2.8:443): join there',
    );
    controller.standing = { kind: 'member', controller: undefined };
    expect((await refused(join(world, member))).message).toContain('no controller at the moment');
    controller.standing = { kind: 'notReady', why: 'its engine does not answer' };
    const early = await refused(join(world, member));
    expect(early).toMatchObject({ code: 'NOT_READY' });
    expect(early.message).toBe('the controller is not ready: its engine does not answer. Try again in some seconds');
  });

  test('says where nothing answers, and where something else does', async () => {
    const { world, member } = await pair();
    const nothing = await refused(join(world, member, { port: 444 }));
    expect(nothing).toMatchObject({ code: 'CANNOT_CONNECT', step: 'connect to the controller' });
    expect(nothing.message).toContain('cannot connect to 192.0.2.1:444');
    const identity = () => member.identity;
    const other = { host: '192.0.2.50', port: 443, identity, handshakeTimeoutMs: 1_000, admit: () => true };
    await world.net.listenTls({ ...other, abandoned: () => undefined, connected: () => undefined });
    const foreign = await refused(join(world, member, { host: '192.0.2.50' }));
    expect(foreign).toMatchObject({ code: 'NOT_HUBFARM' });
    expect(foreign.message).toContain('is not a hubfarm server that can be joined');
    world.net.isolate('192.0.2.1');
    const cut = await refused(join(world, member));
    expect(cut.message).toContain('no answer within 10000 ms');
  });

  test('takes everything back when the engine refuses', async () => {
    const all = await pair();
    const { world, controller, member } = all;
    controller.engine.failure = new Error('the engine already has a learner: try again in a minute');
    const failure = await refused(join(world, member));
    expect(failure).toMatchObject({ code: 'ENGINE', step: 'make room in the engine' });
    expect(failure.message).toContain('the engine already has a learner: try again in a minute');
    await expectNothing(all);
  });

  test('takes everything back when the member cannot write its backup', async () => {
    const all = await pair();
    const { world, controller, member } = all;
    member.modes.backupFailure = new Error('the disk is full');
    const failure = await refused(join(world, member));
    expect(failure).toMatchObject({ code: 'STORE' });
    expect(failure.message).toBe('the disk is full. Nothing was changed');
    await world.clock.run(1_000);
    await world.settled(new Promise((resolve) => setTimeout(resolve, 20)));
    expect(controller.log.at(-1)?.text).toContain('beta could not use what it was granted: the disk is full');
    await expectNothing(all);
  });

  test('takes everything back when the member falls silent before it has kept what it was granted', async () => {
    const all = await pair();
    const { world, member } = all;
    member.modes.backUp = () => new Promise(() => undefined);
    void member.cluster.join(request(), member.progress).catch(() => undefined);
    const isGranted = (): boolean => member.steps.some(({ step, state }) => step === 'admission' && state === 'done');
    for (let rounds = 0; rounds < 1_000 && !isGranted(); rounds++)
      await world.settled(new Promise((resolve) => setTimeout(resolve, 1)));
    expect(await world.registry.find('beta')).toMatchObject({ state: 'joining' });
    world.net.isolate('192.0.2.2');
    for (let seconds = 0; seconds < 62; seconds++) {
      await world.clock.run(1_000);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await world.settled(new Promise((resolve) => setTimeout(resolve, 20)));
    await expectNothing(all);
  });

  test('tells the controller that it did not hear the end of the join, and nothing is left of it', async () => {
    const { world, controller } = await pair();
    const network = deafAfterAccepting(world.net.machine('192.0.2.3'));
    const member = await world.server({ name: 'gamma', address: '192.0.2.3', network });
    const failure = await refused(join(world, member));
    expect(failure).toMatchObject({ code: 'CANNOT_CONNECT' });
    expect(failure.message).toContain('no answer within 120 s');
    expect(controller.log.map(({ text }) => text)).toEqual(['gamma joined the cluster', 'gamma left the cluster']);
    expect([member.state.current, member.state.formerIdentity]).toEqual([undefined, undefined]);
    expect((await world.registry.list()).map(({ serverName }) => serverName)).toEqual(['alpha']);
  });

  test('is taken for itself after a join whose end it did not hear', async () => {
    const { world, controller } = await pair();
    const network = deafAfterAccepting(world.net.machine('192.0.2.3'), () => world.net.isolate('192.0.2.3'));
    const member = await world.server({ name: 'gamma', address: '192.0.2.3', network });
    await refused(join(world, member));
    expect(controller.log.at(-1)?.text).toBe('gamma joined the cluster');
    expect(member.state.current).toBeUndefined();
    expect(member.state.formerIdentity).toBeDefined();
    expect(member.steps.at(-1)?.text).toContain('the controller may have noted gamma: join again');
    world.net.rejoin('192.0.2.3');
    network.isDeaf = false;
    await join(world, member);
    expect(member.state.current?.settings.mode).toBe('member');
    expect((await world.registry.list()).map(({ serverName }) => serverName)).toEqual(['alpha', 'gamma']);
  });

  test('stands alone again, and tells the controller, when it does not start as a member', async () => {
    const { world, controller, member } = await pair();
    member.modes.failures.push(new Error('port 5570 is taken'));
    const { restarted } = await join(world, member);
    const failure = await refused(world.settled(restarted));
    expect(failure).toMatchObject({ code: 'RESTART' });
    expect(failure.message).toContain('port 5570 is taken. It stands alone again, as before');
    expect(member.state.current).toBeUndefined();
    expect(controller.engine.admitted.has('beta')).toBe(false);
    expect(await world.registry.find('beta')).toBeUndefined();
    expect(member.modes.calls.at(-1)).toBe('restart as standalone');
  });

  test('is one at a time', async () => {
    const { world, member } = await pair();
    const first = join(world, member);
    const second = await refused(member.cluster.join(request(), member.progress));
    expect(second).toMatchObject({ code: 'BUSY' });
    expect(second.message).toContain('"join 192.0.2.1:443" is under way');
    await world.settled((await first).restarted);
    await world.settled((await join(world, member)).restarted);
  });
});

describe('leave', () => {
  test('takes a member out of the list and the engine, and makes it stand alone', async () => {
    const { world, controller, member } = await pair();
    await world.settled((await join(world, member)).restarted);
    const { restarted } = await world.settled(member.cluster.leave({ isForced: false }, member.progress));
    await world.settled(restarted);
    expect(member.state.current).toBeUndefined();
    expect(member.engine.isErased).toBe(true);
    expect(member.modes.calls.at(-1)).toBe('restart as standalone');
    expect(await world.registry.find('beta')).toBeUndefined();
    expect(controller.engine.admitted.has('beta')).toBe(false);
    expect(controller.log.at(-1)?.text).toBe('beta left the cluster');
    // As one that never was there.
    await world.settled((await join(world, member)).restarted);
    expect(member.state.current?.settings.mode).toBe('member');
  });

  test('is refused while the controller cannot be told, unless it is forced', async () => {
    const { world, member } = await pair();
    await world.settled((await join(world, member)).restarted);
    world.net.isolate('192.0.2.1');
    const failure = await refused(world.settled(member.cluster.leave({ isForced: false }, member.progress)));
    expect(failure).toMatchObject({ code: 'CANNOT_CONNECT' });
    expect(failure.message).toContain('--force');
    expect(member.state.current?.settings.mode).toBe('member');
    const { restarted } = await world.settled(member.cluster.leave({ isForced: true }, member.progress));
    await world.settled(restarted);
    expect(member.state.current).toBeUndefined();
    expect(member.steps.find(({ state }) => state === 'warning')?.text).toContain('hubfarm cluster remove beta');
  });

  test('is not possible for a server that stands alone', async () => {
    const { world, member } = await pair();
    const failure = await refused(world.settled(member.cluster.leave({ isForced: true }, member.progress)));
    expect(failure).toMatchObject({ code: 'NOT_IN_CLUSTER' });
  });

  test('in the name of another server is refused', async () => {
    const { world, controller, member } = await pair();
    const gamma = await world.server({ name: 'gamma', address: '192.0.2.3' });
    await world.settled((await join(world, member)).restarted);
    await world.settled((await join(world, gamma)).restarted);
    const files = gamma.state.current!;
    await gamma.state.save({ ...files, settings: { ...files.settings, serverName: 'beta' } });
    const failure = await refused(world.settled(gamma.cluster.leave({ isForced: false }, gamma.progress)));
    expect(failure.message).toContain('is not that of the server "beta"');
    expect(await world.registry.find('beta')).toBeDefined();
    expect(controller.log.at(-1)?.text).toContain('is not that of the server "beta"');
  });
});
