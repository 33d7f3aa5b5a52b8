import { beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '#base';
import { VirtualClock } from '#io/sim';
import { lastCalls, type LeavingMember } from '../../../src/app/member/last-calls.ts';
import type { ServerOptions } from '../../../src/app/server-options.ts';

let clock: VirtualClock;
let calls: number;
/** Of the other thread of the server, as it reports. */
let callsElsewhere: number;
let happened: string[];
let isOver: boolean;

beforeEach(() => {
  clock = new VirtualClock();
  calls = 0;
  callsElsewhere = 0;
  happened = [];
  isOver = false;
});

const alone: LeavingMember = {
  place: undefined,
  mediaCalls: () => calls,
  refuseCalls: () => happened.push('new calls are refused'),
};

const place = {
  registry: {
    self: { id: 'alpha/0' },
    members: () => [
      { info: { id: 'alpha/0' }, load: { mediaCalls: 99 } },
      { info: { id: 'alpha/1' }, load: { mediaCalls: callsElsewhere } },
      { info: { id: 'beta/0' }, load: { mediaCalls: 99 } },
    ],
    announce: ({ isDraining }: { isDraining: boolean }) => {
      happened.push(`self drains: ${isDraining}`);
      return Promise.resolve();
    },
  },
  bus: {
    call: (id: string) => {
      happened.push(`${id} drains`);
      return Promise.resolve();
    },
  },
} as unknown as LeavingMember['place'];

async function leave(member: LeavingMember, stopS: number): Promise<void> {
  const options = { config: { media: { stopS } }, io: { clock }, logger: silentLogger };
  void lastCalls(member, options as unknown as ServerOptions).then(() => (isOver = true));
  await clock.run(0);
}

describe('an orderly stop', () => {
  test('waits for nothing where that is not set', async () => {
    calls = 3;
    await leave(alone, 0);
    expect(isOver).toBe(true);
    expect(happened).toEqual([]);
  });

  test('of a server that stands alone refuses new calls and waits for the end of those whose media it relays', async () => {
    calls = 2;
    await leave(alone, 600);
    expect(happened).toEqual(['new calls are refused']);
    await clock.run(60_000);
    expect(isOver).toBe(false);
    calls = 0;
    await clock.run(250);
    expect(isOver).toBe(true);
  });

  test('waits so long and no longer', async () => {
    calls = 1;
    await leave(alone, 10);
    await clock.run(9_500);
    expect(isOver).toBe(false);
    await clock.run(600);
    expect(isOver).toBe(true);
  });

  test('of a server in a cluster hands new calls to others, and counts those of all its own members', async () => {
    callsElsewhere = 1;
    await leave({ ...alone, place }, 600);
    expect(happened).toEqual(['self drains: true', 'alpha/1 drains']);
    await clock.run(60_000);
    expect(isOver).toBe(false);
    callsElsewhere = 0;
    await clock.run(250);
    expect(isOver).toBe(true);
  });

  test('does not believe reports of before', async () => {
    await leave({ ...alone, place }, 600);
    await clock.run(1_000);
    callsElsewhere = 1;
    await clock.run(10_000);
    expect(isOver).toBe(false);
  });
});
