import { beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '#base';
import type { ClusterStep, MemberId, MemberView, RunningCluster } from '#cluster';
import { VirtualClock } from '#io/sim';
import { drainOwnServer, drainServer } from '../../../src/cluster/join/drain-server.ts';

const waitMs = 60_000;

/** Alpha controls; beta has one member. */
class World {
  readonly clock = new VirtualClock();
  readonly steps: ClusterStep[] = [];
  readonly asked: string[] = [];
  readonly views = new Map<string, { isDraining: boolean; sessions: number; mediaCalls: number | undefined }>();
  readonly #listeners = new Set<() => void>();
  isDone = false;

  constructor() {
    this.views.set('alpha/0', { isDraining: false, sessions: 9, mediaCalls: 9 });
    this.views.set('beta/0', { isDraining: false, sessions: 0, mediaCalls: undefined });
  }

  get running(): RunningCluster {
    const view = (id: string): MemberView | undefined => {
      const one = this.views.get(id);
      if (one === undefined) return undefined;
      const { isDraining, ...load } = one;
      return { info: { id, isDraining }, load } as unknown as MemberView;
    };
    const self = { id: 'alpha/0' };
    return {
      membership: {
        self,
        members: () => [...this.views.keys()].map((id) => view(id)!),
        find: (id: MemberId) => view(id),
        announce: ({ isDraining }: { isDraining: boolean }) => {
          this.views.get('alpha/0')!.isDraining = isDraining;
          return Promise.resolve();
        },
        onChange: (changed: () => void) => {
          this.#listeners.add(changed);
          return () => this.#listeners.delete(changed);
        },
      },
      bus: {
        call: (id: string, _service: string, { isDraining }: { isDraining: boolean }) => {
          this.asked.push(id);
          this.views.get(id)!.isDraining = isDraining;
          return Promise.resolve();
        },
      },
    } as unknown as RunningCluster;
  }

  report(id: string, load: { sessions?: number; mediaCalls?: number; isDraining?: boolean }): void {
    Object.assign(this.views.get(id)!, load);
    for (const listener of [...this.#listeners]) listener();
  }

  async drain(isDraining = true): Promise<void> {
    const { clock } = this;
    const request = { serverName: 'beta', isDraining, clock, drainCallsMs: waitMs };
    void drainServer(this.running, request, (step) => this.steps.push(step)).then(() => (this.isDone = true));
    await this.clock.run(0);
  }

  get last(): string {
    const { state, text } = this.steps.at(-1)!;
    return `${state}: ${text}`;
  }
}

let world: World;
beforeEach(() => (world = new World()));

describe('a drain', () => {
  test('of a server without sessions and calls is done at once', async () => {
    await world.drain();
    expect(world.isDone).toBe(true);
    expect(world.last).toBe('done: no session is left on beta/0, and no call whose media go through it');
  });

  test('waits for sessions and for calls whose media go through the server, and says how many are left', async () => {
    Object.assign(world.views.get('beta/0')!, { sessions: 2, mediaCalls: 3 });
    await world.drain();
    expect(world.last).toBe(
      'started: 2 sessions on beta/0 are told to connect again; 3 calls have their media through beta/0, and may end',
    );
    world.report('beta/0', { sessions: 0, mediaCalls: 1 });
    await world.clock.run(0);
    expect(world.last).toBe('started: 1 call has its media through beta/0, and may end');
    expect(world.isDone).toBe(false);
    world.report('beta/0', { mediaCalls: 0 });
    await world.clock.run(0);
    expect(world.isDone).toBe(true);
    expect(world.clock.pendingTimers).toBe(0);
  });

  test('gives calls their time and no more, and says what becomes of those that are left', async () => {
    Object.assign(world.views.get('beta/0')!, { mediaCalls: 3 });
    await world.drain();
    await world.clock.run(waitMs - 1);
    expect(world.isDone).toBe(false);
    await world.clock.run(1);
    expect(world.isDone).toBe(true);
    expect(world.last).toMatch(/^warning: 3 calls have their media through beta\/0 still: nobody is heard/);
  });

  test('waits on for sessions when the time of calls is over', async () => {
    Object.assign(world.views.get('beta/0')!, { sessions: 1, mediaCalls: 3 });
    await world.drain();
    await world.clock.run(waitMs + 1);
    expect(world.isDone).toBe(false);
    world.report('beta/0', { sessions: 0 });
    await world.clock.run(0);
    expect(world.isDone).toBe(true);
  });

  test('ends when it is taken back', async () => {
    Object.assign(world.views.get('beta/0')!, { mediaCalls: 3 });
    await world.drain();
    world.report('beta/0', { isDraining: false });
    await world.clock.run(0);
    expect(world.isDone).toBe(true);
  });

  test('that is taken back waits for nothing', async () => {
    Object.assign(world.views.get('beta/0')!, { mediaCalls: 3 });
    await world.drain(false);
    expect(world.isDone).toBe(true);
  });
});

test('a server that is about to stop drains its own members, and no others', async () => {
  world.views.set('alpha/1', { isDraining: false, sessions: 0, mediaCalls: 0 });
  await drainOwnServer({ ...world.running, logger: silentLogger });
  expect(world.asked).toEqual(['alpha/1']);
  expect([...world.views].filter(([, { isDraining }]) => isDraining).map(([id]) => id)).toEqual(['alpha/0', 'alpha/1']);
});
