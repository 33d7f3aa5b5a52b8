import { describe, expect, it } from 'vitest';
import { BufferPool } from '#base';

describe('a buffer pool', () => {
  it('allocates when it has nothing to lend, and lends again what came back', () => {
    const pool = new BufferPool(16, 2);
    const [a, b, c] = [pool.take(), pool.take(), pool.take()];
    expect([a.length, a.buffer.byteLength, pool.idleCount]).toEqual([16, 16, 0]);
    pool.give(a);
    expect(pool.take()).toBe(a);
    for (const buffer of [a, b, c]) pool.give(buffer);
    expect(pool.idleCount).toBe(2);
  });
});
