import { expect, test } from 'vitest';
import { silentLogger } from '#base';
import { VirtualClock } from '#io/sim';
import { EngineChores } from '../../../src/app/cluster/engine-chores.ts';

const hourMs = 3_600_000;

function rig(backupsKept: number) {
  const clock = new VirtualClock();
  const there = new Set<string>();
  const orders: string[] = [];
  let changed: () => void = () => undefined;
  const election = {
    leads: true,
    isController: () => election.leads,
    onChange: (listener: (controller: undefined) => void) => {
      changed = () => listener(undefined);
      return () => undefined;
    },
  };
  let isDown = false;
  const chores = new EngineChores({
    administer: (act) => act({ members: () => (orders.push('members'), Promise.resolve([])) } as never),
    shared: {
      backup: (path) => {
        if (isDown) return Promise.reject(new Error('the engine is away'));
        there.add(path);
        return Promise.resolve();
      },
    },
    controllership: election,
    directory: '/data/backups',
    backupsKept,
    files: {
      exists: (path) => Promise.resolve(there.has(path)),
      remove: (path) => Promise.resolve(void there.delete(path)),
      makeDirectory: () => Promise.resolve(),
    },
    clock,
    logger: silentLogger,
  });
  const hours = async (count: number): Promise<void> => {
    await clock.run(count * hourMs);
  };
  return {
    chores,
    there,
    orders,
    hours,
    setDown: (down: boolean) => (isDown = down),
    become: (leads: boolean): void => {
      election.leads = leads;
      changed();
    },
  };
}

test('the controller writes a backup a day, and clears away what is older than is kept', async () => {
  const { there, hours } = rig(3);
  await hours(24 * 6);
  expect(there.size).toBe(3);
  expect([...there].every((path) => /^\/data\/backups\/cluster-\d{4}-\d\d-\d\d\.db$/.test(path))).toBe(true);
});

test('a backup that failed is tried again', async () => {
  const { there, hours, setDown } = rig(7);
  setDown(true);
  await hours(2);
  expect(there.size).toBe(0);
  setDown(false);
  await hours(1);
  expect(there.size).toBe(1);
});

test('only the controller sees to the engine', async () => {
  const { there, orders, hours, become, chores } = rig(7);
  become(false);
  await hours(30);
  expect([there.size, orders.length]).toEqual([0, 0]);
  become(true);
  await hours(3);
  expect([there.size, orders.length >= 2]).toEqual([1, true]);
  chores.stop();
  const before = orders.length;
  await hours(30);
  expect([there.size, orders.length]).toEqual([1, before]);
});

test('no backups are written where none are to be kept', async () => {
  const { there, hours } = rig(0);
  await hours(30);
  expect(there.size).toBe(0);
});
