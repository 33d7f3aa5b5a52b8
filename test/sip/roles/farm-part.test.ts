import { describe, expect, test } from 'vitest';
import { FarmWorld } from './farm-world.ts';

const three = async (): Promise<FarmWorld> => {
  const world = await FarmWorld.open();
  await world.join('alpha/0', 'backend');
  await world.join('beta/0', 'frontend');
  await world.join('gamma/0', 'frontend');
  await world.settle();
  return world;
};
const of = (world: FarmWorld, id: 'alpha/0' | 'beta/0' | 'gamma/0') => world.members.get(id)!;
const warnings = (world: FarmWorld, id: 'alpha/0' | 'beta/0' | 'gamma/0'): string[] =>
  of(world, id)
    .part.status()
    .members[0]!.warnings.map(({ code }) => code);

describe('the farm', () => {
  test('is the frontends; a backend relays', async () => {
    const world = await three();
    for (const { names } of world.members.values()) expect(names).toEqual(['beta', 'gamma']);
    expect(of(world, 'alpha/0').part.farm?.self).toMatchObject({ mode: 'relay', isInFarm: false });
    expect(
      of(world, 'beta/0')
        .part.farm?.members()
        .map(({ relayHost, boot }) => [relayHost, boot]),
    ).toEqual([
      ['192.0.2.1', 1],
      ['192.0.2.2', 2],
      ['192.0.2.3', 3],
    ]);
  });

  test('is without a member whose link has broken, at once and with one call', async () => {
    const world = await three();
    const beta = of(world, 'beta/0');
    let calls = 0;
    beta.part.farm?.onChange(() => calls++);
    of(world, 'gamma/0').die();
    expect(beta.names).toEqual(['beta']);
    expect(calls).toBe(1);
    world.changed();
    expect(calls).toBe(1);
    const gone = beta.part.status().members.find(({ name }) => name === 'gamma');
    expect(gone).toMatchObject({ isReachable: false, problem: 'the connection was reset', isInFarm: false });
  });

  test('does not believe the record of an earlier boot', async () => {
    const world = await three();
    const old = of(world, 'gamma/0');
    old.part.stop();
    world.members.delete('gamma/0');
    world.changed();
    expect(of(world, 'beta/0').names).toEqual(['beta']);
    await world.join('gamma/0', 'frontend', { boot: 'abcdef01ff' });
    expect(of(world, 'beta/0').names).toEqual(['beta', 'gamma']);
    expect(of(world, 'beta/0').part.farm?.members().at(-1)?.boot).toBe(0xabcdef01);
  });

  test('is left by a member that drains, that is not ready, or that stops', async () => {
    const world = await three();
    const [beta, gamma] = [of(world, 'beta/0'), of(world, 'gamma/0')];
    gamma.isDraining = true;
    world.changed();
    expect(beta.names).toEqual(['beta']);
    expect(gamma.part.notReady()).toBe('draining');
    gamma.isDraining = false;
    gamma.isListening = false;
    await world.clock.advance(5_000);
    await world.settle();
    expect(beta.names).toEqual(['beta']);
    expect(gamma.part.notReady()).toContain('another program uses this UDP port');
    gamma.isListening = true;
    await world.clock.advance(5_000);
    await world.settle();
    expect(beta.names).toEqual(['beta', 'gamma']);
    await gamma.part.leave('it is being stopped');
    await world.settle();
    expect(beta.names).toEqual(['beta']);
  });
});

