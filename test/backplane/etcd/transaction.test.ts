import { describe, expect, test } from 'vitest';
import { backplaneLimits, BadRequest, Conflict, type Lease, type Operation } from '#backplane';
import { engineTransactionMaxBytes, planTransaction } from '../../../src/backplane/etcd/transaction.ts';
import { WatchBatches } from '../../../src/backplane/etcd/watch-batches.ts';

const anyLease = (): void => undefined;

/** `put k`, `delete k`, `delete [a, b)` */
function planned(operations: readonly Operation[]): string[] {
  const { puts, deletes } = planTransaction(operations, anyLease);
  const show = (bytes: Uint8Array): string => Buffer.from(bytes).toString().replaceAll('\0', '⏚');
  return [
    ...deletes.map(({ key, rangeEnd }) =>
      rangeEnd === undefined ? `delete ${show(key)}` : `delete [${show(key)}, ${show(rangeEnd)})`,
    ),
    ...puts.map(({ key, value }) => `put ${show(key)} ${show(value)}`),
  ];
}

const put = (key: string, value = ''): Operation => ({ kind: 'put', key, value });
const remove = (key: string): Operation => ({ kind: 'delete', key });
const removeAll = (prefix: string): Operation => ({ kind: 'deletePrefix', prefix });

describe('a transaction as the engine takes it', () => {
  test('touches each key once: the last operation counts', () => {
    expect(planned([put('k', '1'), put('k', '2')])).toEqual(['put k 2']);
    expect(planned([put('k', '1'), remove('k')])).toEqual(['delete k']);
    expect(planned([remove('k'), put('k', '1')])).toEqual(['put k 1']);
  });

  test('deletes around what it puts', () => {
    expect(planned([removeAll('a/'), put('a/1', 'x'), put('a/2', 'y')])).toEqual([
      'delete [a/, a/1)',
      'delete [a/1⏚, a/2)',
      'delete [a/2⏚, a0)',
      'put a/1 x',
      'put a/2 y',
    ]);
    expect(planned([put('a/1'), removeAll('a/')])).toEqual(['delete [a/, a0)']);
    expect(planned([removeAll(''), put('k', 'v')])).toEqual(['delete [⏚, k)', 'delete [k⏚, ⏚)', 'put k v']);
  });

  test('deletes nothing twice', () => {
    expect(planned([removeAll('a/b/'), removeAll('a/'), remove('a/x'), remove('c')])).toEqual([
      'delete [a/, a0)',
      'delete c',
    ]);
  });

  test('of too many bytes is refused with the limit named', () => {
    const value = Buffer.alloc(backplaneLimits.valueMaxBytes);
    const operations = Array.from({ length: 8 }, (_, i) => ({ kind: 'put', key: `k/${i}`, value }) as const);
    expect(() => planTransaction(operations, anyLease)).toThrow(BadRequest);
    expect(() => planTransaction(operations, anyLease)).toThrow(String(engineTransactionMaxBytes));
    expect(planTransaction(operations.slice(1), anyLease).puts).toHaveLength(7);
  });

  test('under a lease that is gone is refused', () => {
    const gone = (): void => {
      throw new Conflict('gone');
    };
    const lease = { id: '7' } as Lease;
    expect(() => planTransaction([{ ...put('k'), lease } as Operation], gone)).toThrow(Conflict);
    expect(planTransaction([{ ...put('k'), lease } as Operation], anyLease).puts[0]?.lease).toBe('7');
  });
});

describe('batches of a watch', () => {
  const response = { revision: 0, isCreated: false, isCanceled: false, compactRevision: 0, cancelReason: '' };
  const event = (key: string, modRevision: number, isDelete = false) => ({
    isDelete,
    keyValue: { key, value: Buffer.from('v'), createRevision: 1, modRevision, lease: '0' },
  });
  const shown = (batches: ReturnType<WatchBatches['take']>) =>
    batches.map(({ revision, changes }) => [revision, ...changes.map(({ key }) => key)]);

  test('are one per revision', () => {
    const events = [event('a', 5), event('b', 5, true), event('a', 6)];
    expect(shown(new WatchBatches(4).take({ ...response, isFragment: false, events }))).toEqual([
      [5, 'a', 'b'],
      [6, 'a'],
    ]);
  });

  test('hold a revision together that comes in fragments', () => {
    const batches = new WatchBatches(4);
    const first = { ...response, isFragment: true, events: [event('a', 5), event('b', 6)] };
    const second = { ...response, isFragment: true, events: [event('c', 6)] };
    const last = { ...response, isFragment: false, events: [event('d', 6), event('e', 7)] };
    expect(shown(batches.take(first))).toEqual([[5, 'a']]);
    expect(shown(batches.take(second))).toEqual([]);
    expect(shown(batches.take(last))).toEqual([
      [6, 'b', 'c', 'd'],
      [7, 'e'],
    ]);
  });

  test('leave out what was told before', () => {
    const batches = new WatchBatches(5);
    const events = [event('a', 4), event('b', 5), event('c', 6)];
    expect(shown(batches.take({ ...response, isFragment: false, events }))).toEqual([[6, 'c']]);
    expect(shown(batches.take({ ...response, isFragment: false, events }))).toEqual([]);
  });
});
