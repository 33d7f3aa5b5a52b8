import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Conflict, Unavailable, type Backplane, type Leadership } from '#backplane';
import { silentLogger } from '#base';
import type { BusHandler, MemberBoot, MemberId } from '#cluster';
import { ClusterStatistics, HubDirectory, noTraffic, type Statistics, type StatisticsOwner } from '#hub';
import { VirtualClock } from '#io/sim';
import { StatisticsCollector } from '../../src/hub/statistics-collector.ts';
import { decodeReport, encodeReport, maxReportRows } from '../../src/hub/statistics-report.ts';
import { hubRecord, userRecord } from '../admin/records.ts';
import { TestStore } from './store-fixture.ts';

const hub: StatisticsOwner = { hubName: 'OFFICE' };
const anna: StatisticsOwner = { hubName: 'OFFICE', userName: 'anna' };

function counted(bytes: number, loginCount = 0): Statistics {
  const traffic = { ...noTraffic, sendUnicastBytes: bytes, sendUnicastCount: 1 };
  return { traffic, loginCount, lastLoginAtMs: bytes, lastCommunicationAtMs: bytes };
}

const bytesOf = (statistics: Statistics): number => statistics.traffic.sendUnicastBytes;

let store: TestStore;
let clock: VirtualClock;
let directory: HubDirectory;

beforeEach(async () => {
  store = await TestStore.open();
  clock = new VirtualClock(0);
  directory = await HubDirectory.open(store.backplane, clock);
  await directory.createHub(hubRecord('OFFICE'));
  await directory.createUser('OFFICE', userRecord('anna'));
});

afterEach(async () => {
  directory.close();
  await store.remove();
});

/** Several members over one store; one of them leads. */
class Members {
  readonly services = new Map<MemberId, BusHandler>();
  readonly open = new Map<MemberId, ClusterStatistics>();
  readonly #changed = new Set<() => void>();
  leader: MemberId | undefined;
  leadership: Leadership | undefined;
  /** Calls to them end without an answer; `true`: before, `after`: after the other has done its work. */
  readonly deaf = new Map<MemberId, 'before' | 'after'>();

