import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultPolicy } from '#hub';
import { ErrorCode, securePassword, userPasswordHash } from '#softether';
import { hubRecord } from '../../hub/hub-fixture.ts';
import { passwordUser } from '../server/rig.ts';
import { loginPack, type LoginFields } from '../server/test-client.ts';
import { ClusterRig, DYNAMIC, STATIC, type ClusterRigOptions } from './cluster-rig.ts';

let rig: ClusterRig;
const times = (count: number): LoginFields[] => Array.from({ length: count }, () => ({}));
const start = async (options?: ClusterRigOptions): Promise<void> => void (rig = await ClusterRig.start(options));
beforeEach(() => start());
afterEach(() => rig.close());

describe('a log-in at the controller, to a static hub', () => {
  it('is redirected with the member’s address, ports, certificate and a ticket, unless the controller itself is best', async () => {
    const landed = [];
    for (let count = 0; count < 3; count++) landed.push(await rig.login(0, { user: 'alice' }));
    expect(landed.map(({ at }) => at).sort()).toEqual([0, 1, 2]);
    const redirected = landed.filter(({ redirect }) => redirect !== undefined);
    expect(redirected).toHaveLength(2);
    for (const { at, redirect } of redirected) {
      expect(redirect).toMatchObject({ address: `10.0.0.${at + 1}`, ports: [443, 992] });
      expect(redirect!.certificateDer.toString()).toBe(`certificate of m${at}/0`);
    }
  });

  it('gives each session a name that no other in the cluster has, whichever member it is on', async () => {
    const names = [];
    for (let count = 0; count < 6; count++) names.push((await rig.welcome(0)).welcome.sessionName);
    expect(names).toEqual([1, 2, 3, 4, 5, 6].map((number) => `SID-ALICE-${number}`));
    expect(rig.counts()).toEqual([2, 2, 2]);
  });

  it('spreads a burst evenly though no member has reported meanwhile', async () => {
    await rig.loginAll(0, times(60));
    expect(rig.counts()).toEqual([20, 20, 20]);
  });

  it('never goes to a controller that does controller functions only, nor to one that drains', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    await rig.loginAll(0, times(10));
    expect(rig.counts()).toEqual([0, 5, 5]);
    rig.cluster.change('m1/0', { info: { isDraining: true } });
    await rig.loginAll(0, times(10));
    expect(rig.counts()).toEqual([0, 5, 15]);
  });

  it('carries user, group and policy of the ticket, not what the client calls itself at the member', async () => {
    await rig.directory.updateUser('LAN', 'bob', (bob) => ({
      ...bob,
      groupName: 'staff',
      policy: { ...defaultPolicy, MaxConnection: 3 },
    }));
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const client = await rig.members[0]!.connect().hello();
    const answer = await client.ask(client.loginPack({ hub: 'LAN', user: 'bob', maxConnection: 8 }), 60);
    const ticket = answer.data('Ticket');
    const at = answer.ip('Ip') === '10.0.0.2' ? 1 : 2;
    const there = await rig.members[at]!.connect().hello();
    const pack = loginPack({ hub: 'lan', user: 'mallory', maxConnection: 8 }).setInt('authtype', 99);
    const welcome = await there.ask(pack.setData('ticket', ticket));
    expect([welcome.str('session_name'), welcome.int('max_connection')]).toEqual(['SID-BOB-1', 3]);
    expect(rig.members[at]!.server.sessions()[0]?.info()).toMatchObject({ userName: 'bob', groupName: 'staff' });
  });

  it('passes over a member that does not answer, and tries it no more for a while', async () => {
    rig.mesh.hung.add('m1/0');
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const first = await rig.login(0, {}, 1_500);
    expect([first.at, first.answer.kind]).toEqual([2, 'welcome']);
    const before = rig.clock.nowMs();
    await rig.loginAll(0, times(5));
    expect(rig.clock.nowMs() - before).toBeLessThan(1_000);
    expect(rig.counts()).toEqual([0, 0, 6]);
  });

  it('is answered 49 where no member takes it', async () => {
    for (const id of ['m0/0', 'm1/0', 'm2/0'] as const) rig.cluster.change(id, { info: { isDraining: true } });
    expect(await rig.error(0)).toBe(ErrorCode.COULD_NOT_HOST_HUB_ON_FARM);
  });

  it('is answered 49 where those that look well do not answer', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    rig.mesh.hung.add('m1/0').add('m2/0');
    expect(await rig.error(0, {}, 2_500)).toBe(ErrorCode.COULD_NOT_HOST_HUB_ON_FARM);
  });
});

