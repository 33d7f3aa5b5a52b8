import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultPolicy, type Policy } from '#hub';
import { Pack, securePassword, userPasswordHash, type Place } from '#softether';
import { decodeRedirect } from '../../../src/softether/codec/redirect.ts';
import { encodePackRequest } from '../../../src/softether/codec/http-pack.ts';
import { capturedPack } from '../codec/vectors.ts';
import { HUB, Rig, passwordUser, type RigOptions } from './rig.ts';
import { loginPack, type LoginFields } from './test-client.ts';

let rig: Rig;
const start = async (options?: RigOptions): Promise<void> => {
  rig = await Rig.start(options);
};
beforeEach(() => start());
afterEach(() => rig.close());

const error = (fields: LoginFields, address?: string): Promise<number> => rig.connect(address).loginError(fields);
const setPolicy = (policy: Partial<Policy>, user = 'alice'): Promise<unknown> =>
  rig.directory.updateUser(HUB, user, (current) => ({ ...current, policy: { ...defaultPolicy, ...policy } }));

describe('a log-in', () => {
  it('with the right password is welcomed with everything a client needs', async () => {
    const client = rig.connect();
    const answer = await client.login({ maxConnection: 8 });
    expect(answer).toMatchObject({
      kind: 'welcome',
      welcome: {
        sessionName: 'SID-ALICE-1',
        connectionName: 'CID-1',
        maxConnection: 8,
        useEncrypt: true,
        useCompress: false,
        halfConnection: false,
        qos: false,
        timeoutMs: 20_000,
        policy: { Access: true, MaxConnection: 32, TimeOut: 20 },
      },
    });
    expect(rig.server.sessions().map((session) => session.name)).toEqual(['SID-ALICE-1']);
    expect(rig.host.instance(HUB)?.sessions()).toHaveLength(1);
    expect([rig.server.unauthenticatedCount, rig.server.connections()]).toEqual([0, []]);
  });

  it('says nothing of UDP acceleration, whatever the client offers', async () => {
    const client = await rig.connect().hello();
    const answer = await client.ask(client.loginPack().setBool('use_udp_acceleration', true));
    expect(answer.elements.map(({ name }) => name).filter((name) => /udp_acc/i.test(name))).toEqual([]);
    expect(answer.has('error')).toBe(false);
  });

  it('shows the hub message', async () => {
    await rig.directory.updateHub(HUB, (hub) => ({ ...hub, message: 'grüß Gott' }));
    expect(await rig.connect().login()).toMatchObject({ welcome: { message: 'grüß Gott' } });
  });

  it.each<[string, LoginFields, number]>([
    ['to an unknown hub', { hub: 'NOWHERE' }, 8],
    ['of an unknown user', { user: 'mallory' }, 9],
    ['with a wrong password', { password: 'wrong' }, 9],
    ['of a monitor without the right', { monitor: true }, 107],
  ])('%s is refused', async (_what, fields, code) => {
    expect(await error(fields)).toBe(code);
    expect(rig.server.sessionCount).toBe(0);
  });

  it('to a hub that is offline is answered 10', async () => {
    await rig.directory.updateHub(HUB, (hub) => ({ ...hub, isOnline: false }));
    await rig.settle(() => rig.host.instance(HUB) === undefined);
    expect(await error({})).toBe(10);
  });

  it('of an anonymous user needs no proof, whatever is sent', async () => {
    expect(await error({ user: 'guest', password: 'anything' })).toBe(0);
    const client = await rig.connect().hello();
    const answer = await client.ask(loginPack({ user: 'GUEST' }).setInt('authtype', 0));
    expect(answer.str('session_name')).toBe('SID-GUEST-2');
  });

  it('with the password in clear, and with a ticket nobody gave', async () => {
    const plain = (password: string): Pack => loginPack().setInt('authtype', 2).setStr('plain_password', password);
    expect(await rig.connect().error(plain('pw'))).toBe(0);
    expect(await rig.connect().error(plain('no'))).toBe(9);
    expect(await rig.connect().error(loginPack().setInt('authtype', 99).setData('ticket', Buffer.alloc(20)))).toBe(9);
    expect(await rig.connect('198.51.100.9').error(loginPack().setInt('authtype', 98))).toBe(7);
  });

  it('of an expired user, and of one without access, is answered 12', async () => {
    await rig.directory.updateUser(HUB, 'alice', (user) => ({ ...user, expiresAtMs: rig.clock.wallMs() - 1 }));
    await setPolicy({ Access: false }, 'bob');
    expect(await error({})).toBe(12);
    expect(await error({ user: 'bob' })).toBe(12);
  });

  it('tells a client when it must not keep its password', async () => {
    await setPolicy({ NoSavePassword: true, MultiLogins: 1 });
    await rig.connect().session();
    expect(await rig.connect().login()).toEqual({ kind: 'error', code: 20, noSavePassword: true });
  });

  it('of a client too old for the rules of its policy is answered 87', async () => {
    await setPolicy({ NoSavePassword: true });
    const client = 'SoftEther VPN Client';
    expect([await error({ client, build: 6559 }), await error({ client, build: 6560 })]).toEqual([87, 0]);
  });

  it('takes the policy of the group where the user has none', async () => {
    await rig.close();
    const groupPolicy = (_hub: string, group: string): Policy => ({ ...defaultPolicy, Access: group !== 'locked' });
    await start({ deps: { groupPolicy } });
    await rig.directory.updateUser(HUB, 'alice', (user) => ({ ...user, groupName: 'locked' }));
    expect([await error({}), await error({ user: 'bob' })]).toEqual([12, 0]);
  });
});

