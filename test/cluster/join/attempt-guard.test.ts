import { describe, expect, test } from 'vitest';
import { VirtualClock } from '#io/sim';
import { AttemptGuard, defaultAttemptLimits } from '../../../src/cluster/join/attempt-guard.ts';

const begin = (guard: AttemptGuard, address: string): string => {
  const verdict = guard.begin(address);
  if (verdict.kind === 'go') verdict.end();
  return verdict.kind;
};

describe('the guard of join attempts', () => {
  test('blocks an address for a minute after five failures, and nobody else', () => {
    const clock = new VirtualClock();
    const guard = new AttemptGuard(clock);
    expect([1, 2, 3, 4, 5].map(() => guard.failed('192.0.2.1'))).toEqual([4, 3, 2, 1, 0]);
    expect(guard.begin('192.0.2.1')).toEqual({ kind: 'blocked', forMs: 60_000 });
    expect(begin(guard, '192.0.2.2')).toBe('go');
    clock.advance(60_000);
    expect(begin(guard, '192.0.2.1')).toBe('go');
    expect(guard.failed('192.0.2.1')).toBe(4);
  });

  test('forgets failures after a success, and after ten quiet minutes', () => {
    const clock = new VirtualClock();
    const guard = new AttemptGuard(clock);
    for (let count = 0; count < 4; count++) guard.failed('192.0.2.1');
    guard.succeeded('192.0.2.1');
    expect(guard.failed('192.0.2.1')).toBe(4);
    guard.failed('192.0.2.1');
    clock.advance(600_001);
    expect(guard.failed('192.0.2.1')).toBe(4);
  });

  test('takes the addresses of one IPv6 network for one', () => {
    const guard = new AttemptGuard(new VirtualClock());
    for (let host = 1; host <= 5; host++) guard.failed(`2001:db8:1:2::${host}`);
    expect(begin(guard, '2001:db8:1:2:ffff::1')).toBe('blocked');
    expect(begin(guard, '2001:db8:1:3::1')).toBe('go');
  });

  test('lets only so many try at once, of one address and of all, and so many in a second', () => {
    const clock = new VirtualClock();
    const guard = new AttemptGuard(clock, { ...defaultAttemptLimits, maxAtOnce: 5, maxPerSecond: 6 });
    const open = [1, 2, 3, 4].map(() => guard.begin('192.0.2.1'));
    expect(open.map(({ kind }) => kind)).toEqual(['go', 'go', 'go', 'go']);
    expect(begin(guard, '192.0.2.1')).toBe('busy');
    const other = guard.begin('192.0.2.2');
    expect(guard.begin('192.0.2.3').kind).toBe('busy');
    for (const verdict of [...open, other]) {
      if (verdict.kind !== 'go') continue;
      verdict.end();
      verdict.end();
    }
    expect(begin(guard, '192.0.2.3')).toBe('go');
    expect(begin(guard, '192.0.2.3')).toBe('busy');
    clock.advance(1_000);
    expect(begin(guard, '192.0.2.3')).toBe('go');
  });

  test('remembers only so many addresses', () => {
    const guard = new AttemptGuard(new VirtualClock(), { ...defaultAttemptLimits, maxAddresses: 2 });
    for (const address of ['a', 'b', 'c']) for (let count = 0; count < 5; count++) guard.failed(address);
    expect(['a', 'b', 'c'].map((address) => begin(guard, address))).toEqual(['go', 'blocked', 'blocked']);
  });
});
