import { describe, expect, test } from 'vitest';
import { KeepingWorld, type KeepingMember } from './keeping-world.ts';

const calls = Array.from({ length: 4 }, (_, at) => `call-${at}`);

/** Two threads of one server, and another server. */
function set(): { world: KeepingWorld; one: KeepingMember; sibling: KeepingMember; other: KeepingMember } {
  const world = new KeepingWorld();
  const one = world.join('one', 'east', '10.0.0.1');
  const sibling = world.join('sibling', 'east', '10.0.0.1');
  const other = world.join('other', 'west', '10.0.0.2');
  return { world, one, sibling, other };
}

const talking = (world: KeepingWorld, member: KeepingMember): void => {
  for (const callId of calls) member.call(callId);
  world.clock.advance(200);
};

describe('the media of a member that dies', () => {
  test('go on at another member of its machine, with the same ports', () => {
    const { world, one, sibling, other } = set();
    talking(world, one);
    const before = [...world.bound].sort();
    one.die();
    world.clock.advance(10);
    expect(sibling.taken.toSorted()).toEqual(calls);
    expect(other.taken).toEqual([]);
    expect([...world.bound].sort()).toEqual(before);
    expect(sibling.media.proxy.figures()).toMatchObject({ calls: 4, takenOver: 4 });
  });

  test('wait until its sockets are closed: a member that hangs may come back', () => {
    const { world, one, sibling } = set();
    talking(world, one);
    one.die(false);
    world.clock.advance(20_000);
    expect(sibling.taken).toEqual([]);
    one.closeSockets();
    world.clock.advance(1_500);
    expect(sibling.taken.toSorted()).toEqual(calls);
  });

  test('go on at itself when its whole server has been started again', () => {
    const { world, one, sibling, other } = set();
    talking(world, one);
    sibling.die();
    one.die();
    const left = world.clock.nowMs();
    world.clock.advance(2_000);
    expect([one.taken, sibling.taken, other.taken]).toEqual([[], [], []]);
    one.comeBack();
    world.clock.advance(300);
    expect(one.taken.toSorted()).toEqual(calls);
    expect(world.clock.nowMs() - left).toBeLessThan(2_500);
  });

  test('go on where its address has moved to, whoever kept the copies', () => {
    const world = new KeepingWorld();
    const one = world.join('one', 'east', '10.0.0.100');
    const [west, north] = [world.join('west', 'west', '10.0.0.2'), world.join('north', 'north', '10.0.0.3')];
    talking(world, one);
    one.die();
    world.addressesOf('east').clear();
    world.clock.advance(3_000);
    world.addressesOf('north').add('10.0.0.100');
    world.clock.advance(6_000);
    expect([west.taken, north.taken.toSorted()]).toEqual([[], calls]);
  });

  /** A server with a floating address, and two others. */
  function floating(): { world: KeepingWorld; one: KeepingMember; west: KeepingMember; north: KeepingMember } {
    const world = new KeepingWorld();
    world.areRecordsLate = true;
    const one = world.join('one', 'east', '10.0.0.100');
    return {
      world,
      one,
      west: world.join('west', 'west', '10.0.0.2'),
      north: world.join('north', 'north', '10.0.0.3'),
    };
  }

  test.each(['west', 'north'] as const)(
    'go on at %s as soon as its address is there, whoever kept the copies',
    (heir) => {
      const { world, one, ...others } = floating();
      talking(world, one);
      one.die();
      world.addressesOf('east').clear();
      world.clock.advance(3_000);
      world.addressesOf(heir).add('10.0.0.100');
      world.clock.advance(300);
      expect(others[heir].taken.toSorted()).toEqual(calls);
      const { messages } = world;
      world.clock.advance(60_000);
      expect(world.messages - messages).toBeLessThan(10);
    },
  );

  test('are handed on once, while nobody has its address', () => {
    const { world, one } = floating();
    talking(world, one);
    one.die();
    world.addressesOf('east').clear();
    world.clock.advance(1_000);
    const { messages } = world;
    world.clock.advance(60_000);
    expect(world.messages).toBe(messages);
  });

  test('that end before its address is anywhere are not opened again', () => {
    const { world, one, west, north } = floating();
    talking(world, one);
    one.die();
    world.addressesOf('east').clear();
    world.clock.advance(1_000);
    west.keeping.endedElsewhere({ callId: 'call-2', fromTag: 'b', toTag: 'a' });
    world.clock.advance(10);
    world.addressesOf('north').add('10.0.0.100');
    world.clock.advance(1_000);
    expect(north.taken.toSorted()).toEqual(calls.filter((callId) => callId !== 'call-2'));
  });

  test('that are over, or were taken over before, are not opened again', () => {
    const { world, one, sibling, other } = set();
    talking(world, one);
    one.hangUp('call-0');
    world.clock.advance(200);
    one.die();
    world.clock.advance(500);
    sibling.hangUp('call-1');
    world.clock.advance(200);
    one.comeBack();
    world.clock.advance(10_000);
    expect([one.taken, sibling.taken.toSorted(), other.taken]).toEqual([[], calls.slice(1), []]);
    expect(sibling.dialogs.size).toBe(2);
  });

  test('are taken over a second time', () => {
    const { world, one, sibling, other } = set();
    const third = world.join('third', 'east', '10.0.0.1');
    talking(world, one);
    one.die();
    world.clock.advance(500);
    expect([...sibling.taken, ...third.taken].toSorted()).toEqual(calls);
    sibling.die();
    world.clock.advance(500);
    expect([...third.dialogs.keys()].toSorted()).toEqual(calls);
    expect(other.taken).toEqual([]);
  });

  test('end when a BYE comes to a member that only knows of them', () => {
    const { world, one, other, sibling } = set();
    talking(world, one);
    one.die();
    world.clock.advance(500);
    // Copies of a sole survivor of its machine are at the other server.
    other.keeping.endedElsewhere({ callId: 'call-2', fromTag: 'b', toTag: 'a' });
    world.clock.advance(10);
    expect(sibling.ended).toEqual([{ callId: 'call-2', fromTag: 'b', toTag: 'a' }]);
    expect(sibling.dialogs.has('call-2')).toBe(false);
  });

  test('go on within a second also when they are many', () => {
    const world = new KeepingWorld();
    const one = world.join('one', 'east', '10.0.0.1');
    const sibling = world.join('sibling', 'east', '10.0.0.1');
    const many = Array.from({ length: 700 }, (_, at) => `many-${at}`);
    for (const callId of many) one.call(callId);
    world.clock.advance(2_000);
    one.die();
    world.clock.advance(1_000);
    expect(sibling.taken).toHaveLength(many.length);
  });

  test('are not wanted any more after five minutes', () => {
    const { world, one, sibling, other } = set();
    talking(world, one);
    one.die();
    sibling.die();
    world.clock.advance(301_000);
    one.comeBack();
    world.clock.advance(10_000);
    expect([one.taken, other.taken]).toEqual([[], []]);
  });
});

test('calls that end at once are told to nobody, and those that change to each keeper once', () => {
  const { world, one } = set();
  one.call('short');
  one.hangUp('short');
  world.clock.advance(200);
  expect(world.messages).toBe(0);
  const dialog = one.call('long');
  for (let change = 0; change < 5; change++) one.keeping.changed(dialog);
  world.clock.advance(200);
  expect(world.messages).toBe(2);
});

test('what members have had before is told to one that comes', () => {
  const world = new KeepingWorld();
  const one = world.join('one', 'east', '10.0.0.1');
  talking(world, one);
  expect(world.messages).toBe(0);
  const late = world.join('late', 'east', '10.0.0.1');
  world.clock.advance(200);
  one.die();
  world.clock.advance(10);
  expect(late.taken.toSorted()).toEqual(calls);
});
