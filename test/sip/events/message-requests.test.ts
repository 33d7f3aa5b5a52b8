import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Phone } from '../core/sip-world.ts';
import { bodyOf, EventWorld } from './event-world.ts';

let world: EventWorld;
let alice: Phone;
let bob: Phone;

beforeEach(async () => {
  world = await EventWorld.open();
  alice = world.sip.phone({ address: '192.0.2.7' });
  bob = world.sip.phone({ address: '192.0.2.8' });
});
afterEach(() => world.close());

const say = (text: string): void => {
  alice.send('MESSAGE', { headers: ['Content-Type: text/plain'], body: text, callId: text });
};
const heard = (phone: Phone): string[] => [...new Set(world.sent(phone, 'MESSAGE').map(bodyOf))];
const told = (): string[] => world.sip.words().filter((word) => word.endsWith(alice.name));
const waiting = (): number => world.agent.figures.waitingMessages;

describe('MESSAGE to a contact where nobody answers', () => {
  test('is stored and answered with 202 long before its sender gives up (timer F, 32 s)', async () => {
    world.register('bob', bob);
    say('hello');
    await world.settle(7_900);
    expect(told()).toEqual([]);
    await world.settle(200);
    expect(told()).toEqual([`202 → ${alice.name}`]);
    expect(waiting()).toBe(1);
  });

  test('is not sent there again after it was stored', async () => {
    world.register('bob', bob);
    say('hello');
    await world.settle(8_100);
    const before = world.sent(bob, 'MESSAGE').length;
    await world.settle(40_000);
    expect(world.sent(bob, 'MESSAGE')).toHaveLength(before);
    expect(told()).toEqual([`202 → ${alice.name}`]);
  });

  test('is delivered at the next registration, in order and once, also after a restart', async () => {
    const dead = world.sip.phone({ address: '192.0.2.99' });
    world.register('bob', dead);
    say('one');
    await world.settle(8_100);
    // Others do not overtake it.
    say('two');
    await world.settle(100);
    expect(told()).toEqual([`202 → ${alice.name}`, `202 → ${alice.name}`]);
    await world.settle(40_000);
    await world.restart();
    world.register('bob', bob);
    await world.settle();
    expect(heard(bob)).toEqual(['one']);
    bob.answer('MESSAGE', 200);
    await world.settle();
    bob.answer('MESSAGE', 200);
    await world.settle(60_000);
    expect(heard(bob)).toEqual(['one', 'two']);
    expect(waiting()).toBe(0);
    world.sip.take();
    world.register('bob', bob);
    await world.settle(1_000);
    expect(heard(bob)).toEqual([]);
  });

  test('is not delivered twice when the answer was only late', async () => {
    world.register('bob', bob);
    say('hello');
    await world.settle(9_000);
    expect(waiting()).toBe(1);
    bob.answer('MESSAGE', 200);
    await world.settle(100);
    expect(waiting()).toBe(0);
    expect(told()).toEqual([`202 → ${alice.name}`]);
  });

  test('reaches the other telephone of the account, with the 200 of that one', async () => {
    const dead = world.sip.phone({ address: '192.0.2.99' });
    world.sip.bind('bob', dead);
    world.sip.bind('bob', bob);
    say('hello');
    bob.answer('MESSAGE', 200);
    await world.settle(40_000);
    expect(told()).toEqual([`200 → ${alice.name}`]);
    expect(waiting()).toBe(0);
  });

  test.each([408, 430, 480, 503])('that answers %i, is stored at once', async (status) => {
    world.register('bob', bob);
    say('hello');
    bob.answer('MESSAGE', status);
    await world.settle();
    expect(told()).toEqual([`202 → ${alice.name}`]);
    expect(waiting()).toBe(1);
  });

  test('whose connection has gone, is stored at once', async () => {
    world.register('bob', bob);
    say('hello');
    world.sip.out.find(({ to }) => to === bob.name)?.failed(new Error('connection refused'));
    await world.settle();
    expect(told()).toEqual([`202 → ${alice.name}`]);
  });

  test.each([403, 415, 488, 603])('that refuses it with %i, is not stored: the sender shall know', async (status) => {
    world.register('bob', bob);
    say('hello');
    bob.answer('MESSAGE', status);
    await world.settle();
    expect(told()).toEqual([`${status} → ${alice.name}`]);
    expect(waiting()).toBe(0);
  });

  test('does not hold up the next message at a contact where somebody is', async () => {
    say('one');
    say('two');
    await world.settle();
    world.register('bob', world.sip.phone({ address: '192.0.2.99' }), bob);
    await world.settle();
    bob.answer('MESSAGE', 200);
    await world.settle(100);
    expect(heard(bob)).toEqual(['one', 'two']);
  });
});
