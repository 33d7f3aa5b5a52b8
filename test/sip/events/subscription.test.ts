import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Subscription, type SubscriptionAction, type SubscriptionInput } from '../../../src/sip/events/subscription.ts';

const kinds = (actions: readonly SubscriptionAction[]): string[] =>
  actions.map((action) =>
    action.kind === 'notify' ? action.state : action.kind === 'wakeAt' ? `wake ${action.atMs}` : action.kind,
  );

describe('a subscription', () => {
  test('begins with a NOTIFY, and is looked at when it ends', () => {
    expect(kinds(new Subscription(5000).receive({ kind: 'subscribed', expiresS: 60 }, 1000))).toEqual([
      'active;expires=60',
      'wake 61000',
    ]);
  });

  test('is told of changes one at a time, no closer than its interval', () => {
    const subscription = new Subscription(5000);
    subscription.receive({ kind: 'subscribed', expiresS: 60 }, 0);
    expect(kinds(subscription.receive({ kind: 'changed' }, 100))).toEqual(['wake 60000']);
    expect(kinds(subscription.receive({ kind: 'notified' }, 200))).toEqual(['wake 5000']);
    expect(kinds(subscription.receive({ kind: 'changed' }, 300))).toEqual(['wake 5000']);
    expect(kinds(subscription.receive({ kind: 'woken' }, 5000))).toEqual(['active;expires=55', 'wake 60000']);
    expect(kinds(subscription.receive({ kind: 'notified' }, 5100))).toEqual([]);
    expect(kinds(subscription.receive({ kind: 'changed' }, 20_000))).toEqual(['active;expires=40', 'wake 60000']);
  });

  test('ends with a last NOTIFY when its time is over, and when it is taken back', () => {
    const expired = new Subscription(0);
    expired.receive({ kind: 'subscribed', expiresS: 60 }, 0);
    expired.receive({ kind: 'notified' }, 10);
    expect(kinds(expired.receive({ kind: 'woken' }, 60_000))).toEqual(['terminated;reason=timeout']);
    expect(kinds(expired.receive({ kind: 'changed' }, 60_001))).toEqual([]);
    expect(kinds(expired.receive({ kind: 'notified' }, 60_010))).toEqual(['ended']);
    expect(kinds(new Subscription(0).receive({ kind: 'subscribed', expiresS: 0 }, 0))).toEqual([
      'terminated;reason=timeout',
    ]);
  });

  test('that ends while a NOTIFY is under way sends the last one after it', () => {
    const subscription = new Subscription(0);
    subscription.receive({ kind: 'subscribed', expiresS: 60 }, 0);
    expect(kinds(subscription.receive({ kind: 'withdrawn', reason: 'noresource' }, 5))).toEqual([]);
    expect(kinds(subscription.receive({ kind: 'notified' }, 10))).toEqual(['terminated;reason=noresource']);
    expect(kinds(subscription.receive({ kind: 'notified' }, 20))).toEqual(['ended']);
  });

  test('ends when a NOTIFY is refused or not answered (RFC 6665 §4.2.2)', () => {
    const subscription = new Subscription(0);
    subscription.receive({ kind: 'subscribed', expiresS: 60 }, 0);
    expect(kinds(subscription.receive({ kind: 'failed' }, 10))).toEqual(['ended']);
  });

  test('whatever happens, has one NOTIFY under way at most, and none after its end', () => {
    const input: fc.Arbitrary<SubscriptionInput> = fc.oneof(
      fc.record({ kind: fc.constant('subscribed' as const), expiresS: fc.constantFrom(0, 1, 60) }),
      fc.record({ kind: fc.constantFrom('changed', 'woken', 'notified', 'failed') }),
      fc.constant({ kind: 'withdrawn', reason: 'noresource' } as const),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(input, fc.nat(40_000)), { maxLength: 40 }), (steps) => {
        const subscription = new Subscription(5000);
        subscription.receive({ kind: 'subscribed', expiresS: 60 }, 0);
        let underWay = 1;
        let nowMs = 0;
        for (const [what, ms] of steps) {
          nowMs += ms;
          if ((what.kind === 'notified' || what.kind === 'failed') && underWay === 0) continue;
          if (what.kind === 'notified' || what.kind === 'failed') underWay--;
          const actions = subscription.receive(what, nowMs);
          underWay += actions.filter(({ kind }) => kind === 'notify').length;
          expect(underWay).toBeLessThanOrEqual(1);
          if (actions.some(({ kind }) => kind === 'ended')) {
            expect(underWay).toBe(0);
            return;
          }
        }
      }),
    );
  });
});