  async elect(member: MemberId): Promise<void> {
    await this.leadership?.resign();
    const lease = await store.backplane.lease(60_000);
    this.leadership = await store.backplane.elect('controller', member, lease);
    this.leader = member;
    for (const changed of this.#changed) changed();
  }

  async add(member: MemberId, options: { isEligible?: boolean; boot?: string; backplane?: Backplane } = {}) {
    const self: MemberBoot = { member, boot: options.boot ?? `boot of ${member}` };
    const statistics = await ClusterStatistics.open({
      backplane: options.backplane ?? store.backplane,
      directory,
      clock,
      logger: silentLogger,
      isEligible: options.isEligible ?? true,
      bus: {
        self,
        serve: (_service, handler) => {
          this.services.set(member, handler);
          return () => this.services.delete(member);
        },
        call: async (to, _service, body) => {
          const target = typeof to === 'string' ? to : to.member;
          const handler = this.services.get(target);
          const copy = JSON.parse(JSON.stringify(body)) as unknown;
          if (handler === undefined || this.deaf.get(target) === 'before') throw new Error('gone');
          await handler(copy, self);
          if (this.deaf.get(target) === 'after') throw new Error('no answer');
          return {};
        },
      },
      controllership: {
        controller: () => (this.leader === undefined ? undefined : { member: this.leader, boot: 'x' }),
        isController: () => this.leader === member && this.leadership?.isValid() === true,
        guard: () => (this.leader === member ? this.leadership?.guard : undefined),
        onChange: (changed) => {
          this.#changed.add(changed as () => void);
          return () => this.#changed.delete(changed as () => void);
        },
      },
    });
    this.open.set(member, statistics);
    return statistics;
  }

  async stop(): Promise<void> {
    for (const statistics of this.open.values()) await statistics.stop();
  }
}

/** Runs until it is done: the controller gathers reports for a while. */
async function afterGathering<T>(work: Promise<T>): Promise<T> {
  const state = { isDone: false };
  const watched = work.finally(() => (state.isDone = true));
  for (let round = 0; !state.isDone && round < 200; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
  }
  return watched;
}

describe('what members count', () => {
  let members: Members;

  beforeEach(async () => {
    members = new Members();
    await members.add('a/0');
    await members.elect('a/0');
  });

  afterEach(() => members.stop());

  const sumAt = (member: MemberId): number => bytesOf(members.open.get(member)!.of(hub));

  test('comes together at the controller, durable when the member hears so', async () => {
    const [a, b] = [members.open.get('a/0')!, await members.add('b/0', { isEligible: false })];
    a.keeper.add(hub, counted(5));
    b.keeper.add(hub, counted(7, 1));
    b.keeper.add(anna, counted(70, 1));
    b.keeper.add(hub, counted(20));
    expect(await afterGathering(Promise.all([a.keeper.flush(), b.keeper.flush()]))).toEqual([true, true]);
    expect(a.of(hub)).toMatchObject({ loginCount: 1, lastLoginAtMs: 20 });
    expect([bytesOf(a.of(hub)), bytesOf(a.of(anna))]).toEqual([32, 70]);
    const entry = await store.backplane.get('stat/hub/OFFICE/user/anna');
    expect(JSON.parse(Buffer.from(entry!.value).toString())).toMatchObject({ traffic: { sendUnicastBytes: 70 } });
  });

  test('is told to the administrator of a member as far as that member has counted it', async () => {
    const b = await members.add('b/0', { isEligible: false });
    members.open.get('a/0')!.keeper.add(hub, counted(5));
    b.keeper.add(hub, counted(7));
    await afterGathering(b.keeper.flush());
    expect([sumAt('b/0'), sumAt('a/0')]).toEqual([7, 7]);
  });

  test('waits for a controller, and counts once, also when the answer got lost', async () => {
    const b = await members.add('b/0');
    b.keeper.add(hub, counted(3));
    members.deaf.set('a/0', 'before');
    expect(await afterGathering(b.keeper.flush())).toBe(false);
    expect(sumAt('a/0')).toBe(0);
    members.deaf.set('a/0', 'after');
    expect(await afterGathering(b.keeper.flush())).toBe(false);
    members.deaf.clear();
    b.keeper.add(hub, counted(4));
    expect(await afterGathering(b.keeper.flush())).toBe(true);
    expect(sumAt('a/0')).toBe(7);
  });

  test('counts once where the controller died after it had written, before it could say so', async () => {
    const b = await members.add('b/0');
    b.keeper.add(hub, counted(3));
    members.deaf.set('a/0', 'after');
    expect(await afterGathering(b.keeper.flush())).toBe(false);
    await members.elect('b/0');
    expect(await afterGathering(b.keeper.flush())).toBe(true);
    expect(sumAt('b/0')).toBe(3);
  });

  test('goes to the next controller where the last one did not get to write it', async () => {
    const b = await members.add('b/0');
    b.keeper.add(hub, counted(3));
    const first = b.keeper.flush();
    await new Promise((resolve) => setImmediate(resolve));
    expect(sumAt('a/0')).toBe(3);
    await members.elect('b/0');
    expect(await afterGathering(first)).toBe(false);
    expect(await afterGathering(b.keeper.flush())).toBe(true);
    expect([sumAt('a/0'), sumAt('b/0')]).toEqual([3, 3]);
  });

  test('is not written by a controller that has been deposed without knowing it', async () => {
    const b = await members.add('b/0');
    b.keeper.add(hub, counted(3));
    const first = b.keeper.flush();
    await new Promise((resolve) => setImmediate(resolve));
    // It still believes to lead: its guard is of an election that is over.
    const stale = members.leadership!;
    await stale.resign();
    const lease = await store.backplane.lease(60_000);
    const other = await store.backplane.elect('controller', 'c/0', lease);
    members.leadership = { ...stale, guard: stale.guard, isValid: () => true };
    const pending = afterGathering(first);
    const guardHolds = store.backplane.txn([{ kind: 'put', key: 'stat/x', value: '1' }], [stale.guard]);
    await expect(guardHolds).rejects.toBeInstanceOf(Conflict);
    members.leadership = undefined;
    await other.resign();
    await members.elect('b/0');
    expect(await pending).toBe(false);
    expect(await afterGathering(b.keeper.flush())).toBe(true);
    const entry = await store.backplane.get('stat/hub/OFFICE');
    expect(JSON.parse(Buffer.from(entry!.value).toString())).toMatchObject({ traffic: { sendUnicastBytes: 3 } });
  });

  test('counts again from the first report after the member was started again', async () => {
    const b = await members.add('b/0', { isEligible: false });
    b.keeper.add(hub, counted(3));
    await afterGathering(b.keeper.flush());
    await b.stop();
    const again = await members.add('b/0', { isEligible: false, boot: 'the second' });
    again.keeper.add(hub, counted(4));
    await afterGathering(again.keeper.flush());
    expect(sumAt('a/0')).toBe(7);
  });

  test('is dropped where the user was deleted meanwhile', async () => {
    const a = members.open.get('a/0')!;
    a.keeper.add(anna, counted(9));
    a.keeper.add(hub, counted(9));
    await directory.deleteUser('OFFICE', 'anna');
    expect(await afterGathering(a.keeper.flush())).toBe(true);
    expect(await store.backplane.get('stat/hub/OFFICE/user/anna')).toBeUndefined();
    expect(sumAt('a/0')).toBe(9);
  });
});

test('a write whose answer got lost counts once: the store is asked what became of it', async () => {
  const real = store.backplane;
  let isLost = true;
  const lossy: Backplane = Object.assign(Object.create(real) as Backplane, {
    txn: async (...args: Parameters<Backplane['txn']>) => {
      const revision = await real.txn(...args);
      if (isLost) throw new Unavailable('no answer');
      return revision;
    },
    get: (key: string) => real.get(key),
    watch: (...args: Parameters<Backplane['watch']>) => real.watch(...args),
  });
  const lease = await real.lease(60_000);
  const leadership = await real.elect('controller', 'a/0', lease);
  const collector = await StatisticsCollector.open({
    backplane: lossy,
    directory,
    clock,
    logger: silentLogger,
    controllership: { isController: () => true, guard: () => leadership.guard, onChange: () => () => undefined },
  });
  const report = { sequence: 1, rows: [{ owner: hub, delta: counted(6) }] };
  const received = collector.receive({ member: 'b/0', boot: 'x' }, report);
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
  }
  isLost = false;
  await afterGathering(received);
  expect(bytesOf(collector.of(hub))).toBe(6);
  await collector.stop();
});

