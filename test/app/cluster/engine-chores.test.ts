import { expect, test } from 'vitest';
import { silentLogger } from '#base';
import { VirtualClock } from '#io/sim';
import { EngineChores } from '../../../src/app/cluster/engine-chores.ts';

const hourMs = 3_600_000;

const entryOf = (key: string, value: string) => ({
  key,
  value: Buffer.from(value),
  createRevision: 1,
  modRevision: 1,
});
const stored = [
  ...Array.from({ length: 600 }, (_, at) => entryOf(`cfg/hub/${at}`, `{"name":"H${at}"}`)),
  entryOf('cfg/cluster/secret/authority', '{"of":"this cluster"}'),
  entryOf('stat/hub/0', '[1]'),
];

function rig(backupsKept: number) {
  const clock = new VirtualClock();
  const there = new Set<string>();
  const written = new Map<string, string>();
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
      list: (prefix) => {
        if (isDown) return Promise.reject(new Error('the engine is away'));
        const entries = stored.filter(({ key }) => key.startsWith(prefix));
        return Promise.resolve({ revision: 1, entries });
      },
    },
    controllership: election,
    directory: '/data/backups',
    backupsKept,
    files: {
      exists: (path) => Promise.resolve(there.has(path)),
      remove: (path) => Promise.resolve(void there.delete(path)),
      makeDirectory: () => Promise.resolve(),
      writeNew: async (path, parts) => {
        const pieces: Uint8Array[] = [];
        for await (const part of parts) pieces.push(part);
        written.set(path, Buffer.concat(pieces).toString());
        there.add(path);
      },
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
    written,
    orders,
    hours,
    setDown: (down: boolean) => (isDown = down),
    become: (leads: boolean): void => {
      election.leads = leads;
      changed();
    },
  };
}

test('the controller writes two backups a day, and clears away what is older than is kept', async () => {
  const { there, hours } = rig(3);
  await hours(24 * 6);
  const named = (kind: string) => [...there].filter((path) => pattern.exec(path)?.groups?.['kind'] === kind);
  const pattern = /^\/data\/backups\/cluster-\d{4}-\d\d-\d\d\.(?<kind>db|json)$/;
  expect([there.size, named('db').length, named('json').length]).toEqual([6, 3, 3]);
});

test('one of them is a document that any server takes, without what is the secret of this cluster', async () => {
  const { written, hours } = rig(1);
  await hours(1);
  const [text = ''] = written.values();
  const document = JSON.parse(text) as { readonly entries: readonly { readonly key: string }[] };
  expect(document).toMatchObject({ format: 'hubfarm-config', version: 1 });
  expect(document.entries).toHaveLength(601);
  expect(document.entries[1]).toEqual({ key: 'cfg/hub/1', value: { name: 'H1' } });
  expect(document.entries.some(({ key }) => key.startsWith('cfg/cluster/'))).toBe(false);
  // A line for each: two of them can be compared.
  expect(text.split('\n')).toHaveLength(601 + 3);
});

test('a backup that failed is tried again', async () => {
  const { there, hours, setDown } = rig(7);
  setDown(true);
  await hours(2);
  expect(there.size).toBe(0);
  setDown(false);
  await hours(1);
  expect(there.size).toBe(2);
});

test('only the controller sees to the engine', async () => {
  const { there, orders, hours, become, chores } = rig(7);
  become(false);
  await hours(30);
  expect([there.size, orders.length]).toEqual([0, 0]);
  become(true);
  await hours(3);
  expect([there.size, orders.length >= 2]).toEqual([2, true]);
  chores.stop();
  const before = orders.length;
  await hours(30);
  expect([there.size, orders.length]).toEqual([2, before]);
});

test('no backups are written where none are to be kept', async () => {
  const { there, hours } = rig(0);
  await hours(30);
  expect(there.size).toBe(0);
});
