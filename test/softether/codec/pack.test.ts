import { DecodeError, HubfarmError } from '#base';
import { describe, expect, test } from 'vitest';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { adminPackLimits, preAuthPackLimits } from '../../../src/softether/codec/pack-limits.ts';
import { packOf, readVectors } from './vectors.ts';

const vectors = readVectors('pack');
const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
};
const name = (text: string): Buffer => Buffer.concat([u32(text.length + 1), Buffer.from(text, 'latin1')]);

describe('a PACK on the wire', () => {
  test.each(vectors.cases)('decodes and encodes: $desc', ({ elements, hex }) => {
    const bytes = Buffer.from(hex, 'hex');
    const decoded = Pack.decode(bytes, preAuthPackLimits);
    expect(decoded.elements).toEqual(packOf(elements).elements);
    expect(decoded.encode().toString('hex')).toBe(hex);
    expect(packOf(elements).encode().toString('hex')).toBe(hex);
  });

  test.each(vectors.must_reject)('is rejected: $desc', ({ hex }) => {
    expect(() => Pack.decode(Buffer.from(hex, 'hex'), preAuthPackLimits)).toThrow(DecodeError);
  });

  test('is rejected wherever it is cut off', () => {
    const whole = Buffer.from(vectors.cases.find(({ desc }) => desc === 'additional_connect')!.hex, 'hex');
    for (let length = 0; length < whole.length; length++) {
      expect(() => Pack.decode(whole.subarray(0, length), preAuthPackLimits)).toThrow(DecodeError);
    }
  });

  test('is rejected with a type that does not exist', () => {
    const bytes = Buffer.concat([u32(1), name('a'), u32(5, 1, 0)]);
    expect(() => Pack.decode(bytes, preAuthPackLimits)).toThrow('unknown type 5');
  });

  test('is rejected with a name of more than 63 bytes', () => {
    const withName = (length: number): Buffer => Buffer.concat([u32(1), name('n'.repeat(length)), u32(0, 1, 7)]);
    expect(Pack.decode(withName(63), preAuthPackLimits).int('n'.repeat(63))).toBe(7);
    expect(() => Pack.decode(withName(64), preAuthPackLimits)).toThrow('at most 63');
  });

  test('is rejected with an element that has no name', () => {
    const bytes = Buffer.concat([u32(1), name(''), u32(0, 1, 7, 7)]);
    expect(() => Pack.decode(bytes, preAuthPackLimits)).toThrow('without a name');
  });

  test('may have bytes after its last element, which mean nothing', () => {
    const bytes = Buffer.concat([new Pack().setInt('a', 1).encode(), Buffer.from('rest')]);
    expect(Pack.decode(bytes, preAuthPackLimits).int('a')).toBe(1);
  });

  test('keeps the order of its elements through decoding and encoding', () => {
    const bytes = new Pack().setInt('b', 1).setStr('a', 'x').setInt('C', 2).encode();
    expect(Pack.decode(bytes, preAuthPackLimits).elements.map((element) => element.name)).toEqual(['b', 'a', 'C']);
  });
});

describe('limits of a PACK', () => {
  const limits = { maxBytes: 400, maxElements: 3, maxValues: 5, maxValueBytes: 10 };
  const decode = (pack: Pack): Pack => Pack.decode(pack.encode(), limits);

  test('hold for the bytes', () => {
    expect(() => Pack.decode(Buffer.alloc(401), limits)).toThrow('at most 400');
  });

  test('hold for the elements', () => {
    expect(() => decode(new Pack().setInt('a', 1).setInt('b', 1).setInt('c', 1))).not.toThrow();
    expect(() => decode(new Pack().setInt('a', 1).setInt('b', 1).setInt('c', 1).setInt('d', 1))).toThrow('at most 3');
  });

  test('hold for the values of all elements together', () => {
    expect(() => decode(new Pack().setInt('a', 1, 2, 3).setInt('b', 1, 2))).not.toThrow();
    expect(() => decode(new Pack().setInt('a', 1, 2, 3).setInt('b', 1, 2, 3))).toThrow('at most 2');
  });

  test('hold for each data, str and unistr value', () => {
    expect(() => decode(new Pack().setData('a', Buffer.alloc(10)))).not.toThrow();
    expect(() => decode(new Pack().setData('a', Buffer.alloc(11)))).toThrow('at most 10');
    expect(() => decode(new Pack().setStr('a', 'x'.repeat(11)))).toThrow('at most 10');
    expect(() => decode(new Pack().setUnistr('a', 'x'.repeat(10)))).toThrow('at most 10');
  });

  test('stop counts that the bytes left could not hold, before anything is allocated', () => {
    const oneMillion = Buffer.concat([u32(1), name('a'), u32(0, 1_000_000, 1)]);
    expect(() => Pack.decode(oneMillion, adminPackLimits)).toThrow('but only 4 bytes');
    expect(() => Pack.decode(u32(4000), adminPackLimits)).toThrow('but only 0 bytes');
  });
});

