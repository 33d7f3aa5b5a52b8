import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCallCopy, type CallCopy } from '../../src/media/call-copy.ts';
import type { MediaCall } from '../../src/media/media-call.ts';
import { audio, MediaWorld, own4, places, wan } from './media-world.ts';

const travelled = (copy: CallCopy | undefined): CallCopy => readCallCopy(JSON.parse(JSON.stringify(copy)))!;
const listener = { silent: () => undefined };

function upIn(world: MediaWorld): MediaCall {
  const call = world.call({ isUnderWay: true });
  call.offer('a', audio('192.168.1.2', 5004, 'a=rtcp-mux'));
  call.up();
  call.answer('b', audio('10.0.0.50', 6000), true);
  return call;
}

const restoredIn = (world: MediaWorld, copy: CallCopy): MediaCall => {
  const call = world.proxy.restore(travelled(copy), listener);
  if (call.kind === 'refused') throw new Error(call.reason);
  return call;
};

describe('the copy of a call', () => {
  test('opens the same relay elsewhere, and descriptions name the same ports and versions there', () => {
    const world = new MediaWorld();
    const call = upIn(world);
    const other = new MediaWorld({ ports: { first: 20_000, last: 20_019 } });
    other.wallMs += 100_000;
    const restored = restoredIn(other, call.copy()!);
    expect(other.session.plan).toEqual(world.session.plan);
    const [here, there] = [call, restored].map((one) => one.offer('a', audio('192.168.1.2', 5006)));
    expect(there).toEqual(here);
    expect(places(there!)).toEqual([`${own4} 10002`]);
    const answer = audio('10.0.0.50', 6002);
    expect(restored.answer('b', answer, true)).toEqual(call.answer('b', answer, true));
    expect(places(restored.reword('b', answer))).toEqual([`${wan} 10000`]);
    expect(other.session.plan).toEqual(world.session.plan);
  });

  test('is of one that is up, and no other', () => {
    const world = new MediaWorld();
    const call = world.call();
    expect(call.copy()).toBeUndefined();
    call.offer('a', audio('192.168.1.2', 5004));
    expect(call.copy()).toBeUndefined();
    call.up();
    expect(call.copy()).toBeDefined();
    call.end();
    expect(call.copy()).toBeUndefined();
  });

  test('takes the ports out of the pool where they are of it, and gives back no others', () => {
    const world = new MediaWorld();
    const copy = upIn(world).copy()!;
    const same = new MediaWorld();
    const again = restoredIn(same, copy);
    expect([same.ports.isTaken(10_000), same.ports.isTaken(10_002), same.ports.free]).toEqual([true, true, 8]);
    expect([same.ports.take(), same.ports.take()].includes(10_000)).toBe(false);
    again.end();
    expect(same.ports.free).toBe(8);
    // The same numbers are in use here, on another address.
    const busy = new MediaWorld();
    upIn(busy);
    restoredIn(busy, copy).end();
    expect([busy.ports.isTaken(10_000), busy.ports.isTaken(10_002)]).toEqual([true, true]);
    const far = new MediaWorld({ ports: { first: 20_000, last: 20_019 } });
    restoredIn(far, copy).end();
    expect([far.ports.free, far.proxy.figures().takenOver]).toEqual([10, 1]);
  });

  test('of a call whose ports somebody has opens nothing, and leaves all free', () => {
    const copy = upIn(new MediaWorld()).copy()!;
    const world = new MediaWorld();
    world.relay.busy.add(10_002);
    expect(world.proxy.restore(copy, listener).kind).toBe('refused');
    expect(world.ports.free).toBe(10);
    expect(world.proxy.figures()).toMatchObject({ calls: 0, takenOver: 0 });
  });

  test('takes new streams from the own pool', () => {
    const other = new MediaWorld({ ports: { first: 20_000, last: 20_019 } });
    const restored = restoredIn(other, upIn(new MediaWorld()).copy()!);
    const two = audio('192.168.1.2', 5004, 'm=video 5008 RTP/AVP 31');
    expect(places(restored.offer('a', two))).toEqual([`${own4} 10002`, `${own4} 20002`]);
    restored.end();
    expect(other.ports.free).toBe(10);
  });
});

test('anything that is no copy is refused, whatever it is', () => {
  const copy = JSON.stringify(upIn(new MediaWorld()).copy());
  fc.assert(
    fc.property(fc.nat(copy.length - 1), fc.constantFrom('', '0', '-1', '"', 'null', '[]', '{}', '1e9'), (at, put) => {
      const text = copy.slice(0, at) + put + copy.slice(at + 1);
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        return;
      }
      const read = readCallCopy(value);
      if (read !== undefined) expect(travelled(read)).toEqual(read);
    }),
  );
  for (const value of [
    undefined,
    null,
    1,
    'x',
    [],
    {},
    { ...(JSON.parse(copy) as object), ports: Array(65).fill(null) },
  ])
    expect(readCallCopy(value)).toBeUndefined();
});