describe('limits of the whole cluster', () => {
  it('the hub’s sessions are counted over all members, in a race too: 16', async () => {
    await rig.directory.updateHub('LAN', (hub) => ({ ...hub, maxSessions: 7 }));
    const landed = await rig.loginAll(0, times(20));
    expect(landed.filter(({ answer }) => answer.kind === 'welcome')).toHaveLength(7);
    const codes = landed.flatMap(({ answer }) => (answer.kind === 'error' ? [answer.code] : []));
    expect(codes).toEqual(Array.from({ length: 13 }, () => ErrorCode.HUB_IS_BUSY));
    expect(rig.counts().reduce((sum, count) => sum + count)).toBe(7);
  });

  it('a place is free again as soon as a session has ended on its member', async () => {
    await rig.directory.updateHub('LAN', (hub) => ({ ...hub, maxSessions: 3 }));
    const clients = await rig.loginAll(0, times(3));
    expect(await rig.error(0)).toBe(ErrorCode.HUB_IS_BUSY);
    clients[1]!.client.stream.close();
    await rig.run(100);
    expect(await rig.error(0)).toBe(0);
    expect(await rig.error(0)).toBe(ErrorCode.HUB_IS_BUSY);
  });

  it('MultiLogins counts the user’s sessions on all members: 20; those of the same machine do not count', async () => {
    const policy = { ...defaultPolicy, MultiLogins: 2 };
    await rig.directory.updateUser('LAN', 'alice', (alice) => ({ ...alice, policy }));
    const machines = [1, 2, 3, 4].map((byte) => Buffer.alloc(20, byte));
    const landed = await rig.loginAll(
      0,
      machines.map((uniqueId) => ({ uniqueId })),
    );
    const welcomed = landed.flatMap(({ answer }, index) => (answer.kind === 'welcome' ? [index] : []));
    expect(welcomed).toHaveLength(2);
    expect(await rig.error(0, { uniqueId: machines[welcomed[0]!]! })).toBe(0);
    expect(await rig.error(0, { user: 'bob', uniqueId: machines[3]! })).toBe(0);
    expect(await rig.error(0, { uniqueId: Buffer.alloc(20, 9) })).toBe(ErrorCode.TOO_MANY_USER_SESSION);
  });

  it('a session that has lost its client makes room, on whichever member it waits', async () => {
    await rig.directory.updateHub('LAN', (hub) => ({ ...hub, maxSessions: 3 }));
    const clients = await rig.loginAll(0, times(3));
    clients[2]!.client.pair.cut();
    await rig.run(200);
    expect(rig.counts()).toEqual([1, 1, 1]);
    expect(await rig.error(0)).toBe(0);
    expect(rig.counts().reduce((sum, count) => sum + count)).toBe(3);
  });

  it('licences: 103 for a client, 104 for a bridge; an administrator needs none', async () => {
    await rig.close();
    const securePassword = userPasswordHash('boss', 'administrator').toString('hex');
    await start({ licences: { client: 2, bridge: 1 }, hubs: [{ ...STATIC, securePassword }] });
    await rig.directory.updateUser('LAN', 'bob', (bob) => ({ ...bob, policy: { ...defaultPolicy, NoBridge: false } }));
    await rig.loginAll(0, [{}, {}, { user: 'bob', bridge: true }]);
    expect(await rig.error(0)).toBe(ErrorCode.CLIENT_LICENSE_NOT_ENOUGH);
    expect(await rig.error(0, { user: 'bob', bridge: true })).toBe(ErrorCode.BRIDGE_LICENSE_NOT_ENOUGH);
    expect(await rig.error(0, { user: 'administrator', password: 'boss' })).toBe(0);
    expect(rig.members.map(({ sessions }) => sessions.load().clientLicences).reduce((a, b) => a + b)).toBe(2);
  });

  it('a ticket that nobody comes with gives its place back when it expires', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    await rig.directory.updateHub('LAN', (hub) => ({ ...hub, maxSessions: 1 }));
    const client = await rig.members[0]!.connect().hello();
    expect((await client.ask(client.loginPack({ hub: 'LAN' }), 60)).bool('Redirect')).toBe(true);
    expect(await rig.error(0)).toBe(ErrorCode.HUB_IS_BUSY);
    await rig.run(31_000);
    expect(await rig.error(0)).toBe(0);
  });

  it('a new controller counts the sessions and tickets that the old one gave out', async () => {
    await rig.close();
    await start({ members: 4, eligible: [0, 3] });
    await rig.directory.updateHub('LAN', (hub) => ({ ...hub, maxSessions: 5 }));
    for (const id of ['m0/0', 'm3/0'] as const) rig.cluster.change(id, { info: { isControllerOnly: true } });
    for (let count = 0; count < 3; count++) await rig.welcome(0);
    const client = await rig.members[0]!.connect().hello();
    expect((await client.ask(client.loginPack({ hub: 'LAN' }), 60)).bool('Redirect')).toBe(true);
    await rig.kill(0);
    rig.elect(3);
    await rig.run(50);
    const { welcome } = await rig.welcome(3);
    expect(welcome.sessionName, 'a new name').toBe('SID-ALICE-5');
    expect(await rig.error(3)).toBe(ErrorCode.HUB_IS_BUSY);
  });
});

