import { expect, test } from 'vitest';
import { SeededRandom } from '#io/sim';
import { orderServices } from '../../../src/sip/transport/service-order.ts';

const record = (target: string, priority: number, weight: number) => ({ target, port: 5060, priority, weight });

test('servers are tried by priority, and among equals as often first as their weight says (RFC 2782)', () => {
  const random = new SeededRandom(3);
  const records = [record('backup', 20, 0), record('small', 10, 10), record('large', 10, 30), record('idle', 10, 0)];
  const first = new Map<string, number>();
  for (let draw = 0; draw < 4_000; draw++) {
    const order = orderServices(records, random).map(({ target }) => target);
    expect(order).toHaveLength(4);
    expect(order[3]).toBe('backup');
    first.set(order[0]!, (first.get(order[0]!) ?? 0) + 1);
  }
  expect(first.get('large')! / first.get('small')!).toBeGreaterThan(2.5);
  expect(first.get('large')! / first.get('small')!).toBeLessThan(3.5);
  expect(first.get('idle') ?? 0).toBeLessThan(200);
});
