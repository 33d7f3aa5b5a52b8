import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frameKinds, type Frame } from '../../../src/sip/farm/frame.ts';
import { FrameCodec } from '../../../src/sip/farm/frame-codec.ts';
import { FrameSeal } from '../../../src/sip/farm/frame-seal.ts';
import { REPLAY_WINDOW, ReplayWindow } from '../../../src/sip/farm/replay-window.ts';
import { transportNames } from '../../../src/sip/transport/transport-name.ts';

const seal = new FrameSeal(Buffer.alloc(32, 5));
const codec = new FrameCodec(seal);
const token = fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdefz')), minLength: 1, maxLength: 16 });
const address = fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::7', '::1', '::', '0.0.0.0', 'fe80::1%eth0'));
const port = fc.integer({ min: 0, max: 65_535 });
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const long = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const frames: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constantFrom(...frameKinds),
  sender: token,
  holder: fc.oneof(token, fc.constant('')),
  boot: word,
  receiverBoot: word,
  sequence: long,
  subject: long,
  transport: fc.constantFrom(...transportNames),
  socketId: word,
  connectionId: long,
  localAddress: address,
  localPort: port,
  remoteAddress: address,
  remotePort: port,
  tlsName: fc.constantFrom('', 'sip.example.org'),
  rest: fc.array(token, { maxLength: 9 }),
  isNamed: fc.boolean(),
  path: fc.array(token, { maxLength: 4 }),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});
const one: Frame = fc.sample(frames, { seed: 1, numRuns: 1 })[0]!;

describe('a frame', () => {
  test('comes out as it went in', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(codec.decode(codec.encode(frame))).toEqual(frame);
      }),
      { numRuns: 500 },
    );
  });

  test('begins as the PROXY protocol says, version 2, a datagram, the remote side first', () => {
    const bytes = codec.encode({
      ...one,
      remoteAddress: '192.0.2.7',
      remotePort: 5060,
      localAddress: '192.0.2.1',
      localPort: 5061,
    });
    expect(bytes.toString('hex', 0, 14)).toBe('0d0a0d0a000d0a515549540a2112');
    expect(bytes.toString('hex', 16, 28)).toBe('c0000207' + 'c0000201' + '13c4' + '13c5');
    expect(bytes.subarray(16 + bytes.readUInt16BE(14))).toEqual(one.payload);
  });

  test('with any bit changed is none, nor is one that was cut or made longer', () => {
    fc.assert(
      fc.property(frames, fc.nat(), fc.integer({ min: 0, max: 7 }), fc.nat(40), (frame, place, bit, more) => {
        const bytes = codec.encode(frame);
        const changed = Buffer.from(bytes);
        changed[place % bytes.length]! ^= 1 << bit;
        expect(codec.decode(changed)).toBeUndefined();
        expect(codec.decode(bytes.subarray(0, place % bytes.length))).toBeUndefined();
        expect(codec.decode(Buffer.concat([bytes, Buffer.alloc(more + 1)]))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test('of another farm is none, and noise is none', () => {
    const other = new FrameCodec(new FrameSeal(Buffer.alloc(32, 6)));
    fc.assert(
      fc.property(frames, fc.uint8Array({ maxLength: 200 }), (frame, noise) => {
        expect(codec.decode(other.encode(frame))).toBeUndefined();
        expect(codec.decode(Buffer.from(noise))).toBeUndefined();
      }),
    );
  });

  test('whose header was made of noise, and sealed, is read without a throw', () => {
    const whole = codec.encode({ ...one, payload: Buffer.alloc(0) });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(whole);
        // Not the signature, not the seal's own head.
        for (const [at, value] of changes) bytes[14 + (at % (bytes.length - 33))] = value;
        const sealAt = 16 + bytes.readUInt16BE(14) - 16;
        if (sealAt >= 16 && sealAt + 16 <= bytes.length) seal.write(bytes, sealAt);
        expect(() => codec.decode(bytes)).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });

  test('beyond its limits is not made', () => {
    for (const wrong of [
      { sender: 'x'.repeat(17) },
      { rest: Array.from({ length: 10 }, () => 'm1') },
      { tlsName: 'x'.repeat(256) },
      { payload: Buffer.alloc(262_145) },
      { sequence: 2 ** 48 },
    ]) {
      expect(() => codec.encode({ ...one, ...wrong })).toThrow(RangeError);
    }
    expect(() => new FrameSeal(Buffer.alloc(8))).toThrow(/16 or more/);
  });
});

describe('the replay window', () => {
  test('takes each number once, in whatever order, as far as it reaches', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 400 }), (numbers) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let newest = 0;
        for (const number of numbers) {
          const isTooOld = number <= newest - REPLAY_WINDOW;
          expect(window.accept(number)).toBe(!isTooOld && !seen.has(number));
          if (!isTooOld) seen.add(number);
          newest = Math.max(newest, number);
        }
      }),
    );
  });

  test('takes nothing below one', () => {
    const window = new ReplayWindow();
    expect(window.accept(0)).toBe(false);
    expect(window.accept(2 ** 47)).toBe(true);
    expect(window.accept(2 ** 47)).toBe(false);
    expect(window.accept(2 ** 47 - 1)).toBe(true);
  });
});