describe('tickets', () => {
  const redirected = async (user = 'alice', hub = 'LAN') => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const client = await rig.members[0]!.connect().hello();
    const pack = await client.ask(client.loginPack({ hub, user }), 60);
    const at = Number(pack.ip('Ip')?.split('.')[3]) - 1;
    return { ticket: Buffer.from(pack.data('Ticket')), at };
  };
  const tryTicket = async (at: number, ticket: Buffer, hub = 'LAN'): Promise<number> => {
    const client = await rig.members[at]!.connect().hello();
    const pack = loginPack({ hub }).setInt('authtype', 99).setData('ticket', ticket);
    return (await client.ask(pack, 60)).int('error');
  };

  it('is good once: the second time 9', async () => {
    const { ticket, at } = await redirected();
    expect([await tryTicket(at, ticket), await tryTicket(at, ticket)]).toEqual([0, ErrorCode.AUTH_FAILED]);
  });

  it('is good at its member alone, and for its hub: 9', async () => {
    const { ticket, at } = await redirected();
    expect(await tryTicket(3 - at, ticket)).toBe(ErrorCode.AUTH_FAILED);
    expect(await tryTicket(0, ticket), 'the controller holds no tickets for others').toBe(ErrorCode.AUTH_FAILED);
    expect(await tryTicket(at, ticket, 'SHOP')).toBe(ErrorCode.AUTH_FAILED);
    expect(await tryTicket(at, ticket)).toBe(0);
  });

  it('is good for 30 s: 9', async () => {
    const { ticket, at } = await redirected();
    await rig.run(29_800);
    const other = await redirected('bob');
    await rig.run(300);
    expect(await tryTicket(at, ticket)).toBe(ErrorCode.AUTH_FAILED);
    expect(await tryTicket(other.at, other.ticket)).toBe(0);
  });

  it('nobody made: 9, whatever its length, and it bans nobody', async () => {
    for (const length of [0, 19, 20, 21, 400]) {
      expect(await tryTicket(1, Buffer.alloc(length, 7))).toBe(ErrorCode.AUTH_FAILED);
    }
    for (let count = 0; count < 60; count++) await tryTicket(1, Buffer.alloc(20, count));
    expect(rig.members[1]!.server.bans()).toEqual([]);
  });

  it('of a controller that was deposed is not taken by a member that knows the new one', async () => {
    await rig.close();
    await start({ members: 4, eligible: [0, 3] });
    const bus = rig.mesh.at('m0/0')!;
    const session = {
      hubName: 'LAN',
      userName: 'alice',
      realUserName: 'alice',
      groupName: '',
      isAdministrator: false,
      policy: defaultPolicy,
      credential: '',
      machine: '',
      licence: 'client',
      sessionName: 'SID-ALICE-1',
    };
    const ticket = Buffer.alloc(20, 1).toString('base64');
    const offer = (epoch: number) => bus.call('m1/0', 'softether/expect-ticket', { ticket, epoch, session });
    const old = rig.cluster.epoch;
    rig.elect(3);
    await rig.run(50);
    const stale = offer(old).catch((error: unknown) => error);
    await rig.run(10);
    expect(await stale).toMatchObject({ code: 'REFUSED', reason: 'STALE_CONTROLLER' });
  });

  it('and messages of another kind are refused, not thrown through the process', async () => {
    const bus = rig.mesh.at('m0/0')!;
    for (const body of [null, 3, [], {}, { ticket: 'x', epoch: -1, session: {} }, { ticket: 1 }]) {
      const answer = bus.call('m1/0', 'softether/expect-ticket', body).catch((error: unknown) => error);
      await rig.run(10);
      expect(await answer).toMatchObject({ code: 'REFUSED', reason: 'BAD_MESSAGE' });
    }
  });
});

