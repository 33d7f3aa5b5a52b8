import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultPolicy, type Policy } from '#hub';
import { BadMessage, Message } from '../../../src/softether/cluster/message.ts';
import { placeAnswerOf } from '../../../src/softether/cluster/place-answer.ts';
import { expectedSessionOf, orderToSend } from '../../../src/softether/cluster/place-order.ts';
import { roomWishOf } from '../../../src/softether/cluster/room-maker.ts';
import { sessionReportOf } from '../../../src/softether/cluster/session-report.ts';

const session = {
  hubName: 'LAN',
  userName: 'ann',
  realUserName: 'ann',
  groupName: '',
  isAdministrator: false,
  policy: defaultPolicy,
  credential: 'c',
  machine: '',
  licence: 'client',
  sessionName: 'SID-ANN-1',
};
const {
  policy: _policy,
  realUserName: _real,
  groupName: _group,
  credential: _credential,
  sessionName: name,
  ...rest
} = session;
const row = { ...rest, name };

const decoders: readonly { readonly good: object; readonly decode: (body: unknown) => unknown }[] = [
  { good: session, decode: (body) => expectedSessionOf(new Message(body)) },
  {
    good: { kind: 'elsewhere', address: '10.0.0.1', ports: [443], ticket: 'AAAA', certificate: 'AAAA' },
    decode: (body) => placeAnswerOf(new Message(body)),
  },
  { good: { kind: 'later', code: 49, why: '' }, decode: (body) => placeAnswerOf(new Message(body)) },
  { good: { kind: 'list', epoch: 3, isFirst: true, isLast: true, rows: [row] }, decode: (body) => reportOf(body) },
  {
    good: { kind: 'change', epoch: 3, begun: [row], ended: [{ hubName: 'LAN', name }] },
    decode: (body) => reportOf(body),
  },
  { good: { scope: 'hub', hubName: 'LAN', userName: 'ann', machine: '' }, decode: roomWishOf },
];

const reportOf = (body: unknown): unknown => sessionReportOf(body, { rowsPerReport: 10 });

describe('messages between members', () => {
  test('come through JSON as they were', () => {
    for (const { good, decode } of decoders) {
      expect(decode(JSON.parse(JSON.stringify(good)))).toEqual(good);
    }
  });

  test('of a policy what differs from the default one is sent, and the whole one comes out', () => {
    const licence = 'client' as const;
    const sent = (policy: Policy): unknown => JSON.parse(JSON.stringify(orderToSend({ ...session, licence, policy })));
    expect(sent(defaultPolicy)).toMatchObject({ policy: {} });
    const policy = { ...defaultPolicy, MaxMac: 7, NoBridge: true };
    expect(sent(policy)).toMatchObject({ policy: { MaxMac: 7, NoBridge: true } });
    for (const whole of [defaultPolicy, policy, { ...defaultPolicy }]) {
      expect(expectedSessionOf(new Message(sent(whole))).policy).toEqual(whole);
    }
    const strange = new Message({ ...session, policy: { constructor: 1, MaxUpload: 2 } });
    expect(expectedSessionOf(strange).policy).toEqual({ ...defaultPolicy, MaxUpload: 2 });
  });

  test('of any other shape are refused as bad messages, and nothing else happens', () => {
    const anything = fc.anything({ maxDepth: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...decoders), fc.string(), anything, ({ good, decode }, field, value) => {
        const fields = Object.keys(good);
        const broken = { ...good, [fields[field.length % fields.length]!]: value };
        for (const body of [broken, value]) {
          try {
            decode(body);
          } catch (error) {
            expect(error).toBeInstanceOf(BadMessage);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('lists longer than a message may hold are refused', () => {
    const rows = Array.from({ length: 11 }, () => row);
    expect(() => reportOf({ kind: 'list', epoch: 1, isFirst: true, isLast: true, rows })).toThrow(BadMessage);
  });
});