describe('a report', () => {
  const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  const rows = fc.array(
    fc.record({
      owner: fc.oneof(
        fc.record({ hubName: fc.string({ minLength: 1 }) }),
        fc.record({ hubName: fc.string({ minLength: 1 }), userName: fc.string({ minLength: 1 }) }),
      ),
      delta: fc.record({
        traffic: fc.record(
          Object.fromEntries(Object.keys(noTraffic).map((name) => [name, count])) as Record<
            keyof typeof noTraffic,
            typeof count
          >,
        ),
        loginCount: count,
        lastLoginAtMs: count,
        lastCommunicationAtMs: count,
      }),
    }),
    { maxLength: 5 },
  );

  test('comes out as it went in', () => {
    fc.assert(
      fc.property(count, rows, (sequence, given) => {
        const wire = JSON.parse(JSON.stringify(encodeReport({ sequence, rows: given }))) as unknown;
        expect(decodeReport(wire)).toEqual({ sequence, rows: given });
      }),
    );
  });

  test('of any other shape is refused, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(() => decodeReport(value)).toThrow(/statistics/);
      }),
    );
    const row = ['H', '', [1, 2, 3, 4, 5, 6, 7, 8], 0, 0, 0];
    const good = { sequence: 1, rows: [row] };
    expect(decodeReport(good).rows).toHaveLength(1);
    for (const bad of [
      { ...good, sequence: -1 },
      { ...good, rows: new Array(maxReportRows + 1).fill(row) },
      { ...good, rows: [['H', '', [1, 2, 3], 0, 0, 0]] },
      { ...good, rows: [['H', '', [1, 2, 3, 4, 5, 6, 7, '8'], 0, 0, 0]] },
      { ...good, rows: [['H', '', [1, 2, 3, 4, 5, 6, 7, -8], 0, 0, 0]] },
      { ...good, rows: [['H', 7, row[2], 0, 0, 0]] },
    ]) {
      expect(() => decodeReport(bad)).toThrow(/statistics/);
    }
  });
});
