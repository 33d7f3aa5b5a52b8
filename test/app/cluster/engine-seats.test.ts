import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '#base';
import type { BusHandler, MemberBoot } from '#cluster';
import { VirtualClock } from '#io/sim';
import type { EngineHome } from '../../../src/app/cluster/engine-home.ts';
import { EngineSeats } from '../../../src/app/cluster/engine-seats.ts';

const boot = (name: string): MemberBoot => ({ member: `${name}/0`, boot: `boot of ${name}` });
const alpha = boot('alpha');

interface World {
  readonly clock: VirtualClock;
  readonly seats: EngineSeats;
  /** What the engine was told to do, with the time. */
  readonly done: string[];
  /** What a service of this server answers. */
  ask(service: string, body: unknown, from: MemberBoot): Promise<unknown>;
}

function world(self: MemberBoot, answer: () => unknown, ready: string[] = []): World {
  const clock = new VirtualClock();
  const done: string[] = [];
  const handlers = new Map<string, BusHandler>();
  const say = (what: string): void => void done.push(`${clock.nowMs()} ${what}`);
  const said = (what: string): Promise<void> => {
    say(what);
    return Promise.resolve();
  };
  const all = {
    seat: ({ name }: { name: string }) => {
      say(`seat ${name}`);
      return Promise.resolve({ role: 'voter', memberId: '1', join: [] });
    },
    seated: () => said('seated'),
    promoteReady: () => {
      if (ready.length > 0) say(`vote for ${ready.join()}`);
      return Promise.resolve(ready.splice(0));
    },
  };
  const engine = {
    local: { clientPort: 5568, peerPort: 5569 },
    isRunning: false,
    hasRecord: () => Promise.resolve(false),
    makePeerRequest: () => Promise.resolve({ requestDer: Buffer.from('request'), privateKeyPem: 'key' }),
    keep: () => Promise.resolve(),
    start: () => said('start'),
    signPeer: () => Promise.resolve('certificate'),
    all,
  };
  const seats = new EngineSeats({
    bus: {
      self,
      serve: (service, handler) => {
        handlers.set(service, handler);
        return () => undefined;
      },
      call: (_to, service) => {
        say(service);
        return Promise.resolve(answer());
      },
    },
    controllership: { controller: () => alpha, isController: () => self === alpha },
    engine: engine as unknown as EngineHome,
    host: '192.0.2.1',
    clock,
    logger: silentLogger,
    seated: () => undefined,
    changed: () => say('changed'),
  });
  onTestFinished(() => seats.stop());
  return {
    clock,
    seats,
    done,
    ask: (service, body, from) => Promise.resolve(handlers.get(service)!(body, from)),
  };
}

describe('seats of the engine', () => {
  test('a server without a place asks again when one may be free, without waiting for its turn', async () => {
    const answers = [{ role: 'client', join: [] }, { role: 'voter', join: [], certificate: 'certificate' }, null];
    const { seats, clock, done } = world(boot('delta'), () => answers.shift());
    seats.ask();
    await clock.run(60_000);
    expect(done).toEqual(['0 engine/seat']);
    seats.ask();
    await clock.run(1_000);
    expect(done.slice(1)).toEqual(['60000 engine/seat', '60000 start', '60000 engine/seated']);
  });

  test('the third server is let in when the second one has settled: the engine would make it wait with two voters', async () => {
    const { ask, clock, done } = world(alpha, () => null);
    await clock.run(1_000);
    await ask('engine/seated', {}, boot('beta'));
    await clock.run(2_000);
    const asked = { host: '192.0.2.3', peerPort: 5569, request: '' };
    const seat = ask('engine/seat', asked, boot('gamma'));
    await clock.run(10_000);
    expect(await seat).toEqual({ role: 'voter', join: [], certificate: 'certificate' });
    expect(done).toEqual(['1000 changed', '6500 seat gamma']);
  });

  test('a server that was let in by a controller that has died gets its vote from the next one', async () => {
    const { clock, done } = world(alpha, () => null, ['gamma']);
    await clock.run(30_000);
    expect(done).toEqual(['10000 vote for gamma', '10000 changed']);
  });
});