describe('what a session is given', () => {
  it.each<[string, LoginFields, Partial<Policy>, number]>([
    ['no more connections than the policy allows', { maxConnection: 8 }, { MaxConnection: 3 }, 3],
    ['one at least', { maxConnection: 0 }, {}, 1],
    ['32 at most', { maxConnection: 1000 }, {}, 32],
    ['two at least with half duplex', { maxConnection: 1, half: true }, {}, 2],
  ])('%s', async (_what, fields, policy, expected) => {
    await setPolicy(policy);
    expect(await rig.connect().login(fields)).toMatchObject({ welcome: { maxConnection: expected } });
  });

  it.each([
    [5, 5_000],
    [2, 5_000],
    [600, 60_000],
    [0, 20_000],
  ])('time-out of a policy with TimeOut %d: %d ms', async (seconds, ms) => {
    await setPolicy({ TimeOut: seconds });
    expect(await rig.connect().login()).toMatchObject({ welcome: { timeoutMs: ms } });
  });

  it('no bridging unless it asks for it, or sits on this machine', async () => {
    const policyOf = async (fields: LoginFields, address?: string): Promise<Policy | undefined> => {
      await rig.connect(address).session(fields);
      return rig.server.sessions().at(-1)?.policy;
    };
    expect(await policyOf({})).toMatchObject({ NoBridge: true, NoRouting: true });
    expect(await policyOf({ bridge: true })).toMatchObject({ NoBridge: false, NoRouting: false });
    expect(await policyOf({ client: 'SoftEther VPN Server (Cascade Mode)' })).toMatchObject({ NoBridge: false });
    expect(await policyOf({}, '127.0.0.1')).toMatchObject({ NoBridge: false, NoRouting: false });
    expect(await policyOf({}, '192.0.2.254'), 'the address of the server itself').toMatchObject({ NoBridge: false });
  });

  it('108 for a bridge whose policy forbids both bridging and routing', async () => {
    await setPolicy({ NoBridge: true, NoRouting: true });
    expect(await error({ bridge: true })).toBe(108);
    expect(await error({ bridge: true }, '127.0.0.1')).toBe(0);
  });

  it('encryption stays on where the server does not allow to leave it', async () => {
    await rig.close();
    await start({ limits: { allowUnencrypted: false } });
    expect(await rig.connect().login({ encrypt: false })).toMatchObject({ welcome: { useEncrypt: true } });
  });
});

