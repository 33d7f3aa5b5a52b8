import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '#base';
import { decodeControllerMessage, type ControllerMessage } from '../../../src/cluster/join/codec/controller-message.ts';
import { encodeJoinMessage } from '../../../src/cluster/join/codec/encode.ts';
import { FrameReader } from '../../../src/cluster/join/codec/frame.ts';
import { joinLimits } from '../../../src/cluster/join/codec/join-limits.ts';
import { decodeMemberMessage, type MemberMessage } from '../../../src/cluster/join/codec/member-message.ts';
import { fuzz, tryInput, type FuzzTarget } from '../../fuzz/harness.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const text = (maxLength: number) => fc.string({ maxLength });
const port = fc.integer({ min: 1, max: 65_535 });
const key = fc.record({ certificate: bytes(600), signature: bytes(100) });

const memberMessages: fc.Arbitrary<MemberMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('hello' as const),
    protocol: fc.nat(65_535),
    version: text(64),
    intent: fc.constantFrom('join' as const, 'leave' as const),
    share: bytes(65),
  }),
  fc.record({ kind: fc.constant('proof' as const), confirmation: bytes(32) }),
  fc.record({
    kind: fc.constant('request' as const),
    serverName: text(63),
    isNameChosen: fc.boolean(),
    hostName: text(255),
    certificateRequest: bytes(600),
    listenerCertificate: bytes(600),
    publicAddress: text(45),
    publicPorts: fc.array(port, { minLength: 1, maxLength: 128 }),
    isUncheckedAddress: fc.boolean(),
    weight: fc.integer({ min: 1, max: 1_000_000 }),
    enginePeerPort: fc.nat(65_535),
    engineClientPort: fc.nat(65_535),
    clockMs: fc.nat(),
    currentClusterId: text(16),
    licences: fc.array(text(1_000), { maxLength: 3 }),
    oldKey: fc.option(key, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('accepted' as const) }),
  fc.record({ kind: fc.constant('failed' as const), message: text(100) }),
  fc.record({ kind: fc.constant('leave' as const), serverName: text(63), key }),
);

const controllerMessages: fc.Arbitrary<ControllerMessage> = fc.oneof(
  fc.record({ kind: fc.constant('share' as const), protocol: fc.nat(65_535), version: text(64), share: bytes(65) }),
  fc.record({ kind: fc.constant('proof' as const), confirmation: bytes(32), clusterId: text(16) }),
  fc.record({
    kind: fc.constant('progress' as const),
    step: text(64),
    text: text(100),
    state: fc.constantFrom('started' as const, 'done' as const, 'warning' as const),
  }),
  fc.record({
    kind: fc.constant('grant' as const),
    clusterId: text(16),
    serverName: text(63),
    authorityPem: text(1000),
    certificatePem: text(1000),
    engineRole: fc.constantFrom('voter' as const, 'learner' as const, 'client' as const),
    engineEndpoints: fc.array(text(50), { maxLength: 64 }),
    initialCluster: text(200),
    address: text(45),
    publicAddress: text(45),
    isEligible: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('done' as const) }),
  fc.record({ kind: fc.constant('refused' as const), code: text(64), step: text(50), message: text(200) }),
);

const sides = [
  { name: 'member', messages: memberMessages, decode: decodeMemberMessage },
  { name: 'controller', messages: controllerMessages, decode: decodeControllerMessage },
];

/** Everything that is in `stream`. */
function readAll<T>(stream: Buffer, decode: (value: unknown) => T, cuts: readonly number[] = []): T[] {
  const reader = new FrameReader();
  const messages: T[] = [];
  let from = 0;
  for (const to of [...cuts, stream.length]) {
    reader.push(stream.subarray(from, to));
    from = to;
    for (let value = reader.take(joinLimits.maxMessageBytes); value !== undefined;) {
      messages.push(decode(value));
      value = reader.take(joinLimits.maxMessageBytes);
    }
  }
  return messages;
}

describe.each(sides)('messages of the $name', ({ messages, decode }) => {
  test('are read as they were written, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(messages as fc.Arbitrary<MemberMessage>, { maxLength: 4 }),
        fc.array(fc.nat()),
        (sent, at) => {
          const stream = Buffer.concat(sent.map(encodeJoinMessage));
          const cuts = at.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b);
          expect(readAll<unknown>(stream, decode, cuts)).toEqual(sent);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('are refused when they are damaged, and nothing else happens', () => {
    const target: FuzzTarget = {
      name: 'join message',
      seeds: fc.sample(messages as fc.Arbitrary<MemberMessage>, { numRuns: 40, seed: 7 }).map(encodeJoinMessage),
      words: ['null', '[]', '{}', '-1', '1e999', '"', '\\u0000', '"kind":"request"'].map((word) => Buffer.from(word)),
      run: (input) => JSON.stringify(readAll<unknown>(input, decode)).length,
      maxOutputBytes: (inputBytes) => 1_000 + 8 * inputBytes,
    };
    const report = fuzz(target, 4_000, 20_261_122);
    expect(report.failures).toEqual([]);
    expect(report.accepted).toBeGreaterThan(40);
    expect(report.accepted).toBeLessThan(4_000);
    for (const seed of target.seeds) expect(tryInput(target, seed)).toMatchObject({ isAccepted: true });
  });
});

describe('a join message', () => {
  test('that is longer than allowed is refused before it has come', () => {
    const reader = new FrameReader();
    reader.push(Buffer.from([0, 0, 8, 1]));
    expect(() => reader.take(joinLimits.maxEarlyMessageBytes)).toThrow(DecodeError);
  });

  test.each([
    [{ kind: 'hello', protocol: 1, version: 'x', intent: 'join', share: 'A'.repeat(92) }, 'share'],
    [{ kind: 'hello', protocol: -1, version: 'x', intent: 'join', share: '' }, 'protocol'],
    [{ kind: 'hello', protocol: 1, version: 'x', intent: 'stay', share: '' }, 'intent'],
    [{ kind: 'proof', confirmation: 'not base64!' }, 'confirmation'],
    [{ kind: 'proof' }, 'confirmation'],
    [{ kind: 'toString' }, 'kind'],
    [[], 'not an object'],
    [null, 'not an object'],
  ])('%j is refused, and the field is named', (value, field) => {
    expect(() => decodeMemberMessage(value)).toThrow(field);
    expect(() => decodeMemberMessage(value)).toThrow(DecodeError);
  });

  test('must name a public port, and not more than a redirect can carry', () => {
    const message: MemberMessage = {
      ...{ kind: 'request', serverName: 'a', isNameChosen: true, hostName: 'a', certificateRequest: Buffer.alloc(1) },
      ...{ listenerCertificate: Buffer.alloc(1), publicAddress: '', isUncheckedAddress: false, weight: 100 },
      ...{ enginePeerPort: 0, engineClientPort: 0, clockMs: 0, currentClusterId: '', licences: [], oldKey: undefined },
      publicPorts: [],
    };
    const decoded = (publicPorts: readonly number[]): unknown =>
      readAll<unknown>(encodeJoinMessage({ ...message, publicPorts }), decodeMemberMessage);
    expect(() => decoded([])).toThrow('publicPorts is empty');
    expect(() => decoded(Array.from({ length: 129 }, () => 443))).toThrow('a list of up to 128');
    expect(decoded([443])).toHaveLength(1);
  });
});
