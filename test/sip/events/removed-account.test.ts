import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Phone } from '../core/sip-world.ts';
import { EventWorld, stateOf } from './event-world.ts';

let world: EventWorld;
let alice: Phone;
let bob: Phone;

beforeEach(async () => {
  world = await EventWorld.open();
  alice = world.sip.phone({ address: '192.0.2.7' });
  bob = world.sip.phone({ address: '192.0.2.8' });
});
afterEach(() => world.close());

test('with an account go its publications, the messages that wait for it, and who watches it is told', async () => {
  world.subscribe(alice, 'presence');
  alice.answer('NOTIFY', 200);
  alice.send('MESSAGE', { headers: ['Content-Type: text/plain'], body: 'hello', callId: 'm' });
  bob.send('PUBLISH', {
    from: 'sip:bob@example.org',
    headers: ['Event: presence', 'Content-Type: application/pidf+xml'],
    body: '<presence/>',
  });
  await world.settle(6_000);
  alice.answer('NOTIFY', 200);
  expect(world.agent.figures).toEqual({ subscriptions: 1, publications: 1, waitingMessages: 1 });
  world.agent.accountRemoved('bob@example.org');
  await world.settle(6_000);
  expect(stateOf(world.lastNotify(alice))).toBe('terminated;reason=noresource');
  alice.answer('NOTIFY', 200);
  await world.settle();
  expect(world.agent.figures).toEqual({ subscriptions: 0, publications: 0, waitingMessages: 0 });
  await world.restart();
  expect(world.agent.figures).toEqual({ subscriptions: 0, publications: 0, waitingMessages: 0 });
});

test('an account that is gone watches nobody any more', async () => {
  world.sip.verdict = () => ({ kind: 'ok', account: world.sip.accounts.get('alice')! });
  const away = world.sip.phone({ address: '198.51.100.7' });
  world.subscribe(away, 'presence');
  away.answer('NOTIFY', 200);
  world.agent.accountRemoved('alice@example.org');
  await world.settle();
  expect(stateOf(world.lastNotify(away))).toBe('terminated;reason=rejected');
  away.answer('NOTIFY', 200);
  expect(world.agent.figures.subscriptions).toBe(0);
});
