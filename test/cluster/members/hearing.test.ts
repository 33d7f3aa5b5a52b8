import { expect, test } from 'vitest';
import { VirtualClock } from '#io/sim';
import type { BusLink } from '../../../src/cluster/bus.ts';
import { defaultBusTiming } from '../../../src/cluster/bus/limits.ts';
import { Hearing } from '../../../src/cluster/members/hearing.ts';
import type { MemberId } from '../../../src/cluster/member-id.ts';

const member = 'beta/0' as MemberId;
const first = { member, boot: 'first' };
const second = { member, boot: 'second' };
const link = (to: typeof first, state: BusLink['state'], cause = ''): BusLink => ({
  ...{ to, state, cause },
  ...{ roundTripMs: undefined, heardByMs: undefined },
});

function hears() {
  const clock = new VirtualClock();
  return { clock, hearing: new Hearing(clock) };
}

test('of a member that the bus never reached nothing has come, until a report of it does', () => {
  const { clock, hearing } = hears();
  expect(hearing.doubt(first)).toBe('the bus has not reached it yet');
  expect(hearing.isLinkDown(first)).toBe(false);
  hearing.reported(member);
  // Nobody can say since when the bus would have heard it: it is not silent for that.
  expect(hearing.silentSinceMs(first)).toBe(Infinity);
  hearing.follow(link(first, 'down', 'refused'));
  expect(hearing.silentSinceMs(first)).toBe(clock.nowMs());
});

test('silence counts from the last that came, over the bus or through the engine', async () => {
  const { clock, hearing } = hears();
  hearing.follow(link(first, 'up'));
  expect([hearing.silentSinceMs(first), hearing.doubt(first)]).toEqual([clock.nowMs(), '']);
  await clock.run(10_000);
  hearing.follow(link(first, 'silent', 'nothing heard'));
  const saidAtMs = clock.nowMs();
  expect(hearing.silentSinceMs(first)).toBe(saidAtMs - defaultBusTiming.silentAfterMs);
  expect(hearing.doubt(first)).toBe('nothing heard');
  await clock.run(1_000);
  hearing.follow(link(first, 'down', 'broken'));
  expect(hearing.silentSinceMs(first), 'that the link breaks is no sign of life').toBe(
    saidAtMs - defaultBusTiming.silentAfterMs,
  );
  expect(hearing.isLinkDown(first)).toBe(true);
  hearing.reported(member);
  expect(hearing.silentSinceMs(first)).toBe(clock.nowMs());
});

test('the end of an earlier boot says nothing of the one that runs', () => {
  const { hearing } = hears();
  expect(hearing.follow(link(first, 'up'))).toBe(true);
  expect(hearing.follow(link(second, 'up'))).toBe(true);
  expect(hearing.follow(link(first, 'down', 'broken'))).toBe(false);
  expect(hearing.doubt(second)).toBe('');
  expect(hearing.doubt(first)).toBe('the bus has not reached it yet');
  expect(hearing.follow(link(second, 'up')), 'nothing new').toBe(false);
});
