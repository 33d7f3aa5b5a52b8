import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BoundedQueue } from '#base';

describe('a bounded queue', () => {
  test('gives items back in the order in which they came', () => {
    const queue = new BoundedQueue<number>({ maxItems: 100, whenFull: 'refuse' });
    for (let i = 0; i < 100; i++) expect(queue.push(i)).toBe(true);
    for (let i = 0; i < 100; i++) expect(queue.shift()).toBe(i);
    expect(queue.shift()).toBeUndefined();
  });

  test('refuses what does not fit, and counts it', () => {
    const queue = new BoundedQueue<string>({ maxItems: 2, whenFull: 'refuse' });
    queue.push('a');
    queue.push('b');
    expect(queue.push('c')).toBe(false);
    expect([queue.length, queue.lost, queue.peek()]).toEqual([2, 1, 'a']);
  });

  test('drops the oldest where that was asked for, and counts it', () => {
    const queue = new BoundedQueue<string>({ maxItems: 2, whenFull: 'dropOldest' });
    for (const item of ['a', 'b', 'c']) queue.push(item);
    expect([queue.shift(), queue.shift(), queue.lost]).toEqual(['b', 'c', 1]);
  });

  test('behaves as a plain array with a cap, whatever is done to it', () => {
    const step = fc.oneof(fc.constant('shift'), fc.constant('clear'), fc.integer());
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(step, { maxLength: 200 }), (maxItems, steps) => {
        const queue = new BoundedQueue<number>({ maxItems, whenFull: 'dropOldest' });
        const model: number[] = [];
        for (const item of steps) {
          if (item === 'shift') expect(queue.shift()).toBe(model.shift());
          else if (item === 'clear') {
            queue.clear();
            model.length = 0;
          } else if (typeof item === 'number') {
            queue.push(item);
            model.push(item);
            if (model.length > maxItems) model.shift();
          }
          expect([queue.length, queue.peek()]).toEqual([model.length, model[0]]);
        }
      }),
    );
  });

  test('does not accept a cap that is none', () => {
    expect(() => new BoundedQueue({ maxItems: 0, whenFull: 'refuse' })).toThrow(/maxItems/);
  });
});