describe('reading a PACK', () => {
  const pack = new Pack()
    .setInt('Number', 7, 8)
    .setStr('Text', 'abc')
    .setUnistr('Wide', '日本')
    .setData('Bytes', Buffer.from([1, 2]))
    .setInt64('Long', 2n ** 63n);

  test('finds names without case', () => {
    expect(pack.int('NUMBER', 1)).toBe(8);
    expect(pack.str('tEXT')).toBe('abc');
    expect(pack.has('wide')).toBe(true);
    expect(pack.count('number')).toBe(2);
  });

  test('gives nothing for what is absent', () => {
    expect([pack.int('x'), pack.bool('x'), pack.int64('x'), pack.str('x'), pack.unistr('x')]).toEqual([
      0,
      false,
      0n,
      '',
      '',
    ]);
    expect([pack.data('x').length, pack.ip('x'), pack.timeMs('x'), pack.count('x'), pack.has('x')]).toEqual([
      0,
      undefined,
      0,
      0,
      false,
    ]);
    expect([pack.int('Number', 2), pack.str('Text', 1)]).toEqual([0, '']);
  });

  test('gives nothing for what has another type', () => {
    expect([pack.int('Text'), pack.str('Number'), pack.unistr('Text'), pack.str('Wide')]).toEqual([0, '', '', '']);
    expect([pack.int('Long'), pack.int64('Number'), pack.data('Text').length]).toEqual([0, 0n, 0]);
  });

  test('takes text in a code page as Latin-1, and UTF-8 as UTF-8', () => {
    const bytes = Buffer.concat([
      u32(1),
      name('s'),
      u32(2, 2, 4),
      Buffer.from('caf\xe9', 'latin1'),
      u32(5),
      Buffer.from('café'),
    ]);
    const decoded = Pack.decode(bytes, preAuthPackLimits);
    expect([decoded.str('s'), decoded.str('s', 1)]).toEqual(['café', 'café']);
  });

  test('ends text at a NUL, as every peer written in C does', () => {
    const bytes = Buffer.concat([u32(1), name('s'), u32(2, 1, 8), Buffer.from('root\0bad')]);
    expect(Pack.decode(bytes, preAuthPackLimits).str('s')).toBe('root');
  });

  test('takes a unistr without its NUL, and one of length 0', () => {
    const bytes = Buffer.concat([u32(1), name('s'), u32(3, 2, 2), Buffer.from('ab'), u32(0)]);
    const decoded = Pack.decode(bytes, preAuthPackLimits);
    expect([decoded.unistr('s'), decoded.unistr('s', 1)]).toEqual(['ab', '']);
  });
});

describe('times in a PACK', () => {
  test('are counted from 1970-01-01 09:00 UTC', () => {
    const captured = packOf(vectors.cases.find(({ desc }) => desc === 'int64')!.elements);
    expect(captured.timeMs('CurrentTime')).toBe(1_795_283_856_815 + 32_400_000);
    expect(new Pack().setTimeMs('t', 1_795_316_256_815).int64('t')).toBe(1_795_283_856_815n);
  });

  test('keep 0 as "never", both ways', () => {
    expect(new Pack().setTimeMs('t', 0).int64('t')).toBe(0n);
    expect(new Pack().setInt64('t', 0n).timeMs('t')).toBe(0);
  });

  test('from a peer are never beyond what a Date can hold', () => {
    expect(new Date(new Pack().setInt64('t', 2n ** 64n - 1n).timeMs('t')).toISOString()).toMatch(/^\+275760/);
  });
});

