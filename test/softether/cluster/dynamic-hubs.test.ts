import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '#softether';
import { everybody, frame, mac } from '../../hub/hub-fixture.ts';
import type { LoginFields } from '../server/test-client.ts';
import { ClusterRig, type ClusterRigOptions } from './cluster-rig.ts';

const SHOP = { hub: 'SHOP' };
const times = (count: number): LoginFields[] => Array.from({ length: count }, () => SHOP);

let rig: ClusterRig;
const start = async (options?: ClusterRigOptions): Promise<void> => void (rig = await ClusterRig.start(options));
beforeEach(() => start());
afterEach(() => rig.close());

const instances = (): number[] =>
  rig.members.flatMap((member, index) => (member.hub('SHOP') === undefined ? [] : [index]));

describe('a dynamic hub', () => {
  it('lives nowhere until somebody comes, then on one member, where all go', async () => {
    expect(instances()).toEqual([]);
    const first = await rig.welcome(0, SHOP);
    for (let count = 0; count < 4; count++) expect((await rig.welcome(0, SHOP)).at).toBe(first.at);
    expect(instances()).toEqual([first.at]);
  });

  it('is made once however many first log-ins race', async () => {
    const landed = await rig.loginAll(0, times(200), 1_000);
    expect(landed.filter(({ answer }) => answer.kind === 'welcome')).toHaveLength(200);
    expect([rig.objects.made.get('SHOP'), instances()]).toEqual([1, [landed[0]!.at]]);
    expect(new Set(landed.map(({ at }) => at)).size).toBe(1);
  });

  it('ends 2 s after its last session, and may then be made elsewhere', async () => {
    const first = await rig.welcome(0, SHOP);
    const second = await rig.welcome(0, SHOP);
    first.client.stream.close();
    await rig.run(3_000);
    expect(instances(), 'one is still there').toEqual([first.at]);
    second.client.stream.close();
    await rig.run(1_900);
    expect(instances()).toEqual([first.at]);
    await rig.run(200);
    expect([instances(), rig.objects.find('SHOP')]).toEqual([[], undefined]);
    await rig.welcome(0, SHOP);
    expect([instances().length, rig.objects.made.get('SHOP')]).toEqual([1, 2]);
  });

  it('stays for a client that comes back within the 2 s', async () => {
    const first = await rig.welcome(0, SHOP);
    first.client.stream.close();
    await rig.run(1_500);
    const again = await rig.welcome(0, SHOP);
    await rig.run(5_000);
    expect([again.at, instances(), rig.objects.made.get('SHOP')]).toEqual([first.at, [first.at], 1]);
  });

  it('stays while somebody has a ticket for it, and goes when nobody came with it', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const client = await rig.members[0]!.connect().hello();
    await client.ask(client.loginPack(SHOP), 60);
    await rig.run(25_000);
    expect(rig.objects.find('SHOP')).toBeDefined();
    await rig.run(8_000);
    expect(rig.objects.find('SHOP')).toBeUndefined();
  });

  it('is given back again and again until a controller hears it', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const { client } = await rig.welcome(0, SHOP);
    rig.elect(undefined);
    client.stream.close();
    await rig.run(10_000);
    expect([instances(), rig.objects.find('SHOP') === undefined], 'its memory is free meanwhile').toEqual([[], false]);
    rig.elect(0);
    await rig.run(1_000);
    expect(rig.objects.find('SHOP')).toBeUndefined();
  });

  it('is made elsewhere when its member dies; its sessions come back there', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const { at } = await rig.welcome(0, SHOP);
    await rig.kill(at);
    expect((await rig.welcome(0, SHOP)).at).toBe(3 - at);
    expect(rig.objects.made.get('SHOP')).toBe(2);
  });

  it('whose member hangs before anybody was sent there is placed anew', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    rig.mesh.hung.add('m1/0').add('m2/0');
    const client = await rig.members[0]!.connect().hello();
    client.sendPack(client.loginPack(SHOP));
    await rig.run(1_300);
    const hanging = rig.objects.find('SHOP')!.member;
    rig.mesh.hung.delete(hanging === 'm1/0' ? 'm2/0' : 'm1/0');
    rig.cluster.change(hanging, { state: 'suspect' });
    await rig.run(1_500);
    expect((await client.answerPack())?.bool('Redirect')).toBe(true);
    expect(rig.objects.find('SHOP')!.member).not.toBe(hanging);
  });

  it('whose member hangs with sessions stays there: 49 until that member is dead', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const { at } = await rig.welcome(0, SHOP);
    rig.mesh.hung.add(`m${at}/0`);
    rig.cluster.change(`m${at}/0`, { state: 'suspect' });
    expect(await rig.error(0, SHOP, 8_500)).toBe(ErrorCode.COULD_NOT_HOST_HUB_ON_FARM);
    expect(rig.objects.made.get('SHOP')).toBe(1);
    rig.cluster.leave(`m${at}/0`);
    expect((await rig.welcome(0, SHOP)).at).toBe(3 - at);
  });

  it('of a suspended member that was taken for dead ends there as soon as it sees the new placement', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const { at } = await rig.welcome(0, SHOP);
    const zombie = rig.members[at]!;
    zombie.objects.suspend();
    rig.mesh.hung.add(zombie.self.member);
    const info = zombie.info;
    rig.cluster.leave(zombie.self.member);
    const again = await rig.welcome(0, SHOP);
    expect(again.at).toBe(3 - at);
    expect(zombie.server.sessionCount).toBe(1);
    rig.mesh.hung.delete(zombie.self.member);
    rig.cluster.join(info);
    zombie.objects.resume();
    await rig.run(10);
    expect([zombie.server.sessionCount, zombie.hub('SHOP'), instances()]).toEqual([0, undefined, [again.at]]);
  });

  it('of a member that has lost its lease waits: no frame moves and nobody gets in, until it has one again', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const one = await rig.welcome(0, SHOP);
    const two = await rig.welcome(0, SHOP);
    const member = rig.members[one.at]!;
    const say = async (text: string): Promise<string[]> => {
      two.client.takeFrames();
      one.client.sendFrames(frame(everybody, mac(1), text));
      await rig.run(50);
      return two.client.takeFrames();
    };
    expect(await say('before')).toHaveLength(1);
    member.objects.setServing(false);
    expect(await say('meanwhile')).toEqual([]);
    expect(await rig.error(0, SHOP, 2_500), 'after the two seconds that it waits').toBe(ErrorCode.HUB_STOPPING);
    expect(member.server.sessionCount).toBe(2);
    member.objects.setServing(true);
    expect(await say('after')).toHaveLength(1);
  });

  it('of a member that was held up moves no frame from the first burst on, before any timer has told of the lost lease', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const one = await rig.welcome(0, SHOP);
    const two = await rig.welcome(0, SHOP);
    const member = rig.members[one.at]!;
    const say = async (text: string): Promise<string[]> => {
      two.client.takeFrames();
      one.client.sendFrames(frame(everybody, mac(1), text));
      await rig.run(50);
      return two.client.takeFrames();
    };
    expect(await say('before')).toHaveLength(1);
    // Nobody is told: its deadline has passed while it was stopped.
    member.objects.isServing = false;
    expect(await say('the first thing that it finds')).toEqual([]);
    expect(member.hub('SHOP')!.isSuspended, 'no timer has run').toBe(false);
    member.objects.isServing = true;
    expect(await say('it was in time after all')).toHaveLength(1);
  });

  it('goes with its sessions when it is set offline, and can become static then, not before', async () => {
    const { at, client } = await rig.welcome(0, SHOP);
    const become = (): Promise<unknown> => rig.directory.updateHub('SHOP', (hub) => ({ ...hub, kind: 'static' }));
    await expect(become()).rejects.toMatchObject({ code: 'HUB_ONLINE' });
    await rig.directory.updateHub('SHOP', (hub) => ({ ...hub, isOnline: false }));
    await rig.run(50);
    expect([client.isClosed, rig.members[at]!.hub('SHOP')]).toEqual([true, undefined]);
    expect(await rig.error(0, SHOP)).toBe(ErrorCode.HUB_STOPPING);
    await become();
    await rig.run(3_000);
    await rig.directory.updateHub('SHOP', (hub) => ({ ...hub, isOnline: true }));
    await rig.run(50);
    expect(instances()).toEqual([0, 1, 2]);
  });

  it('that is deleted leaves nothing behind', async () => {
    await rig.welcome(0, SHOP);
    await rig.directory.deleteHub('SHOP');
    await rig.run(3_000);
    expect([instances(), rig.objects.find('SHOP'), rig.counts()]).toEqual([[], undefined, [0, 0, 0]]);
    expect(await rig.error(0, SHOP)).toBe(ErrorCode.HUB_NOT_FOUND);
  });
});

describe('what a member reports', () => {
  it('counts sessions, placements and hub instances', async () => {
    rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
    const { at, client } = await rig.welcome(0, SHOP);
    const load = rig.members[at]!.sessions.load();
    expect(load).toEqual({ sessions: 1, clientLicences: 1, bridgeLicences: 0, hubInstances: 2, ticketsTaken: 1 });
    client.stream.close();
    await rig.run(3_000);
    expect(rig.members[at]!.sessions.load()).toMatchObject({ sessions: 0, hubInstances: 1, ticketsTaken: 1 });
  });
});
