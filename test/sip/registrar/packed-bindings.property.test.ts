import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import { BindingPacker, countOf, firstExpiryS, unpackBindings } from '../../../src/sip/registrar/packed-bindings.ts';
import { transportNames } from '../../../src/sip/transport/transport-name.ts';

const seconds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const wireText = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const text = fc.oneof(
  { weight: 9, arbitrary: wireText(60) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }) },
);

const flow = fc.record({
  member: text,
  transport: fc.constantFrom(...transportNames),
  address: text,
  port: fc.integer({ min: 0, max: 65_535 }),
  socketId: seconds,
  connectionId: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
});

const binding: fc.Arbitrary<Binding> = fc.record({
  uri: fc.oneof(text, wireText(5_000)),
  params: text,
  q: fc.integer({ min: 0, max: 1000 }),
  expiresAtS: seconds,
  grantedS: seconds,
  keptUntilS: seconds,
  callId: text,
  cseq: seconds,
  instance: text,
  regId: fc.integer({ min: 0, max: 999_999_999 }),
  path: fc.array(text, { maxLength: 16 }),
  flow: fc.option(flow, { nil: undefined }),
  isBehindNat: fc.boolean(),
  userAgent: text,
});

const packer = new BindingPacker();

test('bindings are the same after they were packed', () => {
  fc.assert(
    fc.property(fc.array(binding, { minLength: 1, maxLength: 5 }), (bindings) => {
      const packed = packer.pack(bindings);
      expect(unpackBindings(packed)).toEqual(bindings);
      expect(countOf(packed)).toBe(bindings.length);
      expect(firstExpiryS(packed)).toBe(Math.min(...bindings.map(({ expiresAtS }) => expiresAtS)));
    }),
  );
});

test('the bindings of one telephone take less than 200 bytes', () => {
  const one: Binding = {
    uri: 'sip:alice.liddell@192.0.2.17:5060;transport=udp',
    params: '',
    q: 1000,
    expiresAtS: 1_800_000_000,
    grantedS: 3_600,
    keptUntilS: 1_800_003_600,
    callId: '0123456789abcdef@192.0.2.17',
    cseq: 2,
    instance: '',
    regId: 0,
    path: [],
    flow: { member: '', transport: 'udp', address: '192.0.2.17', port: 5060, socketId: 1, connectionId: 0 },
    isBehindNat: false,
    userAgent: 'Telephone 1.2.3',
  };
  expect(packer.pack([one]).length).toBeLessThan(200);
});