describe('what a member is set to be', () => {
  test('counts while it is down: the backend goes on relaying', async () => {
    const world = await three();
    of(world, 'beta/0').die();
    of(world, 'gamma/0').die();
    await world.clock.advance(5_000);
    expect(of(world, 'alpha/0').part.resolved.farm).toBe('relay');
  });

  test('counts no more when its server has been removed: then the cluster has no frontend', async () => {
    const world = await three();
    world.gone.add('beta').add('gamma');
    await world.clock.advance(5_000);
    await world.settle();
    expect(of(world, 'alpha/0').part.resolved).toMatchObject({ farm: 'member', signals: 'locally-for-others' });
    expect(warnings(world, 'alpha/0')).toEqual(['symmetric']);
  });

  test('is set at run time, over what its file says, and taken back', async () => {
    const world = await FarmWorld.open();
    const beta = await world.join('beta/0', 'frontend', { file: { farm: 'disabled', wanAddress: undefined } });
    const alpha = await world.join('alpha/0', 'backend');
    await world.settle();
    expect([beta.part.resolved.farm, alpha.part.resolved.farm]).toEqual(['disabled', 'disabled']);
    await alpha.part.setServer('beta', { farm: 'member' });
    await world.settle();
    expect([beta.part.resolved.farm, alpha.part.resolved.farm]).toEqual(['member', 'relay']);
    expect(beta.part.status().sources.farm).toBe('server');
    await beta.part.setServer('', { farm: null });
    await world.settle();
    expect([beta.part.resolved.farm, beta.part.status().sources.farm]).toEqual(['disabled', 'file']);
    expect(await world.backplane.get('cfg/sip/member/beta')).toBeUndefined();
  });

  test('threads that a server no longer has are forgotten', async () => {
    const world = await FarmWorld.open();
    const first = await world.join('alpha/0', 'backend', { count: 2 });
    await world.join('alpha/1', 'backend', { count: 2 });
    expect(first.part.status().members.map(({ name }) => name)).toEqual(['alpha', 'alpha/1']);
    for (const { part } of world.members.values()) part.stop();
    world.members.clear();
    const again = await world.join('alpha/0', 'backend', { count: 1 });
    expect(again.part.status().members.map(({ name }) => name)).toEqual(['alpha']);
    await world.settle();
    expect(await world.backplane.get('member/alpha/1/sip')).toBeUndefined();
  });
});

describe('addresses', () => {
  test('are set for the cluster, and differently for one server; its transport shows them', async () => {
    const world = await three();
    const [beta, gamma] = [of(world, 'beta/0'), of(world, 'gamma/0')];
    await beta.part.setCluster({ wanAddress: '203.0.113.1', lanNetworks: ['10.0.0.0/8'] });
    await beta.part.setServer('gamma', { wanAddress: '203.0.113.3' });
    await world.settle();
    expect(beta.face).toMatchObject({ wanAddress: '203.0.113.1', memberAddresses: ['192.0.2.1', '192.0.2.3'] });
    expect(gamma.face).toMatchObject({ wanAddress: '203.0.113.3', lanNetworks: ['10.0.0.0/8'] });
  });

  test('virtual ones must be on the machine for direct server return; the problem names the command', async () => {
    const world = await three();
    const [beta, gamma] = [of(world, 'beta/0'), of(world, 'gamma/0')];
    await beta.part.setCluster({ virtualAddresses: ['198.51.100.1'], balancer: 'dsr' });
    await world.settle();
    expect(beta.names).toEqual([]);
    expect(beta.part.notReady()).toContain('ip addr add 198.51.100.1/32 dev lo');
    beta.gets('198.51.100.1');
    await world.settle();
    expect(gamma.names).toEqual(['beta']);
    expect(gamma.part.status().members.find(({ name }) => name === 'beta')?.boundAddresses).toEqual(['198.51.100.1']);
    expect(beta.part.notReady()).toBeUndefined();
  });

  test('are not on the machine where the balancer changes them', async () => {
    const world = await three();
    const beta = of(world, 'beta/0');
    await beta.part.setCluster({ balancer: 'nat' });
    expect(warnings(world, 'beta/0')).toEqual(['nat-without-address']);
    await beta.part.setCluster({ virtualAddresses: ['198.51.100.1'] });
    expect(warnings(world, 'beta/0')).toEqual([]);
    expect(beta.part.notReady()).toBeUndefined();
  });

  test.each([
    ['10.0.0.5', ['198.51.100.1'], '', ['nat-without-wan']],
    ['10.0.0.5', ['198.51.100.1'], '198.51.100.1', []],
    ['203.0.113.5', ['198.51.100.1'], '', []],
    ['10.0.0.5', ['10.0.0.100'], '', []],
    ['fd00::5', ['2001:db8:1::1'], '', ['nat-without-wan']],
    ['', ['198.51.100.1'], '', []],
  ])(
    'behind a balancer that changes them: a server that has %s, virtual addresses %j and WAN address "%s" warns of %j',
    async (ownAddress, virtualAddresses, wanAddress, expected) => {
      const world = await three();
      const beta = of(world, 'beta/0');
      beta.ownAddress = ownAddress;
      await beta.part.setCluster({ balancer: 'nat', virtualAddresses, wanAddress });
      expect(warnings(world, 'beta/0')).toEqual(expected);
      await beta.part.setCluster({ balancer: 'dsr' });
      expect(warnings(world, 'beta/0')).toEqual([]);
    },
  );
});
