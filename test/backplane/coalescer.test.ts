import { describe, expect, test } from 'vitest';
import { Coalescer, Conflict, Unavailable, type Operation } from '#backplane';

/** Takes transactions and answers when the test says so. */
class SlowStore {
  readonly operations: (readonly Operation[])[] = [];
  readonly asked: { keys: string[]; values: string[]; answer: (error?: Error) => void }[] = [];

  txn(operations: readonly Operation[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.operations.push(operations);
      const puts = operations.flatMap((operation) => (operation.kind === 'put' ? [operation] : []));
      this.asked.push({
        keys: puts.map(({ key }) => key),
        values: puts.map(({ value }) => Buffer.from(value).toString()),
        answer: (error) => (error === undefined ? resolve(1) : reject(error)),
      });
    });
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the coalescer', () => {
  test('puts what is asked at once into transactions of at most 100', async () => {
    const store = new SlowStore();
    const coalescer = new Coalescer(store);
    const puts = Array.from({ length: 250 }, (_, i) => coalescer.put({ key: `k/${i}`, value: 'v' }));
    await turn();
    expect(store.asked.map(({ keys }) => keys.length)).toEqual([100, 100, 50]);
    for (const { answer } of store.asked) answer();
    await Promise.all(puts);
  });

  test('sends only the last value of a key that waits, and tells all who asked', async () => {
    const store = new SlowStore();
    const coalescer = new Coalescer(store);
    const first = coalescer.put({ key: 'k', value: '1' });
    await turn();
    const later = ['2', '3', '4'].map((value) => coalescer.put({ key: 'k', value }));
    await turn();
    expect(store.asked).toHaveLength(1);
    store.asked[0]!.answer();
    await first;
    await turn();
    expect(store.asked[1]).toMatchObject({ keys: ['k'], values: ['4'] });
    store.asked[1]!.answer();
    await Promise.all(later);
  });

  test('has a key under way only once, so that an old value never comes after a new one', async () => {
    const store = new SlowStore();
    const coalescer = new Coalescer(store);
    void coalescer.put({ key: 'a', value: '1' });
    await turn();
    void coalescer.put({ key: 'a', value: '2' });
    void coalescer.put({ key: 'b', value: '1' });
    await turn();
    expect(store.asked.map(({ keys }) => keys)).toEqual([['a'], ['b']]);
    store.asked[0]!.answer();
    await turn();
    expect(store.asked[2]).toMatchObject({ keys: ['a'], values: ['2'] });
  });

  test('has at most four transactions under way', async () => {
    const store = new SlowStore();
    const coalescer = new Coalescer(store);
    const puts = Array.from({ length: 1_000 }, (_, i) => coalescer.put({ key: `k/${i}`, value: 'v' }));
    for (let answered = 0; answered < 10; answered++) {
      await turn();
      expect(store.asked.length).toBe(Math.min(10, answered + 4));
      store.asked[answered]!.answer();
    }
    await Promise.all(puts);
  });

  test('splits large values over transactions', async () => {
    const store = new SlowStore();
    const coalescer = new Coalescer(store);
    for (let i = 0; i < 3; i++) void coalescer.put({ key: `k/${i}`, value: Buffer.alloc(300_000) });
    await turn();
    expect(store.asked.map(({ keys }) => keys.length)).toEqual([1, 1, 1]);
  });

  test('tells those whose transaction failed, and goes on', async () => {
    const store = new SlowStore();
    const coalescer = new Coalescer(store);
    const failed = coalescer.put({ key: 'k', value: '1' });
    await turn();
    store.asked[0]!.answer(new Unavailable('no engine'));
    await expect(failed).rejects.toBeInstanceOf(Unavailable);
    const again = coalescer.put({ key: 'k', value: '2' });
    await turn();
    store.asked[1]!.answer();
    await again;
  });

  test('a value belongs to it from the call on', async () => {
    const store = new SlowStore();
    const value = Buffer.from('before');
    void new Coalescer(store).put({ key: 'k', value });
    value.fill('x');
    await turn();
    expect(store.asked[0]!.values).toEqual(['before']);
  });

  test('refuses a bad key at once', async () => {
    await expect(new Coalescer(new SlowStore()).put({ key: '', value: '' })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
  });

  test('removes keys as it puts them, the last wish for a key counts', async () => {
    const store = new SlowStore();
    const coalescer = new Coalescer(store);
    const asked = [
      coalescer.put({ key: 'a', value: '1' }),
      coalescer.remove({ key: 'a' }),
      coalescer.remove({ key: 'b' }),
    ];
    await turn();
    expect(store.operations).toEqual([
      [
        { kind: 'delete', key: 'a' },
        { kind: 'delete', key: 'b' },
      ],
    ]);
    store.asked[0]!.answer();
    await Promise.all(asked);
  });

  test('writes with guards, each once; where one does not hold only its keys are refused', async () => {
    const seen: { keys: string[]; guards: number }[] = [];
    const coalescer = new Coalescer({
      txn: (operations, guards) => {
        const keys = operations.flatMap((operation) => (operation.kind === 'put' ? [operation.key] : []));
        seen.push({ keys, guards: guards.length });
        return guards.some(({ key }) => key === 'lost') ? Promise.reject(new Conflict('lost')) : Promise.resolve(1);
      },
    });
    const held = { key: 'held', createRevision: 1 };
    const lost = { key: 'lost', createRevision: 2 };
    const results = await Promise.allSettled([
      coalescer.put({ key: 'a', value: '1', guard: held }),
      coalescer.put({ key: 'b', value: '1', guard: { ...lost } }),
      coalescer.put({ key: 'c', value: '1', guard: held }),
      coalescer.put({ key: 'd', value: '1' }),
      coalescer.put({ key: 'e', value: '1', guard: { ...lost } }),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(seen).toEqual([
      { keys: ['a', 'b', 'c', 'd', 'e'], guards: 2 },
      { keys: ['d'], guards: 0 },
      { keys: ['a', 'c'], guards: 1 },
      { keys: ['b', 'e'], guards: 1 },
    ]);
  });
});