describe('addresses in a PACK', () => {
  test('are four elements, the first octet of IPv4 least significant', () => {
    const pack = new Pack().setIp('Ip', '10.77.0.2');
    expect(pack.elements.map((element) => element.name)).toEqual([
      'Ip@ipv6_bool',
      'Ip@ipv6_array',
      'Ip@ipv6_scope_id',
      'Ip',
    ]);
    expect(pack.int('Ip')).toBe(0x02004d0a);
    expect(pack.ip('Ip')).toBe('10.77.0.2');
  });

  test('may be IPv6, and mixed with IPv4 in one list', () => {
    const pack = new Pack().setIp('Ip', '2001:db8::1', '192.0.2.1', '');
    expect([0, 1, 2, 3].map((row) => pack.ip('Ip', row))).toEqual(['2001:db8::1', '192.0.2.1', '0.0.0.0', undefined]);
  });

  test('need no more than the IPv4 number', () => {
    expect(new Pack().setInt('Ip', 0x0100007f).ip('Ip')).toBe('127.0.0.1');
  });

  test('in IPv4-mapped form read as IPv4', () => {
    const pack = new Pack().setInt('Ip@ipv6_bool', 1);
    pack.setData('Ip@ipv6_array', Buffer.from('00000000000000000000ffff0a4d0002', 'hex'));
    expect(pack.ip('Ip')).toBe('10.77.0.2');
  });

  test('are unknown where the IPv6 array has the wrong size', () => {
    const pack = new Pack().setInt('Ip@ipv6_bool', 1).setData('Ip@ipv6_array', Buffer.alloc(4)).setInt('Ip', 1);
    expect(pack.ip('Ip')).toBeUndefined();
  });

  test('that are none are an error of the program', () => {
    expect(() => new Pack().setIp('Ip', 'localhost')).toThrow(HubfarmError);
  });
});

describe('writing a PACK', () => {
  test('replaces what the name had, in its place and whatever its case', () => {
    const pack = new Pack().setInt('a', 1).setInt('b', 2).setStr('A', 'x');
    expect(pack.elements).toEqual([
      { name: 'A', type: 'str', values: ['x'] },
      { name: 'b', type: 'int', values: [2] },
    ]);
  });

  test('leaves out elements without values, which no peer would accept', () => {
    const pack = new Pack().setInt('a', 1).setStr('b').setInt('a');
    expect(pack.elements).toEqual([]);
    expect(pack.has('a')).toBe(false);
    expect(pack.encode()).toEqual(u32(0));
  });

  test('bounds numbers to what the wire holds', () => {
    expect(new Pack().setInt('n', 2 ** 32, -1, 1.9, NaN).values('int', 'n')).toEqual([0xffffffff, 0xffffffff, 1, 0]);
    expect(new Pack().setInt64('n', -1n, 5.5, NaN).values('int64', 'n')).toEqual([2n ** 64n - 1n, 5n, 0n]);
  });

  test('refuses names that no peer would read', () => {
    expect(() => new Pack().setInt('', 1)).toThrow(RangeError);
    expect(() => new Pack().setInt('n'.repeat(64), 1)).toThrow(RangeError);
  });

  test('does not touch the original of a copy', () => {
    const original = new Pack().setInt('a', 1);
    original.copy().setInt('a', 2).setInt('b', 3);
    expect(original.elements).toEqual([{ name: 'a', type: 'int', values: [1] }]);
  });

  test('takes lists of any length', () => {
    const rows = Array.from({ length: 200_000 }, (_, row) => row);
    const bytes = new Pack().set('int', 'rows', rows).encode();
    expect(Pack.decode(bytes, adminPackLimits).values('int', 'rows')).toEqual(rows);
  });
});
