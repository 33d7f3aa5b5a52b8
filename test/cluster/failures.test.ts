import { describe, expect, onTestFinished, test } from 'vitest';
import type { MemberBoot } from '#cluster';
import { SimulatedCluster, type Machine } from './simulated/simulated-cluster.ts';
import type { SimulatedMember } from './simulated/simulated-member.ts';

interface World {
  readonly cluster: SimulatedCluster;
  readonly machines: readonly Machine[];
  pass(ms: number): Promise<void>;
  /** Logs in at `door` and stays; undefined = there was nowhere to go within five seconds. */
  enter(door: Machine, hub: string): Promise<MemberBoot | undefined>;
  hosts(hub: string): SimulatedMember[];
}

const eligible = 2;

async function world(count = 4): Promise<World> {
  const nothing = (): void => undefined;
  const observer = { placed: nothing, accepted: nothing, wrote: nothing };
  const calm = { lostPerMille: 0, doubledPerMille: 0 };
  const settings = Array.from({ length: count }, (_, at) => ({
    name: `m${at}`,
    weight: 100,
    isEligible: at < eligible,
  }));
  const cluster = new SimulatedCluster(1, settings, observer, calm);
  onTestFinished(() => cluster.close());
  for (const machine of cluster.machines) cluster.boot(machine);
  // The quarantine after the start is over, too.
  await cluster.clock.run(15_000);
  const hosts = (hub: string): SimulatedMember[] => cluster.running().filter((member) => member.accepts(hub));
  const enter = async (door: Machine, hub: string): Promise<MemberBoot | undefined> => {
    const offer = await door.member!.login(hub);
    if (offer === undefined) return undefined;
    const { member } = cluster.machineAt(offer.address);
    return (await member!.enter(offer.ticket, hub)) === undefined ? undefined : member!.self;
  };
  return { cluster, machines: cluster.machines, pass: (ms) => cluster.clock.run(ms), enter, hosts };
}

/** Time passes until it is settled. */
async function settled<T>({ pass }: World, promise: Promise<T>): Promise<T> {
  const state = { isSettled: false };
  const settle = (): void => void (state.isSettled = true);
  promise.then(settle, settle);
  for (let steps = 0; !state.isSettled && steps < 2_000; steps++) await pass(10);
  return promise;
}

const controller = ({ machines }: World): Machine => machines.find(({ member }) => member?.isController === true)!;
const standby = (of: World): Machine => of.machines.find((one) => one.isEligible && one !== controller(of))!;

/** The first member that is not eligible and has the hub. */
async function hostApart(of: World, hub: string): Promise<Machine> {
  const host = await settled(of, of.enter(controller(of), hub));
  const machine = of.cluster.machineOf(host!);
  expect(of.hosts(hub)).toEqual([machine.member]);
  return machine;
}

