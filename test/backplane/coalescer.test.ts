import { describe, expect, test } from 'vitest';
import { Coalescer, Unavailable, type Operation } from '#backplane';

/** Takes transactions and answers when the test says so. */
class SlowStore {
  readonly asked: { keys: string[]; values: string[]; answer: (error?: Error) => void }[] = [];

  txn(operations: readonly Operation[]): Promise<number> {
    return new Promise((resolve, reject) => {
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
});
