import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '#base';
import { SeededRandom } from '#io/sim';
import { decodeNames } from '../../../../src/backplane/etcd/codec/access.ts';
import { decodeRange, decodeTxn } from '../../../../src/backplane/etcd/codec/key-value.ts';
import { decodeLeaseState } from '../../../../src/backplane/etcd/codec/lease.ts';
import { decodeSnapshotPart, decodeStatus } from '../../../../src/backplane/etcd/codec/maintenance.ts';
import { decodeMemberAdded, decodeMembers } from '../../../../src/backplane/etcd/codec/membership.ts';
import { MessageReader, MessageWriter } from '../../../../src/backplane/etcd/codec/message.ts';
import { decodeWatch } from '../../../../src/backplane/etcd/codec/watch.ts';
import { frame, MessageTooLarge, Unframer } from '../../../../src/backplane/etcd/rpc/framing.ts';
import { mutate } from '../../../fuzz/mutate.ts';
import { allCaptured } from './captured.ts';

const field = fc.integer({ min: 1, max: 2 ** 29 - 1 });

function read<T>(bytes: Buffer, wanted: number, take: (reader: MessageReader) => T): T {
  const reader = new MessageReader(bytes);
  expect(reader.next()).toBe(wanted);
  const value = take(reader);
  expect(reader.next()).toBe(0);
  return value;
}

describe('a field comes back as it was written:', () => {
  test('numbers up to 2^53', () => {
    fc.assert(
      fc.property(field, fc.maxSafeNat(), (number, value) => {
        expect(read(new MessageWriter().always(number, value).finish(), number, (reader) => reader.number())).toBe(
          value,
        );
      }),
    );
  });

  test('ids of 64 bits', () => {
    fc.assert(
      fc.property(field, fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), (number, id) => {
        const bytes = new MessageWriter().id(number, String(id)).finish();
        expect(read(bytes, number, (reader) => reader.id())).toBe(String(id));
      }),
    );
  });

  test('bytes and messages', () => {
    fc.assert(
      fc.property(field, fc.uint8Array({ maxLength: 300 }), (number, value) => {
        const bytes = new MessageWriter().message(number, value).finish();
        expect(new Uint8Array(read(bytes, number, (reader) => reader.bytes()))).toEqual(value);
      }),
    );
  });
});

test('a negative number is ten bytes; one that a number cannot hold is refused', () => {
  const minusOne = Buffer.from('08ffffffffffffffffff01', 'hex');
  expect(read(minusOne, 1, (reader) => reader.number())).toBe(-1);
  const large = new MessageWriter().id(1, String(2n ** 60n)).finish();
  expect(() => read(large, 1, (reader) => reader.number())).toThrow(DecodeError);
});

test('default values are left out, and fields that nobody knows are passed over', () => {
  expect(new MessageWriter().number(1, 0).flag(2, false).text(3, '').id(4, '0').finish()).toHaveLength(0);
  const known = new MessageWriter().id(2, '7').number(3, 5).finish();
  const unknown = Buffer.concat([
    Buffer.from('9906', 'hex'), // field 99, eight bytes
    Buffer.alloc(8),
    Buffer.from('9d06', 'hex'), // field 99, four bytes
    Buffer.alloc(4),
    new MessageWriter()
      .number(98, 2 ** 40)
      .text(97, 'new')
      .finish(),
    known,
  ]);
  expect(decodeLeaseState(unknown)).toEqual({ id: '7', ttlSeconds: 5 });
});

const decoders = {
  decodeRange,
  decodeTxn,
  decodeWatch,
  decodeLeaseState,
  decodeMembers,
  decodeMemberAdded,
  decodeStatus,
  decodeSnapshotPart,
  decodeNames,
};

describe.each(Object.entries(decoders))('%s', (_, decode) => {
  test('takes or refuses 3000 damaged messages, and does nothing else', () => {
    const random = new SeededRandom(20_261_122);
    const seeds = allCaptured();
    let taken = 0;
    for (let i = 0; i < 3_000; i++) {
      const input = mutate(random, seeds);
      try {
        decode(input);
        taken++;
      } catch (error) {
        if (!(error instanceof DecodeError)) throw new Error(input.toString('hex'), { cause: error });
      }
    }
    expect(taken).toBeGreaterThan(30);
    expect(taken).toBeLessThan(3_000);
  });
});

describe('framing', () => {
  test('gives the messages back, however they were split', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat({ max: 60 }), { minLength: 1 }), (sent, steps) => {
        const bytes = Buffer.concat(sent.map(frame));
        const unframer = new Unframer(200);
        const received: Buffer[] = [];
        let at = 0;
        for (let i = 0; at < bytes.length; i++) {
          const end = at + 1 + (steps[i % steps.length] ?? 0);
          // Each read has a buffer of its own that is overwritten afterwards, as a shared receive buffer would be.
          const chunk = Buffer.from(bytes.subarray(at, end));
          received.push(...unframer.add(chunk).map((message) => Buffer.from(message)));
          chunk.fill(0xee);
          at = end;
        }
        expect(received.map((message) => new Uint8Array(message))).toEqual(sent);
      }),
    );
  });

  test('refuses a message that is too large from its header, and one that is compressed', () => {
    expect(() => new Unframer(10).add(Buffer.from([0, 0, 0, 0, 11]))).toThrow(MessageTooLarge);
    expect(() => new Unframer(10).add(Buffer.from([1, 0, 0, 0, 1, 0]))).toThrow(DecodeError);
  });
});