describe('dynamic hubs', () => {
  test('200 first log-ins at once make one instance (V5)', async () => {
    const here = await world();
    const all = await settled(here, Promise.all(Array.from({ length: 200 }, () => here.enter(controller(here), 'D1'))));
    expect(new Set(all.map((boot) => boot?.boot)).size).toBe(1);
    expect(here.hosts('D1')).toHaveLength(1);
  });

  test.each([0, 1, 2, 3, 5, 8, 13])(
    '200 first log-ins at once with the controller killed %i ms later make one instance',
    async (afterMs) => {
      const here = await world();
      const old = controller(here);
      const door = standby(here);
      const all = Array.from({ length: 200 }, (_, at) => here.enter(at % 2 === 0 ? door : old, 'D1'));
      await here.pass(afterMs);
      here.cluster.kill(old);
      const halves = all.filter((_, at) => at % 2 === 0);
      const boots = await settled(here, Promise.all(halves));
      expect(new Set(boots.filter((boot) => boot !== undefined).map(({ boot }) => boot)).size).toBe(1);
      expect(here.hosts('D1')).toHaveLength(1);
    },
  );

  test.each([0, 1, 2, 3, 4, 5, 6, 8, 10])(
    'a controller that hangs %i ms after a first log-in, and goes on when another one leads, makes no second instance',
    async (afterMs) => {
      const here = await world();
      const { engine } = here.cluster;
      const old = controller(here);
      const door = standby(here);
      void here.enter(old, 'D1');
      await here.pass(afterMs);
      here.cluster.stop(old);
      await here.pass(7_000);
      const placed = await settled(here, here.enter(door, 'D1'));
      const record = engine.ask({ kind: 'get', key: 'hubinst/D1' });
      here.cluster.resume(old);
      for (let look = 0; look < 300; look++) {
        await here.pass(10);
        expect(here.hosts('D1').map(({ self }) => self)).toEqual([placed]);
      }
      expect(engine.ask({ kind: 'get', key: 'hubinst/D1' })).toMatchObject({
        entries: record.kind === 'entries' ? record.entries : [],
      });
    },
  );

  test('an instance is gone two seconds after its last session, and its record with it', async () => {
    const here = await world();
    const host = await hostApart(here, 'D1');
    const { engine, clock } = here.cluster;
    host.member!.leaveHub('D1');
    const leftAtMs = clock.nowMs();
    const isPlaced = (): boolean => engine.ask({ kind: 'get', key: 'hubinst/D1' }).kind === 'entries' && record() > 0;
    const record = (): number => {
      const reply = engine.ask({ kind: 'get', key: 'hubinst/D1' });
      return reply.kind === 'entries' ? reply.entries.length : 0;
    };
    while (isPlaced() && clock.nowMs() - leftAtMs < 10_000) await here.pass(50);
    expect(clock.nowMs() - leftAtMs).toBeGreaterThanOrEqual(2_000);
    expect(clock.nowMs() - leftAtMs).toBeLessThan(2_300);
  });

  test('the hub of a member whose process has ended is placed anew within two seconds (V7)', async () => {
    const here = await world();
    const host = await hostApart(here, 'D1');
    if (host === controller(here)) return;
    here.cluster.kill(host);
    await here.pass(2_000);
    const next = await settled(here, here.enter(controller(here), 'D1'));
    expect(next?.member).not.toBe(`${host.name}/0`);
  });

  test('a member that hangs loses its hub; what it still has of it ends when it goes on', async () => {
    const here = await world();
    await here.pass(100);
    const host = await hostApart(here, 'D1');
    const door = host === controller(here) ? standby(here) : controller(here);
    here.cluster.stop(host);
    await here.pass(4_100);
    const next = await settled(here, here.enter(door, 'D1'));
    expect(next).toBeDefined();
    expect(next?.member).not.toBe(`${host.name}/0`);
    here.cluster.resume(host);
    for (let look = 0; look < 100; look++) {
      expect(here.hosts('D1')).toHaveLength(1);
      await here.pass(20);
    }
  });

  test.each([true, false])(
    'the hub of a member that is cut off is placed anew within five seconds, although the engine’s leader was there and gives its lease more time (controller: %s)',
    async (isController) => {
      const here = await world();
      const old = controller(here);
      const door = standby(here);
      const hub = ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'D7', 'D8'];
      let host: Machine | undefined;
      let name = '';
      for (const one of hub) {
        const boot = await settled(here, here.enter(old, one));
        host = here.cluster.machineOf(boot!);
        name = one;
        if ((host === old) === isController && host !== door) break;
      }
      expect(host === old).toBe(isController);
      here.cluster.cutFromEngine(host!, true);
      for (const other of here.machines) here.cluster.cutLine(host!, other, true);
      await here.pass(2_000);
      here.cluster.engine.changeLeader();
      await here.pass(2_000);
      const next = await settled(here, here.enter(isController ? door : old, name));
      expect(next?.member).not.toBe(`${host!.name}/0`);
      expect(next).toBeDefined();
      expect(here.hosts(name)).toHaveLength(1);
      here.cluster.cutFromEngine(host!, false);
      for (const other of here.machines) here.cluster.cutLine(host!, other, false);
      for (let look = 0; look < 300; look++) {
        await here.pass(20);
        expect(here.hosts(name).map(({ self }) => self)).toEqual([next]);
      }
    },
  );

  test('the hub of a member that tells a cut off controller of its end is there again as soon as another one leads', async () => {
    const here = await world();
    const host = await hostApart(here, 'D1');
    const old = controller(here);
    const door = standby(here);
    host.member!.leaveHub('D1');
    here.cluster.cutFromEngine(old, true);
    for (const other of here.machines) here.cluster.cutLine(old, other, true);
    await here.pass(4_400);
    expect(door.member!.isController).toBe(true);
    const placed: { boot?: MemberBoot | undefined } = {};
    void here.enter(door, 'D1').then((boot) => (placed.boot = boot));
    await here.pass(200);
    expect(placed.boot).toBeDefined();
  });

  test('a member that alone loses the engine stops serving its hub before anybody can have it', async () => {
    const here = await world();
    const host = await hostApart(here, 'D1');
    here.cluster.cutFromEngine(host, true);
    await here.pass(3_700);
    expect(here.hosts('D1')).toEqual([]);
    here.cluster.cutFromEngine(host, false);
    await here.pass(5_000);
    expect(await settled(here, here.enter(controller(here), 'D1'))).toBeDefined();
    expect(here.hosts('D1')).toHaveLength(1);
  });

  test('when the engine is lost for everybody, every hub goes on, and nothing is declared dead afterwards', async () => {
    const here = await world();
    const host = await hostApart(here, 'D1');
    here.cluster.engine.goDown();
    for (let look = 0; look < 600; look++) {
      await here.pass(50);
      expect(here.hosts('D1')).toEqual([host.member]);
    }
    here.cluster.engine.comeBack();
    for (let look = 0; look < 400; look++) {
      await here.pass(50);
      expect(here.hosts('D1')).toEqual([host.member]);
    }
    expect(await settled(here, here.enter(controller(here), 'D1'))).toEqual(host.member!.self);
  });

  test('a controller that takes the engine with it into death stops no hub', async () => {
    const here = await world(4);
    let host: Machine | undefined;
    let hub = '';
    for (let count = 1; host === undefined || host.isEligible; count++) {
      hub = `D${count}`;
      host = await hostApart(here, hub);
    }
    for (const machine of here.machines) if (machine.isEligible) here.cluster.kill(machine);
    here.cluster.engine.goDown();
    for (let look = 0; look < 300; look++) {
      await here.pass(50);
      expect(here.hosts(hub)).toEqual([host.member]);
    }
  });
});

