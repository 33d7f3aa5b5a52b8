import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#io/sim';
import { IdleCollection } from '../../src/app/idle-collection.ts';

const MB = 1024 * 1024;

function start(): { clock: VirtualClock; heap: { kept: number; busy: number; collections: number }; stop(): void } {
  const clock = new VirtualClock();
  const heap = { kept: 50 * MB, busy: 0, collections: 0 };
  const collection = new IdleCollection(clock, {
    keptBytes: () => heap.kept,
    busyShare: () => heap.busy,
    collect: () => {
      heap.collections++;
      heap.kept = 34 * MB;
    },
  });
  return { clock, heap, stop: () => collection.stop() };
}

describe('IdleCollection', () => {
  it('throws away what the start has left, once', () => {
    const { clock, heap } = start();
    clock.advance(2_000);
    expect(heap.collections).toBe(1);
    clock.advance(600_000);
    expect(heap.collections).toBe(1);
  });

  it('waits until a storm is over', () => {
    const { clock, heap } = start();
    clock.advance(2_000);
    heap.busy = 0.9;
    heap.kept = 90 * MB;
    clock.advance(60_000);
    expect(heap.collections).toBe(1);
    heap.busy = 0.02;
    clock.advance(2_000);
    expect(heap.collections).toBe(2);
  });

  it('pauses no more than once in half a minute', () => {
    const { clock, heap } = start();
    clock.advance(2_000);
    heap.kept = 60 * MB;
    clock.advance(26_000);
    expect(heap.collections).toBe(1);
    clock.advance(6_000);
    expect(heap.collections).toBe(2);
  });

  it('looks no more when it was stopped', () => {
    const { clock, heap, stop } = start();
    stop();
    clock.advance(60_000);
    expect(heap.collections).toBe(0);
  });

  it('does nothing where the runtime was not started for it', () => {
    const clock = new VirtualClock();
    const collection = new IdleCollection(clock, { keptBytes: () => 90 * MB, busyShare: () => 0 });
    expect(() => clock.advance(60_000)).not.toThrow();
    collection.stop();
  });
});
