import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '#softether';
import type { LoginFields } from '../server/test-client.ts';
import { ClusterRig, type ClusterRigOptions } from './cluster-rig.ts';

const times = (count: number, fields: LoginFields = {}): LoginFields[] => Array.from({ length: count }, () => fields);

let rig: ClusterRig;
const start = async (options?: ClusterRigOptions): Promise<void> => void (rig = await ClusterRig.start(options));
beforeEach(() => start());
afterEach(() => rig.close());

describe('a member that is drained', () => {
  const drain = (index: number, isDraining = true): void => rig.cluster.change(`m${index}/0`, { info: { isDraining } });
  const slowly = { drainDelayMs: 0, drainSessionsPerSecond: 10 };

  it('sends its sessions away in order, so many per second, and says how far it is', async () => {
    await rig.close();
    await start({ limits: slowly });
    await rig.loginAll(0, times(60));
    const { server, sessions } = rig.members[1]!;
    expect([server.sessionCount, sessions.drainProgress()]).toEqual([20, undefined]);
    drain(1);
    await rig.run(1_000);
    expect(server.sessionCount).toBe(9);
    expect(sessions.drainProgress()).toEqual({ total: 20, sentAway: 11, left: 9 });
    await rig.run(1_200);
    expect(sessions.drainProgress()).toEqual({ total: 20, sentAway: 20, left: 0 });
  });

  it('begins when the others know it, and ends when it is not draining any more', async () => {
    await rig.loginAll(0, times(60));
    const { server, sessions } = rig.members[1]!;
    drain(1);
    await rig.run(1_400);
    expect(server.sessionCount).toBe(20);
    await rig.run(300);
    const left = server.sessionCount;
    expect(left).toBeLessThan(20);
    drain(1, false);
    await rig.run(3_000);
    expect([server.sessionCount, sessions.drainProgress()]).toEqual([left, undefined]);
    drain(1);
    await rig.run(3_000);
    expect(server.sessionCount).toBe(0);
  });

  it('closes with close_notify, and answers 13 to a client that wants its session back', async () => {
    drain(0);
    drain(2);
    const { client, welcome } = await rig.welcome(0);
    drain(2, false);
    drain(1);
    await rig.run(2_000);
    expect(client.ending).toEqual({ clean: true, error: undefined });
    const back = rig.members[1]!.connect();
    expect(await back.additional(welcome.sessionKey)).toBe(-ErrorCode.SESSION_TIMEOUT);
    expect((await rig.welcome(0)).at).toBe(2);
  });

  it('sends a dynamic hub away as a whole, and whoever comes back has it made elsewhere at once', async () => {
    await rig.close();
    await start({ limits: slowly });
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const landed = await rig.loginAll(0, times(30, { hub: 'SHOP' }));
    const { at } = landed[0]!;
    drain(at);
    await rig.run(200);
    expect(landed.every(({ client }) => client.ending?.clean)).toBe(true);
    expect((await rig.welcome(0, { hub: 'SHOP' })).at).toBe(3 - at);
  });

  it('lets nobody wait for a dynamic hub until its turn: who wants to go there moves it', async () => {
    await rig.close();
    await start({ limits: { drainDelayMs: 0, drainSessionsPerSecond: 1 } });
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    await rig.loginAll(0, times(100));
    const { at } = await rig.welcome(0, { hub: 'SHOP' });
    drain(at);
    await rig.run(1_500);
    expect(rig.members[at]!.hub('SHOP'), 'it is not its turn yet').toBeDefined();
    const landed = await rig.login(0, { hub: 'SHOP', user: 'bob' }, 2_000);
    expect([landed.at, landed.answer.kind]).toEqual([3 - at, 'welcome']);
    expect(rig.members[at]!.server.sessionCount).toBeGreaterThan(40);
  });
});

describe('a member that was restarted', () => {
  const restart = async (index: number) => {
    const old = rig.members[index]!;
    await old.journal?.write();
    await rig.kill(index);
    const member = await rig.join(index);
    await rig.run(600);
    return member;
  };
  beforeEach(async () => {
    await rig.close();
    await start({ hasJournal: true });
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
  });

  it('takes up its sessions of static hubs, which count for the limits again', async () => {
    await rig.directory.updateHub('LAN', (hub) => ({ ...hub, maxSessions: 1 }));
    const { at, welcome } = await rig.welcome(0);
    const member = await restart(at);
    const back = member.connect();
    expect(await back.additional(welcome.sessionKey)).toBe(0);
    expect(member.server.sessions().map(({ name }) => name)).toEqual(['SID-ALICE-1']);
    await rig.run(50);
    expect(await rig.error(0)).toBe(ErrorCode.HUB_IS_BUSY);
  });

  it('does not take one up whose place somebody else has now: 13', async () => {
    await rig.directory.updateHub('LAN', (hub) => ({ ...hub, maxSessions: 1 }));
    const { at, welcome } = await rig.welcome(0);
    const member = await restart(at);
    await rig.welcome(0, { user: 'bob' });
    const back = member.connect();
    expect(await back.additional(welcome.sessionKey)).toBe(-ErrorCode.SESSION_TIMEOUT);
  });

  it('takes up those of a dynamic hub only if the hub is its own again', async () => {
    const { at, welcome } = await rig.welcome(0, { hub: 'SHOP' });
    const member = await restart(at);
    rig.cluster.change(`m${3 - at}/0`, { state: 'suspect' });
    const back = member.connect();
    expect(await back.additional(welcome.sessionKey)).toBe(0);
    expect(rig.objects.find('SHOP')?.boot).toBe(member.self.boot);
  });

  it('answers 13 to those of a dynamic hub that lives elsewhere now', async () => {
    const { at, welcome } = await rig.welcome(0, { hub: 'SHOP' });
    const member = await restart(at);
    rig.cluster.change(`m${at}/0`, { state: 'suspect' });
    expect((await rig.welcome(0, { hub: 'SHOP' })).at).toBe(3 - at);
    rig.cluster.change(`m${at}/0`, { state: 'online' });
    const back = member.connect();
    expect(await back.additional(welcome.sessionKey)).toBe(-ErrorCode.SESSION_TIMEOUT);
  });

  it('takes up static ones, and no others, while there is no controller', async () => {
    const { at, welcome } = await rig.welcome(0);
    const shop = await rig.welcome(0, { hub: 'SHOP' });
    const member = await restart(at);
    rig.elect(undefined);
    const back = await member.connect().hello();
    const client = { name: 'Test Client', version: 501, build: 9674 };
    const { encodeAdditionalConnect } = await import('../../../src/softether/codec/additional-connect.ts');
    const answer = await back.ask(encodeAdditionalConnect({ sessionKey: welcome.sessionKey, client }), 2_500);
    expect(answer.int('error')).toBe(0);
    if (shop.at !== at) return;
    const other = await member.connect().hello();
    const refusal = await other.ask(encodeAdditionalConnect({ sessionKey: shop.welcome.sessionKey, client }), 2_500);
    expect(refusal.int('error')).toBe(ErrorCode.SESSION_TIMEOUT);
  });
});