describe('a client straight at a member', () => {
  it('a user is refused 12, before anything is said of hub or password', async () => {
    expect(await rig.error(1)).toBe(ErrorCode.ACCESS_DENIED);
    expect(await rig.error(1, { hub: 'NOWHERE' })).toBe(ErrorCode.ACCESS_DENIED);
    expect(await rig.error(1, { password: 'wrong' })).toBe(ErrorCode.ACCESS_DENIED);
  });

  describe('the hub’s administrator', () => {
    const secure = userPasswordHash('boss', 'administrator').toString('hex');
    const boss = { user: 'administrator', password: 'boss' };
    beforeEach(async () => {
      await rig.close();
      await start({
        hubs: [
          { ...STATIC, securePassword: secure },
          { ...DYNAMIC, securePassword: secure },
        ],
      });
    });

    it('is admitted to the static hub of that member, and refused with a wrong password', async () => {
      const { at, welcome } = await rig.welcome(2, boss);
      expect([at, rig.counts()]).toEqual([2, [0, 0, 1]]);
      expect(welcome.sessionName).toMatch(/^SID-ADMINISTRATOR-[0-9A-F]{6}$/);
      expect(await rig.error(1, { ...boss, password: 'nope' })).toBe(ErrorCode.AUTH_FAILED);
    });

    it('is served by the controller itself at a static hub, even where it does controller functions only', async () => {
      rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
      expect((await rig.welcome(0, boss)).at).toBe(0);
    });

    it('is sent to where a dynamic hub lives; straight there he is admitted, elsewhere 8', async () => {
      rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
      const { at } = await rig.welcome(0, { hub: 'SHOP' });
      expect((await rig.welcome(0, { ...boss, hub: 'SHOP' })).at).toBe(at);
      expect((await rig.welcome(at, { ...boss, hub: 'SHOP' })).at).toBe(at);
      expect(await rig.error(3 - at, { ...boss, hub: 'SHOP' })).toBe(ErrorCode.HUB_NOT_FOUND);
    });

    it('as administrator of the hub by RPC he is refused 52 at a member', async () => {
      const { Pack } = await import('#softether');
      const client = await rig.members[1]!.connect().hello();
      const pack = new Pack()
        .setStr('method', 'admin')
        .setStr('hubname', 'LAN')
        .setData('secure_password', securePassword(Buffer.from(secure, 'hex'), client.random));
      expect((await client.ask(pack)).int('error')).toBe(ErrorCode.NOT_ENOUGH_RIGHT);
    });

    it('a user who is called Administrator is a user', async () => {
      await rig.directory.createUser('LAN', { ...passwordUser('administrator'), auth: { kind: 'anonymous' } });
      expect(await rig.error(1, boss)).toBe(ErrorCode.ACCESS_DENIED);
    });
  });
});

