import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '#base';
import { OutputQueue } from '../../src/hub/output-queue.ts';
import { broadcast, unicast } from '../../src/hub/traffic.ts';
import { framesOf, sizeOf } from './hub-fixture.ts';

function newPools(): { small: BufferPool; large: BufferPool } {
  return { small: new BufferPool(256, 4), large: new BufferPool(2048, 4) };
}

function records(sizes: readonly number[], fill = 1): Buffer {
  return Buffer.concat(sizes.flatMap((size, i) => [sizeOf(Buffer.alloc(size)), Buffer.alloc(size, fill + i)]));
}

function drain(queue: OutputQueue): string[] {
  const frames: string[] = [];
  while (queue.pending) {
    const block = queue.take();
    frames.push(...framesOf(block));
    queue.release(block);
  }
  return frames;
}

describe('the output queue', () => {
  it('owns no buffer while it is empty, a small one for little and a large one for more', () => {
    const pools = newPools();
    const queue = new OutputQueue({ pools, maxBytes: 10_000 });
    expect([queue.pending, queue.pendingBytes]).toEqual([false, 0]);
    const run = records([50]);
    queue.append(run, 0, run.length, 1, unicast);
    expect([pools.small.idleCount, queue.pendingBytes]).toEqual([0, 4 + 54]);
    for (let i = 0; i < 4; i++) queue.append(run, 0, run.length, 1, unicast);
    expect(pools.small.idleCount).toBe(1);
    expect(drain(queue)).toHaveLength(5);
    expect([pools.small.idleCount, pools.large.idleCount, queue.pendingBytes]).toEqual([1, 1, 0]);
  });

  it('hands out blocks in the form of the wire, oldest first, and reuses them only when released', () => {
    const pools = newPools();
    const queue = new OutputQueue({ pools, maxBytes: 10_000 });
    const run = records([1000]);
    queue.append(run, 0, run.length, 1, unicast);
    const first = queue.take();
    const bytes = Buffer.from(first);
    const other = records([1000], 7);
    queue.append(other, 0, other.length, 1, unicast);
    const second = queue.take();
    expect(first.equals(bytes)).toBe(true);
    expect(first.subarray(0, 8).toString('hex')).toBe('00000001000003e8');
    queue.release(first);
    queue.release(first);
    queue.release(second);
    queue.release(Buffer.alloc(20));
    expect(pools.large.idleCount).toBe(2);
  });

  it('keeps less for each session when much waits for all of them, and as much as before when that has gone', () => {
    const pools = { ...newPools(), scarcity: { largeBlocks: 2, queueMaxBytes: 3000 } };
    const queues = [0, 1].map(() => new OutputQueue({ pools, maxBytes: 20_000 }));
    const [slow, other] = queues as [OutputQueue, OutputQueue];
    const run = records([1000]);
    for (let i = 0; i < 30; i++) slow.append(run, 0, run.length, 1, unicast);
    // Two frames to a block: a third block shows that it is scarce.
    expect(slow.droppedFrames).toBe(24);
    for (let i = 0; i < 3; i++) other.append(run, 0, run.length, 1, unicast);
    expect(other.droppedFrames).toBe(1);
    expect(drain(slow)).toHaveLength(6);
    expect(drain(other)).toHaveLength(2);
    for (let i = 0; i < 4; i++) other.append(run, 0, run.length, 1, unicast);
    expect(other.droppedFrames).toBe(1);
  });

  it('splits a run that is longer than a block between frames', () => {
    const queue = new OutputQueue({ pools: newPools(), maxBytes: 100_000 });
    const run = records(Array.from({ length: 30 }, (_, i) => 100 + i));
    queue.append(run, 0, run.length, 30, unicast);
    expect(queue.droppedFrames).toBe(0);
    expect(drain(queue).map((frame) => frame.length / 2)).toEqual(Array.from({ length: 30 }, (_, i) => 100 + i));
  });

  it('takes what fits of a run below its limit, drops the rest, and has room again when blocks are taken', () => {
    const queue = new OutputQueue({ pools: newPools(), maxBytes: 3_000 });
    const run = records(Array.from({ length: 40 }, () => 96));
    queue.append(run, 0, run.length, 40, broadcast);
    expect(queue.pendingBytes).toBeLessThanOrEqual(3_000);
    expect(queue.pendingBytes).toBeGreaterThan(2_880);
    expect(queue.droppedFrames).toBe(40 - queue.queued.counts[3]!);
    const taken = queue.take();
    queue.append(run, 0, 200, 2, broadcast);
    expect(queue.pendingBytes).toBeLessThanOrEqual(3_000);
    queue.release(taken);
    expect(queue.queued.counts[2]).toBe(queue.queued.counts[3]! * 96);
  });

  it('refuses to hand out what is not there', () => {
    expect(() => new OutputQueue({ pools: newPools(), maxBytes: 100 }).take()).toThrow('empty output queue');
  });

  it('gives everything back when it is cleared', () => {
    const pools = newPools();
    const queue = new OutputQueue({ pools, maxBytes: 100_000 });
    const run = records(Array.from({ length: 40 }, () => 96));
    queue.append(run, 0, run.length, 40, unicast);
    const lent = queue.take();
    queue.clear();
    expect([queue.pending, queue.pendingBytes, pools.large.idleCount]).toEqual([false, 0, 1]);
    queue.release(lent);
    expect(pools.large.idleCount).toBe(2);
  });

  it('delivers a prefix of each run, in order, and never holds more than its limit', () => {
    const run = fc.array(fc.integer({ min: 14, max: 700 }), { minLength: 1, maxLength: 20 });
    const step = fc.oneof(run, fc.constant('take' as const), fc.constant('drain' as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 20, max: 9_000 }), (steps, maxBytes) => {
        const queue = new OutputQueue({ pools: newPools(), maxBytes });
        const delivered: string[] = [];
        const offered: { frames: string[]; taken: number }[] = [];
        let serial = 0;
        for (const one of steps) {
          if (one === 'drain') delivered.push(...drain(queue));
          else if (one === 'take') {
            if (!queue.pending) continue;
            const block = queue.take();
            delivered.push(...framesOf(block));
            queue.release(block);
          } else {
            const bytes = records(one, serial++);
            const before = queue.queued.counts[1]!;
            queue.append(bytes, 0, bytes.length, one.length, unicast);
            const frames = framesOf(Buffer.concat([sizeOf(Buffer.alloc(one.length)), bytes]));
            offered.push({ frames, taken: queue.queued.counts[1]! - before });
          }
          expect(queue.pendingBytes).toBeLessThanOrEqual(maxBytes);
        }
        delivered.push(...drain(queue));
        expect(delivered).toEqual(offered.flatMap(({ frames, taken }) => frames.slice(0, taken)));
        const all = offered.reduce((sum, { frames }) => sum + frames.length, 0);
        expect(queue.droppedFrames).toBe(all - delivered.length);
        expect(queue.queued.counts[0]).toBe(delivered.reduce((sum, frame) => sum + frame.length / 2, 0));
      }),
      { numRuns: 400 },
    );
  });
});
