import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '#base';
import { decodeDhcpMessage, DhcpOption, encodeDhcpMessage, type DhcpMessage, type DhcpMessageType } from '#hub';
import { SeededRandom } from '#io/sim';
import { mutate } from '../../fuzz/mutate.ts';

const bytes = (min: number, max = min): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((array) => Buffer.from(array));

const types: readonly DhcpMessageType[] = [
  'discover',
  'offer',
  'request',
  'decline',
  'ack',
  'nak',
  'release',
  'inform',
];

const message: fc.Arbitrary<DhcpMessage> = fc.record({
  isRequest: fc.boolean(),
  type: fc.constantFrom(...types),
  transactionId: fc.nat(0xffff_ffff),
  isBroadcastWanted: fc.boolean(),
  clientAddress: bytes(4),
  yourAddress: bytes(4),
  clientMac: bytes(6),
  options: fc
    .uniqueArray(fc.integer({ min: 1, max: 254 }), { maxLength: 5 })
    .chain((numbers) => fc.tuple(...numbers.map((number) => fc.tuple(fc.constant(number), bytes(0, 60)))))
    .map((entries) => new Map(entries.filter(([number]) => number !== DhcpOption.messageType))),
});

describe('a DHCP message', () => {
  test('comes out as it went in', () => {
    fc.assert(
      fc.property(message, (given) => {
        const { options, ...rest } = decodeDhcpMessage(encodeDhcpMessage(given));
        const type = Buffer.from([types.indexOf(given.type) + 1]);
        expect(rest).toEqual({ ...given, options: undefined });
        expect(options).toEqual(new Map([[DhcpOption.messageType, type], ...given.options]));
      }),
    );
  });

  test('is never shorter than relays let through', () => {
    fc.assert(fc.property(message, (given) => encodeDhcpMessage(given).length >= 300));
  });

  test('may have an option in pieces (RFC 3396)', () => {
    const [given] = fc.sample(message, { numRuns: 1, seed: 3 });
    const whole = encodeDhcpMessage({ ...given!, options: new Map() });
    const pieces = Buffer.concat([whole.subarray(0, 243), Buffer.from([43, 1, 7, 0, 43, 2, 8, 9, 255])]);
    expect(decodeDhcpMessage(pieces).options.get(43)).toEqual(Buffer.from([7, 8, 9]));
  });

  test('that is damaged gives a DecodeError or a message, nothing else', () => {
    const seeds = fc.sample(message, { numRuns: 8, seed: 5 }).map(encodeDhcpMessage);
    for (let seed = 0; seed < 20_000; seed++) {
      try {
        decodeDhcpMessage(mutate(new SeededRandom(seed), seeds));
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }
  });

  test.each([
    ['of BOOTP, without options', (bytes: Buffer) => bytes.fill(0, 236, 240)],
    ['without a type', (bytes: Buffer) => bytes.fill(0, 240, 243)],
    ['of a type that nobody knows', (bytes: Buffer) => (bytes[242] = 99)],
    ['for Token Ring', (bytes: Buffer) => (bytes[1] = 6)],
    ['with an option that is cut off', (bytes: Buffer) => bytes.set([43, 200], 290)],
  ])('%s is refused', (_name, change) => {
    const [given] = fc.sample(message, { numRuns: 1, seed: 4 });
    const bytes = encodeDhcpMessage({ ...given!, options: new Map() }).subarray(0, 300);
    bytes[243] = 0;
    change(bytes);
    expect(() => decodeDhcpMessage(bytes)).toThrow(DecodeError);
  });
});