describe('an eligible member that accepts log-ins', () => {
  beforeEach(async () => {
    await rig.close();
    await start({ members: 3, eligible: [0, 2] });
  });

  it('authenticates by itself and has the controller place the session, here or elsewhere', async () => {
    const landed = await rig.loginAll(2, times(9));
    expect(rig.counts()).toEqual([3, 3, 3]);
    const names = landed.map(({ answer }) => (answer.kind === 'welcome' ? answer.welcome.sessionName : ''));
    expect(new Set(names).size).toBe(9);
    expect(await rig.error(2, { password: 'wrong' })).toBe(ErrorCode.AUTH_FAILED);
  });

  it('waits for a new controller for 8 s; a log-in meanwhile only takes longer', async () => {
    await rig.kill(0);
    const client = await rig.members[2]!.connect().hello();
    client.sendPack(client.loginPack({ hub: 'LAN' }));
    await rig.run(3_000);
    expect(client.isClosed).toBe(false);
    rig.elect(2);
    await rig.run(500);
    const answer = await client.answerPack();
    expect(answer?.int('error')).toBe(0);
  });

  it('answers 48 when there is none by then', async () => {
    await rig.kill(0);
    expect(await rig.error(2, {}, 8_500)).toBe(ErrorCode.CONNECT_TO_FARM_CONTROLLER);
  });

  it('places sessions of static hubs without limits by itself while the engine is away', async () => {
    rig.elect(undefined);
    rig.engine.state = 'lost';
    await rig.loginAll(2, times(6));
    expect(rig.counts()).toEqual([2, 2, 2]);
    expect(await rig.error(2, { hub: 'SHOP' }, 8_500)).toBe(ErrorCode.CONNECT_TO_FARM_CONTROLLER);
    await rig.directory.updateHub('LAN', (hub) => ({ ...hub, maxSessions: 100 }));
    expect(await rig.error(2, {}, 8_500)).toBe(ErrorCode.CONNECT_TO_FARM_CONTROLLER);
  });

  it('takes sessions of static hubs without limits itself when it was started while the engine is away', async () => {
    rig.elect(undefined);
    rig.engine.state = 'lost';
    for (const { self } of rig.members) rig.cluster.leave(self.member);
    await rig.loginAll(2, times(2));
    expect(rig.counts()).toEqual([0, 0, 2]);
    expect(await rig.error(2, { hub: 'SHOP' }, 8_500)).toBe(ErrorCode.CONNECT_TO_FARM_CONTROLLER);
    rig.engine.state = 'ok';
    expect(await rig.error(2, {}, 8_500)).toBe(ErrorCode.CONNECT_TO_FARM_CONTROLLER);
  });

  it('is the only kind of member whose word the controller takes for a user', async () => {
    const answer = rig.mesh
      .at('m1/0')!
      .call('m0/0', 'softether/place', {})
      .catch((error: unknown) => error);
    await rig.run(10);
    expect(await answer).toMatchObject({ code: 'REFUSED', reason: 'NOT_ELIGIBLE' });
  });
});

describe('hubs that are stand-alone in the store', () => {
  it('are dynamic in a cluster, and back as they were outside', async () => {
    await rig.close();
    await start({ hubs: [hubRecord('LAN', { kind: 'standalone' })] });
    expect(rig.members.map((member) => member.hub('LAN'))).toEqual([undefined, undefined, undefined]);
    const { at } = await rig.welcome(0);
    expect(rig.members.map((member) => member.hub('LAN') !== undefined).indexOf(true)).toBe(at);
    expect(rig.directory.hub('LAN')?.kind).toBe('standalone');
  });
});
