import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultRegistrarSettings } from '#sip';
import { decodeBindings, encodeBindings, isWrittenBy } from '../../../src/sip/registrar/binding-codec.ts';
import { applyRegister } from '../../../src/sip/registrar/binding-rules.ts';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import type { ContactChange, RegisterRequest } from '../../../src/sip/registrar/register-request.ts';

const settings = defaultRegistrarSettings;

const contactChange: fc.Arbitrary<ContactChange> = fc.record({
  uri: fc.constantFrom('sip:a@h1', 'sip:a@H1', 'sip:b@h2', 'sip:c@h3;transport=tcp', 'urn:x'),
  params: fc.constantFrom('', ';audio'),
  q: fc.constantFrom(0, 500, 1000),
  expiresS: fc.constantFrom(undefined, 0, 30, 60, 3_600, 1_000_000),
  instance: fc.constantFrom('', '<urn:uuid:1>', '<urn:uuid:2>'),
  regId: fc.constantFrom(0, 1, 2),
});

const registerRequest: fc.Arbitrary<RegisterRequest> = fc.record({
  callId: fc.constantFrom('x', 'y'),
  cseq: fc.nat(30),
  contacts: fc.oneof({ weight: 9, arbitrary: fc.array(contactChange, { maxLength: 3 }) }, fc.constant('*' as const)),
  path: fc.constantFrom([], ['<sip:p;lr>']),
  flow: fc.constantFrom(undefined, {
    member: '',
    transport: 'udp' as const,
    address: '192.0.2.1',
    port: 5060,
    socketId: 1,
    connectionId: 0,
  }),
  isBehindNat: fc.boolean(),
  userAgent: fc.constantFrom('', 'phone'),
  wantsOutbound: fc.boolean(),
});

const steps = fc.array(fc.tuple(registerRequest, fc.nat(2_000)), { maxLength: 25 });

/** Runs requests one after the other, as the owner of an account does; calls `seen` after each. */
function play(
  list: readonly (readonly [RegisterRequest, number])[],
  seen: (step: {
    readonly before: readonly Binding[];
    readonly after: readonly Binding[];
    readonly request: RegisterRequest;
    readonly nowS: number;
    readonly stored: readonly Binding[];
  }) => void,
): void {
  let nowS = 1_000_000;
  let bindings: readonly Binding[] = [];
  let stored: readonly Binding[] = [];
  for (const [request, passedS] of list) {
    nowS += passedS;
    const before = bindings.filter(({ expiresAtS }) => expiresAtS > nowS);
    const outcome = applyRegister(before, request, nowS, settings, 4);
    if (outcome.kind !== 'bindings') {
      bindings = before;
      continue;
    }
    bindings = outcome.bindings;
    if (outcome.needsStore) stored = bindings;
    seen({ before, after: bindings, request, nowS, stored });
  }
}

describe('whatever is registered', () => {
  test('no two bindings are the same contact, or the same flow of one telephone', () => {
    fc.assert(
      fc.property(steps, (list) => {
        play(list, ({ after }) => {
          const keys = after.map(({ uri, regId, instance }) =>
            regId > 0 ? `${instance} ${regId}` : uri.toLowerCase(),
          );
          expect(new Set(keys).size).toBe(keys.length);
        });
      }),
      { numRuns: 300 },
    );
  });

  test('a binding lasts as long as was granted, within the limits, and the store keeps it as long', () => {
    fc.assert(
      fc.property(steps, (list) => {
        play(list, ({ after, nowS, stored }) => {
          for (const binding of after) {
            expect(binding.expiresAtS).toBeGreaterThan(nowS);
            expect(binding.grantedS).toBeGreaterThanOrEqual(settings.minExpiresS);
            expect(binding.grantedS).toBeLessThanOrEqual(settings.maxExpiresS);
            const kept = stored.find(({ uri, instance, regId }) => {
              return uri === binding.uri && instance === binding.instance && regId === binding.regId;
            });
            expect(kept?.keptUntilS).toBeGreaterThanOrEqual(binding.expiresAtS);
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  test('a request leaves what it does not name as it was', () => {
    fc.assert(
      fc.property(steps, (list) => {
        play(list, ({ before, after, request }) => {
          const { contacts, callId, cseq } = request;
          if (contacts === '*') {
            expect(after).toEqual([]);
            return;
          }
          for (const binding of before) {
            const isTouched = !after.includes(binding);
            const mayBe = contacts.some(({ uri, instance, regId }) => {
              return uri.toLowerCase() === binding.uri.toLowerCase() || (regId > 0 && instance === binding.instance);
            });
            if (isTouched) expect(mayBe).toBe(true);
            // RFC 3261 §10.3 step 7: never by an older request of the same Call-ID
            if (isTouched && binding.callId === callId) expect(cseq).toBeGreaterThan(binding.cseq);
          }
          expect(after.length).toBeLessThanOrEqual(Math.max(4, before.length));
        });
      }),
      { numRuns: 300 },
    );
  });

  test('is read from the store as it was written, but for connections', () => {
    fc.assert(
      fc.property(steps, (list) => {
        play(list, ({ after }) => {
          const bytes = Buffer.from(encodeBindings('0123456789abcdef', after));
          expect(decodeBindings(bytes)).toEqual(after.map((one) => ({ ...one, expiresAtS: one.keptUntilS })));
          expect(isWrittenBy(bytes, Buffer.from('0123456789abcdef'))).toBe(true);
          expect(isWrittenBy(bytes, Buffer.from('0123456789abcdeX'))).toBe(false);
        });
      }),
      { numRuns: 100 },
    );
  });
});

test('a record of the store that was damaged is read as another one or as none, and never throws', () => {
  const whole = encodeBindings('w', [
    {
      uri: 'sip:a@h',
      params: '',
      q: 1000,
      expiresAtS: 5,
      grantedS: 60,
      keptUntilS: 120,
      callId: 'x',
      cseq: 1,
      instance: '',
      regId: 0,
      path: ['<sip:p;lr>'],
      flow: { member: 'm', transport: 'udp', address: '192.0.2.1', port: 1, socketId: 1, connectionId: 0 },
      isBehindNat: true,
      userAgent: '',
    },
  ]);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, byte, cuts) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      const read = decodeBindings(cuts ? bytes.subarray(0, at) : bytes);
      expect(read === undefined || read.length <= 1).toBe(true);
    }),
    { numRuns: 3_000 },
  );
  for (const text of ['null', '{}', '[]', '[1]', '["w",1]', '["w",[]]', '["w",null]']) {
    expect(decodeBindings(Buffer.from(text))).toBeUndefined();
  }
});