describe('limits on sessions', () => {
  const machine = (n: number): Buffer => Buffer.alloc(20, n);

  it('MultiLogins counts the other machines of the user: 20', async () => {
    await setPolicy({ MultiLogins: 1 });
    await rig.connect().session({ uniqueId: machine(1) });
    expect(await error({ uniqueId: machine(2) })).toBe(20);
    expect(await error({ uniqueId: machine(1) }), 'the same machine once more').toBe(0);
    expect(await error({ user: 'bob', uniqueId: machine(2) })).toBe(0);
  });

  it('the hub has a limit: 16, but not for its administrator', async () => {
    await rig.directory.updateHub(HUB, (hub) => ({ ...hub, maxSessions: 1 }));
    await rig.connect().session();
    expect(await error({ user: 'bob' })).toBe(16);
    expect(await error({ user: 'Administrator', password: '' }, '127.0.0.1')).toBe(0);
  });

  it('so has the server: 16', async () => {
    await rig.close();
    await start({ limits: { maxSessions: 2 } });
    expect([await error({}), await error({}), await error({})]).toEqual([0, 0, 16]);
  });

  it('a session that has lost its sockets makes room for its own machine, and for others', async () => {
    await setPolicy({ MultiLogins: 1 });
    const first = rig.connect();
    await first.session({ uniqueId: machine(1) });
    first.pair.cut();
    await rig.run(100);
    expect(rig.server.sessionCount).toBe(1);
    await rig.connect().session({ uniqueId: machine(2) });
    expect(rig.server.sessions().map((session) => session.name)).toEqual(['SID-ALICE-2']);
  });

  it('two log-ins at once do not both take the last place', async () => {
    await rig.directory.updateHub(HUB, (hub) => ({ ...hub, maxSessions: 1 }));
    const clients = [rig.connect(), rig.connect()];
    for (const client of clients) await client.hello();
    for (const client of clients) client.sendPack(client.loginPack());
    const answers = [await clients[0]!.answerPack(), await clients[1]!.answerPack()];
    expect(answers.map((answer) => answer?.int('error'))).toEqual([0, 16]);
  });
});

describe('the administrator of a hub as a VPN user', () => {
  beforeEach(async () => {
    const securePasswordHash = userPasswordHash('boss', 'administrator').toString('hex');
    await rig.directory.updateHub(HUB, (hub) => ({ ...hub, securePassword: securePasswordHash }));
  });

  it('gets in with the password of the hub, and may monitor', async () => {
    const answer = await rig.connect().login({ user: 'Administrator', password: 'boss', monitor: true });
    expect(answer).toMatchObject({ kind: 'welcome', welcome: { sessionName: 'SID-ADMINISTRATOR-1' } });
    expect(rig.server.sessions()[0]?.info()).toMatchObject({ isMonitorMode: true, userName: 'administrator' });
    expect(await error({ user: 'Administrator', password: 'wrong' })).toBe(9);
  });

  it('with an empty password from this machine only: 51', async () => {
    const empty = userPasswordHash('', 'administrator').toString('hex');
    await rig.directory.updateHub(HUB, (hub) => ({ ...hub, securePassword: empty }));
    const fields = { user: 'administrator', password: '' };
    expect([await error(fields), await error(fields, '127.0.0.1')]).toEqual([51, 0]);
  });
});

describe('a password change', () => {
  const change = (random: Buffer, old: string, user = 'alice'): Pack =>
    new Pack()
      .setStr('method', 'password')
      .setStr('hubname', HUB)
      .setStr('username', user)
      .setData('secure_old_password', securePassword(userPasswordHash(old, user), random))
      .setData('new_password', userPasswordHash('new', user));

  const answerTo = async (old: string, user?: string): Promise<number | undefined> => {
    const client = await rig.connect().hello();
    client.sendPack(change(client.random, old, user));
    let answer: Pack | undefined;
    for (let turn = 0; turn < 200 && answer === undefined && !client.isClosed; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      answer = await client.answerPack(1);
    }
    return answer?.int('error');
  };

  it('holds for the next log-in', async () => {
    expect(await answerTo('pw')).toBe(0);
    expect([await error({ password: 'pw' }), await error({ password: 'new' })]).toEqual([9, 0]);
  });

  it('needs the old password: 69; a user with a password: 68; leave to change it: 52; a hub: 8', async () => {
    expect(await answerTo('wrong')).toBe(69);
    expect(await answerTo('pw', 'mallory')).toBe(69);
    expect(await answerTo('pw', 'guest')).toBe(68);
    await setPolicy({ FixPassword: true });
    expect(await answerTo('pw')).toBe(52);
    const client = await rig.connect().hello();
    expect((await client.ask(change(client.random, 'pw').setStr('hubname', 'NOWHERE'))).int('error')).toBe(8);
  });
});

