import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockReader } from '../../src/softether/codec/block-reader.ts';
import { everybody, frame, mac, sizeOf, TestHub, type TestSession } from './hub-fixture.ts';
import { ReferenceSwitch, type ReferencePort } from './reference-switch.ts';

/** Few addresses, so that they meet, move and reach the limits. */
const addresses = [everybody, Buffer.from('01005e000001', 'hex'), ...[1, 2, 3, 4, 5, 6, 7].map(mac)];
const address = fc.nat(addresses.length - 1);

type Step =
  | { readonly kind: 'frames'; readonly port: number; readonly frames: readonly (readonly [number, number, number])[] }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'replace'; readonly port: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('frames' as const),
      port: fc.nat(5),
      frames: fc.array(fc.tuple(address, address, fc.nat(300)), { minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(0.3, 1, 12, 14, 599, 620) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace' as const), port: fc.nat(5) }) },
);

/** One port of both switches, with a stream reader in front of the fast one. */
class Pair {
  readonly session: TestSession;
  readonly reader: BlockReader;
  readonly port: ReferencePort;

  constructor(test: TestHub, reference: ReferenceSwitch, n: number, generation: number) {
    const policies = [{}, { NoBridge: true }, { CheckMac: true }, {}, { MaxMac: 4, CheckMac: true }, {}];
    const policy = policies[n]!;
    const isMonitor = n === 5;
    const session = test.attach(`s${n}.${generation}`, policy, 'client', { isMonitor });
    this.session = session;
    this.reader = new BlockReader({ run: (buf, from, to, frames) => session.port.receive(buf, from, to, frames) });
    const maxMacs = n === 1 ? 3 : n === 4 ? 4 : Infinity;
    this.port = reference.attach(session.name, isMonitor, maxMacs, 'CheckMac' in policy);
  }
}

describe('the switch', () => {
  it('delivers, learns and counts as a plain learning switch does, however the streams are cut', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 400 }), (steps, chunkBytes) => {
        const maxMacs = 6;
        const test = new TestHub({ maxMacEntries: maxMacs });
        const reference = new ReferenceSwitch(maxMacs);
        let generation = 0;
        const pairs = [0, 1, 2, 3, 4, 5].map((n) => new Pair(test, reference, n, generation++));
        const tick = (): number => Math.floor(test.clock.nowMs() / 1000);
        for (const one of steps) {
          if (one.kind === 'wait') {
            // Both sweep at the same moments: when a second has passed that is a multiple of ten.
            for (let left = one.seconds; left > 0; left -= 1) {
              const before = tick();
              test.clock.advance(Math.min(left, 1) * 1000);
              if (tick() !== before && tick() % 10 === 0) reference.expire(tick());
            }
          } else if (one.kind === 'replace') {
            test.hub.detach(pairs[one.port]!.session.port);
            reference.detach(pairs[one.port]!.port);
            pairs[one.port] = new Pair(test, reference, one.port, generation++);
          } else {
            const pair = pairs[one.port]!;
            const frames = one.frames.map(([to, from, size]) =>
              frame(addresses[to]!, addresses[from]!, 'x'.repeat(size)),
            );
            const stream = Buffer.concat([
              sizeOf(Buffer.alloc(frames.length)),
              ...frames.flatMap((f) => [sizeOf(f), f]),
            ]);
            for (let at = 0; at < stream.length; at += chunkBytes) {
              pair.reader.push(Buffer.from(stream.subarray(at, at + chunkBytes)));
            }
            pair.session.port.endOfRead();
            test.clock.advance(0);
            for (const bytes of frames) reference.receive(pair.port, bytes, tick());
          }
        }
        for (const { session, port } of pairs) {
          expect(session.frames).toEqual(port.delivered);
          const { traffic } = session.port;
          expect([traffic.sendUnicastCount, traffic.sendBroadcastCount]).toEqual([
            port.sentUnicast,
            port.sentBroadcast,
          ]);
          expect(session.port.refusedFrames).toBe(port.refused);
          expect(traffic.recvUnicastCount + traffic.recvBroadcastCount).toBe(port.delivered.length);
        }
        expect(test.macs()).toEqual([...reference.macs].map(([bytes, { port }]) => `${port.name} ${bytes}`).sort());
      }),
      { numRuns: 300 },
    );
  });
});
