import { ByteQueue, ByteReader, ByteWriter, DecodeError } from '#base';
import { describe, expect, test } from 'vitest';

describe('ByteReader', () => {
  const bytes = Buffer.from('01020304050607080910111213141516616263', 'hex');

  test('reads big-endian fields one after the other', () => {
    const reader = new ByteReader(bytes);
    expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()]).toEqual([
      1,
      0x0203,
      0x04050607,
      0x0809101112131415n,
    ]);
    expect(reader.offset).toBe(15);
    reader.skip(1);
    expect(reader.remaining).toBe(3);
    expect(reader.latin1(3)).toBe('abc');
    expect(reader.remaining).toBe(0);
  });

  test('says where the bytes ended, and does not move', () => {
    const reader = new ByteReader(bytes.subarray(0, 3));
    reader.u16();
    for (const read of [() => reader.u16(), () => reader.u32(), () => reader.u64(), () => reader.bytes(2)]) {
      expect(read).toThrow(DecodeError);
    }
    expect(() => reader.u32()).toThrow('4 bytes wanted, 1 left (at byte 2)');
    expect(reader.u8()).toBe(3);
  });

  test('gives bytes as a view', () => {
    const own = Buffer.from('abc');
    const view = new ByteReader(own).bytes(2);
    own[0] = 0x78;
    expect(view.toString()).toBe('xb');
  });
});

describe('ByteWriter', () => {
  test('writes what ByteReader reads', () => {
    const writer = new ByteWriter(1)
      .u8(1)
      .u16(0x0203)
      .u32(0x04050607)
      .u64(0x0809101112131415n)
      .bytes(Buffer.from([0x16]));
    writer.latin1('abc');
    expect(writer.finish().toString('hex')).toBe('01020304050607080910111213141516616263');
  });

  test('grows, whatever comes at the end of its buffer', () => {
    for (let filled = 0; filled < 20; filled++) {
      const writer = new ByteWriter(16).bytes(Buffer.alloc(filled));
      writer.u32(7);
      expect(writer.utf8('日本')).toBe(6);
      const expected = Buffer.concat([Buffer.alloc(filled), Buffer.from('00000007', 'hex'), Buffer.from('日本')]);
      expect(writer.finish()).toEqual(expected);
    }
  });

  test('writes text of any length, a byte for each character, and refuses numbers that do not fit', () => {
    for (const length of [0, 1, 48, 49, 600]) {
      const text = 'a\u00ff'.repeat(length).slice(0, length);
      expect(new ByteWriter(16).latin1(text).finish()).toEqual(Buffer.from(text, 'latin1'));
    }
    expect(new ByteWriter().u32(0xffffffff).u32(0x80000000).finish().toString('hex')).toBe('ffffffff80000000');
    for (const wrong of [-1, 2 ** 32, 1.5, NaN]) expect(() => new ByteWriter().u32(wrong)).toThrow(RangeError);
  });

  test('fills in a length afterwards, but only what was written', () => {
    const writer = new ByteWriter().u32(0).u8(9);
    writer.patchU32(0, 5);
    expect(writer.finish().toString('hex')).toBe('0000000509');
    expect(() => writer.patchU32(2, 1)).toThrow(RangeError);
  });
});

describe('ByteQueue', () => {
  test('keeps bytes in order through growth and use', () => {
    const queue = new ByteQueue();
    let pushed = 0;
    let consumed = 0;
    for (let round = 0; round < 2000; round++) {
      const chunk = Buffer.from(Array.from({ length: (round * 7) % 50 }, () => pushed++ & 0xff));
      queue.push(chunk);
      const take = Math.min(queue.length, (round * 11) % 53);
      for (const byte of queue.view().subarray(0, take)) expect(byte).toBe(consumed++ & 0xff);
      queue.consume(take);
    }
    expect(queue.length).toBe(pushed - consumed);
  });

  test('does not hold on to the chunk it was given', () => {
    const queue = new ByteQueue();
    const chunk = Buffer.from('abc');
    queue.push(chunk);
    chunk.fill(0);
    expect(queue.view().toString()).toBe('abc');
  });

  test('cannot give what it does not have', () => {
    expect(() => new ByteQueue().consume(1)).toThrow(RangeError);
  });
});