describe('the controller', () => {
  test('whose process has ended is followed within two seconds (C9)', async () => {
    const here = await world();
    const door = standby(here);
    here.cluster.kill(controller(here));
    await here.pass(2_000);
    expect(door.member!.isController).toBe(true);
    expect(await settled(here, here.enter(door, 'S1'))).toBeDefined();
  });

  test('that is killed and started again at once is followed within two seconds, its lease or not', async () => {
    const here = await world();
    const old = controller(here);
    here.cluster.kill(old);
    here.cluster.boot(old);
    await here.pass(2_000);
    const leaders = here.machines.filter(({ member }) => member?.isController === true);
    expect(leaders).toHaveLength(1);
    expect(await settled(here, here.enter(leaders[0]!, 'S1'))).toBeDefined();
  });

  test('that hangs is followed within five seconds, and is not one when it goes on (C9)', async () => {
    const here = await world();
    const old = controller(here);
    const door = standby(here);
    here.cluster.stop(old);
    await here.pass(4_100);
    expect(door.member!.isController).toBe(true);
    here.cluster.resume(old);
    await here.pass(10_000);
    expect(here.machines.filter(({ member }) => member?.isController === true)).toEqual([door]);
  });

  test('that is cut off is followed within five seconds, also when the engine’s leader was on its machine (C9)', async () => {
    const here = await world();
    const old = controller(here);
    const door = standby(here);
    here.cluster.cutFromEngine(old, true);
    for (const other of here.machines) here.cluster.cutLine(old, other, true);
    await here.pass(2_000);
    here.cluster.engine.changeLeader();
    await here.pass(2_100);
    expect(door.member!.isController).toBe(true);
    expect(await settled(here, here.enter(door, 'S1'))).toBeDefined();
  });

  test.each([0, 1_000, 2_000])(
    'is not deposed by a server that alone does not hear it, nor by one that nobody hears (%i ms after)',
    async (afterMs) => {
      const here = await world();
      const old = controller(here);
      const door = standby(here);
      here.cluster.cutLine(old, door, true);
      await here.pass(10_000 + afterMs);
      expect(old.member!.isController).toBe(true);
      for (const other of here.machines) here.cluster.cutLine(door, other, true);
      await here.pass(10_000);
      expect(old.member!.isController).toBe(true);
    },
  );

  test('that drains lets another one lead, and comes not back by itself', async () => {
    const here = await world();
    const old = controller(here);
    const door = standby(here);
    old.member!.drain(true);
    await here.pass(1_500);
    expect(controller(here)).toBe(door);
    old.member!.drain(false);
    await here.pass(10_000);
    expect(controller(here)).toBe(door);
  });
});
