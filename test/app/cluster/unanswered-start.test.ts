import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbedded, type Backplane, type BackplaneState, type Batch, type Entry } from '#backplane';
import { silentLogger } from '#base';
import { createNodeClock } from '#io/node';
import { VirtualClock } from '#io/sim';
import { SeenConfiguration, seenGoodForMs } from '../../../src/app/cluster/seen-configuration.ts';
import { startsUnanswered } from '../../../src/app/cluster/unanswered-start.ts';

const prefix = 'cfg/hub/';

/** The cluster's store, as far as its watches go: the test says when it answers. */
class FakeEngine {
  readonly told = new Set<(batch: Batch) => void>();
  readonly #following = new Set<(state: BackplaneState) => void>();
  #state: BackplaneState;

  constructor(state: BackplaneState) {
    this.#state = state;
  }

  get store(): Backplane {
    const fake: Partial<Backplane> = {
      mode: 'cluster',
      state: () => this.#state,
      onState: (changed) => {
        this.#following.add(changed);
        return () => void this.#following.delete(changed);
      },
      watch: (_, deliver) => {
        this.told.add(deliver);
        return { close: () => void this.told.delete(deliver) };
      },
    };
    return fake as Backplane;
  }

  become(state: BackplaneState): void {
    this.#state = state;
    for (const changed of [...this.#following]) changed(state);
  }

  tell(batch: Batch): void {
    for (const deliver of [...this.told]) deliver(batch);
  }
}

const entry = (name: string, revision: number, text = name): Entry => ({
  key: prefix + name,
  value: Buffer.from(text),
  createRevision: revision,
  modRevision: revision,
});
const snapshot = (revision: number, ...entries: readonly Entry[]): Batch => ({
  revision,
  isSnapshot: true,
  changes: entries.map((each) => ({ key: each.key, entry: each })),
});
const change = (revision: number, name: string, to: Entry | undefined): Batch => ({
  revision,
  isSnapshot: false,
  changes: [{ key: prefix + name, entry: to }],
});

describe('the store of a cluster, for a server that is started while the engine is away', () => {
  let local: Backplane;
  let clock: VirtualClock;
  const stops: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    clock = new VirtualClock();
    local = await openEmbedded({ path: ':memory:', clock: createNodeClock() });
  });

  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    await local.close();
  });

  /** Real time, which the store on the disk takes. */
  const settle = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 30));

  async function start(state: BackplaneState, clusterId = 'c1') {
    const engine = new FakeEngine(state);
    const { store } = engine;
    const seen = await SeenConfiguration.open({
      local,
      clusterId,
      engine: store,
      clock,
      logger: silentLogger,
      isKeeper: true,
    });
    stops.push(() => seen.stop());
    const shared = startsUnanswered(store, seen, clock, silentLogger);
    const view = new Map<string, string>();
    let batches = 0;
    shared.watch(prefix, ({ isSnapshot, changes }) => {
      batches++;
      if (isSnapshot) view.clear();
      for (const { key, entry: value } of changes) {
        if (value === undefined) view.delete(key.slice(prefix.length));
        else view.set(key.slice(prefix.length), Buffer.from(value.value).toString());
      }
    });
    const names = (): string[] => [...view.keys()].sort();
    return { engine, seen, shared, view, names, batches: () => batches };
  }

  /** A life in which the engine said this, and was heard to the end. */
  async function before(...batches: readonly Batch[]): Promise<void> {
    const { engine, seen } = await start('ok');
    for (const batch of batches) engine.tell(batch);
    await settle();
    await seen.stop();
    await settle();
  }

  /** Past the moment in which an engine may be only slow. */
  const giveUp = async (): Promise<void> => {
    await clock.run(600);
    await settle();
  };

  test('shows hubs and users as they were seen last, and says since when', async () => {
    await before(snapshot(7, entry('A', 3), entry('B', 5)), change(8, 'B', undefined), change(9, 'C', entry('C', 9)));
    const seenAtMs = clock.wallMs();
    await clock.run(60_000);
    const { names, seen, view } = await start('lost');
    expect(names()).toEqual([]);
    await giveUp();
    expect(names()).toEqual(['A', 'C']);
    expect(view.get('C')).toBe('C');
    expect(seen.seenAtMs()).toBe(seenAtMs);
  });

  test('is replaced by what the engine says as soon as it says something, and kept for the next time', async () => {
    await before(snapshot(7, entry('A', 3), entry('B', 5)));
    const { engine, names, view, seen } = await start('lost');
    await giveUp();
    engine.become('ok');
    engine.tell(snapshot(12, entry('B', 11, 'changed'), entry('D', 12)));
    expect(names()).toEqual(['B', 'D']);
    expect(seen.seenAtMs()).toBeUndefined();
    await settle();
    await seen.stop();
    const next = await start('lost');
    await giveUp();
    expect([...next.view]).toEqual([...view]);
  });

  test('shows nothing where nothing was ever seen, and for what is no configuration', async () => {
    const { batches, names, seen, shared } = await start('lost');
    const leases: Batch[] = [];
    shared.watch('member/', (batch) => leases.push(batch));
    await giveUp();
    expect([batches(), names(), seen.seenAtMs()]).toEqual([1, [], undefined]);
    expect(leases).toEqual([{ revision: 0, isSnapshot: true, changes: [] }]);
  });

  test('is good for a day after the engine was heard last: to the minute, at the start and under way', async () => {
    await before(snapshot(7, entry('A', 3)));
    await clock.run(seenGoodForMs - 60_000);
    const { names, seen } = await start('lost');
    await giveUp();
    expect(names()).toEqual(['A']);
    await clock.run(59_000);
    expect(names()).toEqual(['A']);
    await clock.run(1_000);
    expect([names(), seen.seenAtMs()]).toEqual([[], undefined]);
    const late = await start('lost');
    await giveUp();
    expect(late.names()).toEqual([]);
  });

  test('grows no older while the engine is heard', async () => {
    const { engine, seen } = await start('ok');
    engine.tell(snapshot(7, entry('A', 3)));
    await settle();
    await clock.run(2 * seenGoodForMs);
    await settle();
    await seen.stop();
    const { names } = await start('lost');
    await giveUp();
    expect(names()).toEqual(['A']);
  });

  test('is given up when the engine is back and does not give it any more: this server was removed', async () => {
    await before(snapshot(7, entry('A', 3)));
    const { engine, names } = await start('lost');
    await giveUp();
    engine.become('ok');
    await clock.run(4_000);
    expect(names()).toEqual(['A']);
    await clock.run(1_500);
    expect(names()).toEqual([]);
  });

  test('is not used where the engine answers, only slowly, or refuses', async () => {
    await before(snapshot(7, entry('A', 3)));
    const { engine, names } = await start('lost');
    engine.become('ok');
    await giveUp();
    expect(names()).toEqual([]);
  });

  test('is no good in another cluster, and gone from a server that is in none', async () => {
    await before(snapshot(7, entry('A', 3)));
    const other = await start('lost', 'c2');
    await giveUp();
    expect(other.names()).toEqual([]);
    await SeenConfiguration.forget(local);
    expect((await local.list('')).entries).toEqual([]);
  });

  test('does not keep secrets of servers that may lead', async () => {
    const { shared, engine } = await start('ok');
    shared.watch('cfg/cluster/secret/', () => undefined);
    const [, ofSecrets] = [...engine.told];
    ofSecrets!(snapshot(4, { ...entry('A', 4), key: 'cfg/cluster/secret/key' }));
    await settle();
    expect((await local.list('')).entries.filter(({ key }) => key.includes('secret'))).toEqual([]);
  });
});
