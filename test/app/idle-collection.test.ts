import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#io/sim';
import { IdleCollection } from '../../src/app/idle-collection.ts';

const MB = 1024 * 1024;

interface FakeHeap {
  kept: number;
  resident: number;
  busy: number;
  collections: number;
  thorough: number;
  trims: number;
}

function start(): { clock: VirtualClock; heap: FakeHeap; stop(): void } {
  const clock = new VirtualClock();
  const heap = { kept: 50 * MB, resident: 200 * MB, busy: 0, collections: 0, thorough: 0, trims: 0 };
  const collection = new IdleCollection(clock, {
    keptBytes: () => heap.kept,
    busyShare: () => heap.busy,
    residentBytes: () => heap.resident,
    collect: (how) => {
      if (how === 'trim') {
        heap.trims++;
        heap.resident -= 6 * MB;
        return;
      }
      heap.collections++;
      heap.kept = 34 * MB;
      if (how === 'quick') return;
      heap.thorough++;
      heap.resident = 120 * MB;
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

  it('gives memory back after the start, and at once when the process has grown by a storm', () => {
    const { clock, heap } = start();
    clock.advance(2_000);
    expect(heap.thorough).toBe(1);
    heap.resident = 180 * MB;
    clock.advance(60_000);
    expect(heap.thorough).toBe(1);
    heap.resident = 190 * MB;
    clock.advance(2_000);
    expect(heap.thorough).toBe(2);
  });

  it('gives back seldom what has come little by little', () => {
    const { clock, heap } = start();
    clock.advance(2_000);
    heap.resident = 150 * MB;
    clock.advance(590_000);
    expect(heap.thorough).toBe(1);
    clock.advance(12_000);
    expect(heap.thorough).toBe(2);
  });

  it('gives back what the C library keeps when the process has grown by little, twice a minute at most', () => {
    const { clock, heap } = start();
    clock.advance(2_000);
    heap.resident += 7 * MB;
    clock.advance(60_000);
    expect(heap.trims).toBe(0);
    heap.resident += 4 * MB;
    clock.advance(2_000);
    expect(heap).toMatchObject({ collections: 1, trims: 1 });
    heap.resident += 8 * MB;
    clock.advance(26_000);
    expect(heap.trims).toBe(1);
    clock.advance(6_000);
    expect(heap.trims).toBe(2);
  });

  it('pauses no longer than it must while there is something to do', () => {
    const { clock, heap } = start();
    heap.busy = 0.08;
    clock.advance(60_000);
    expect(heap).toMatchObject({ collections: 1, thorough: 0 });
    heap.busy = 0.01;
    clock.advance(2_000);
    expect(heap.thorough).toBe(1);
  });

  it('looks no more when it was stopped', () => {
    const { clock, heap, stop } = start();
    stop();
    clock.advance(60_000);
    expect(heap.collections).toBe(0);
  });

  it('does nothing where the runtime was not started for it', () => {
    const clock = new VirtualClock();
    const collection = new IdleCollection(clock, {
      keptBytes: () => 90 * MB,
      residentBytes: () => 200 * MB,
      busyShare: () => 0,
    });
    expect(() => clock.advance(60_000)).not.toThrow();
    collection.stop();
  });
});
