import { describe, expect, test } from 'vitest';
import type { CallFrame, Outcome } from '../../../src/cluster/bus/codec/frame.ts';
import { IncomingCalls } from '../../../src/cluster/bus/incoming-calls.ts';
import { defaultBusLimits } from '../../../src/cluster/bus/limits.ts';

const call = (seq: number): CallFrame => ({ kind: 'call', seq, timeoutMs: 3_000, service: 'test/a', json: '' });
const answer = (seq: number, json = `${seq}`): Outcome => ({ kind: 'answer', seq, json });
const withLimits = (limits: Partial<typeof defaultBusLimits> = {}): IncomingCalls =>
  new IncomingCalls({ ...defaultBusLimits, ...limits });

describe('a call that comes again', () => {
  test('while it runs is waited for', () => {
    const calls = withLimits();
    expect(calls.receive(call(5), false).kind).toBe('run');
    expect(calls.receive(call(5), false).kind).toBe('wait');
  });

  test('after it has run gets the same answer', () => {
    const calls = withLimits();
    calls.receive(call(5), false);
    expect(calls.finish(answer(5))).toBe(true);
    expect(calls.receive(call(5), false)).toEqual({ kind: 'answer', outcome: answer(5) });
  });

  test('after its answer was confirmed does not run', () => {
    const calls = withLimits();
    for (const seq of [5, 9]) calls.receive(call(seq), false);
    for (const seq of [5, 9]) calls.finish(answer(seq));
    calls.confirm(6, [9]);
    expect(calls.count).toBe(0);
    expect([5, 9].map((seq) => calls.receive(call(seq), false).kind)).toEqual(['wait', 'wait']);
  });

  test('after it was refused for want of room does not run', () => {
    const calls = withLimits();
    expect(calls.receive(call(5), true)).toMatchObject({ kind: 'answer', outcome: { kind: 'overload' } });
    expect(calls.receive(call(5), false).kind).toBe('wait');
  });
});

describe('a confirmation', () => {
  test('covers what is below, and what it names, and no more', () => {
    const calls = withLimits();
    for (const seq of [1, 2, 3, 4]) {
      calls.receive(call(seq), false);
      calls.finish(answer(seq));
    }
    calls.confirm(2, [4]);
    expect([2, 3].map((seq) => calls.receive(call(seq), false).kind)).toEqual(['answer', 'answer']);
    expect(calls.count).toBe(2);
  });

  test('of a call that still runs: its answer is not kept', () => {
    const calls = withLimits();
    calls.receive(call(1), false);
    calls.confirm(2, []);
    expect(calls.receive(call(1), false).kind).toBe('wait');
    expect(calls.finish(answer(1))).toBe(false);
    expect(calls.count).toBe(0);
  });
});

test('answers that are kept have a cap in length, and confirmed ones make room', () => {
  const calls = withLimits({ maxHeldLength: 100 });
  calls.receive(call(1), false);
  calls.finish(answer(1, 'x'.repeat(101)));
  expect(calls.receive(call(2), false)).toMatchObject({ outcome: { kind: 'overload' } });
  calls.confirm(2, []);
  expect(calls.receive(call(3), false).kind).toBe('run');
});