describe('the place of a session', () => {
  const elsewhere: Place = {
    kind: 'elsewhere',
    address: '203.0.113.9',
    ports: [443, 5555],
    ticket: Buffer.alloc(20, 9),
    certificateDer: Buffer.from('cert'),
  };

  it('elsewhere: the client is told where, says so with an empty PACK, and is let go', async () => {
    await rig.close();
    await start({ deps: { placement: { place: () => Promise.resolve(elsewhere) } } });
    const client = await rig.connect().hello();
    const redirect = decodeRedirect(await client.ask(client.loginPack()));
    expect(redirect).toMatchObject({ address: '203.0.113.9', ports: [443, 5555], ticket: elsewhere.ticket });
    client.sendPack(new Pack());
    await rig.run(20);
    expect(client.ending?.clean).toBe(true);
    expect(rig.server.sessionCount).toBe(0);
  });

  it('nowhere: the error is answered', async () => {
    await rig.close();
    await start({ deps: { placement: { place: () => ({ kind: 'refused', code: 49 }) } } });
    expect(await error({})).toBe(49);
  });

  it('a placement that fails is our fault: 23', async () => {
    await rig.close();
    await start({ deps: { placement: { place: () => Promise.reject(new Error('no store')) } } });
    expect(await error({})).toBe(23);
  });

  it('a client that leaves while its place is chosen leaves nothing behind', async () => {
    await rig.close();
    const chosen = Promise.withResolvers<Place>();
    await start({ deps: { placement: { place: () => chosen.promise } } });
    const client = await rig.connect().hello();
    client.sendPack(client.loginPack());
    await rig.run(20);
    client.pair.cut();
    await rig.run(20);
    expect(rig.server.unauthenticatedCount, 'keeps its place: work goes on for it').toBe(1);
    chosen.resolve({ kind: 'here' });
    await rig.run(20);
    expect([rig.server.unauthenticatedCount, rig.server.sessionCount]).toEqual([0, 0]);
    expect(rig.host.instance(HUB)?.sessions()).toEqual([]);
  });
});

describe('the log-in of a real client, as it was captured', () => {
  it('is welcomed by a server that knows the user and the random', async () => {
    const random = capturedPack('login-redirect', (pack) => pack.has('random')).data('random');
    const login = capturedPack('login-redirect', (pack) => pack.has('method'));
    await rig.close();
    const bytes = (length: number): Buffer => (length === 20 ? random : rig.random.bytes(length));
    await start({ deps: { random: { bytes, below: (below) => below - 1 } } });
    await rig.directory.createHub({ ...rig.directory.hub(HUB)!, name: 'hubD' });
    await rig.directory.createUser('hubD', passwordUser('user1', {}, 'pass1'));
    await rig.settle(() => rig.host.instance('hubD') !== undefined);
    const client = await rig.connect().hello();
    client.write(encodePackRequest(login, '127.0.0.1'));
    const answer = await client.answerPack();
    expect([answer?.int('error'), answer?.str('session_name')]).toEqual([0, 'SID-USER1-1']);
    expect(rig.server.sessions()[0]?.info()).toMatchObject({
      clientProductName: 'SoftEther VPN Client Developer Edition',
      clientVersion: 501,
      clientBuild: 9674,
      nodeInfo: { clientOsName: 'Debian GNU/Linux', serverPort: 20_601 },
    });
  });
});
