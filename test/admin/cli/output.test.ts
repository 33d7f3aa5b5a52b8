import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatJson, parseJson, type Json } from '../../../src/admin/cli/json-document.ts';
import { Fields } from '../../../src/admin/cli/fields.ts';
import { integer, plain } from '../../../src/admin/cli/output/cell.ts';
import { csvLines, drawTable } from '../../../src/admin/cli/output/render.ts';
import { tableToJson, type Table } from '../../../src/admin/cli/output/table.ts';
import { wrapText } from '../../../src/admin/cli/output/wrap.ts';

const columns = [
  { key: 'name', title: 'Name' },
  { key: 'size', title: 'Size', isRight: true },
];
const rows = [
  [plain('a, "b"'), integer(7)],
  [plain('漢字'), integer(12345)],
];

describe('tables', () => {
  test('a grid is as wide as its widest value, counting wide letters twice', () => {
    expect(drawTable({ kind: 'grid', columns, rows })).toEqual([
      'Name  | Size',
      '------+-----',
      'a, "b"|    7',
      '漢字  |12345',
    ]);
  });

  test('records stand one under the other with a rule between', () => {
    expect(drawTable({ kind: 'records', columns, rows })).toEqual([
      'Item|Value',
      '----+------',
      'Name|a, "b"',
      'Size|7',
      '----+------',
      'Name|漢字',
      'Size|12345',
    ]);
  });

  test('an empty list of records still has its heading, as with vpncmd', () => {
    expect(drawTable({ kind: 'records', columns, rows: [] })).toEqual(['Item|Value', '----+-----']);
  });

  test('CSV quotes commas, quotes and line breaks only', () => {
    expect(csvLines({ kind: 'records', columns, rows })).toEqual(['Name,Size', '"a, ""b""",7', '漢字,12345']);
    expect(csvLines({ kind: 'grid', columns, rows: [[plain('a\nb'), integer(1)]] })[1]).toBe('"a\nb",1');
  });

  test('JSON has raw numbers under the names of the columns', () => {
    expect(tableToJson({ kind: 'grid', columns, rows })).toEqual([
      { name: 'a, "b"', size: 7 },
      { name: '漢字', size: 12345 },
    ]);
  });

  test('a name that would steer the terminal is shown harmless', () => {
    const table: Table = { kind: 'grid', columns, rows: [[plain('\u001b[2Jevil\r\n'), integer(1)]] };
    expect(drawTable(table)[2]).toBe('?[2Jevil??|   1');
  });

  test('a property table takes a rule across', () => {
    const line = { key: 'a', title: 'First', value: plain('x') };
    const table: Table = { kind: 'properties', properties: [line, undefined, { ...line, key: 'b' }] };
    expect(drawTable(table)).toEqual(['Item |Value', '-----+-----', 'First|x', '-----+-----', 'First|x']);
    expect(tableToJson(table)).toEqual({ a: 'x', b: 'x' });
  });
});

describe('JSON', () => {
  const leaf = fc.oneof(fc.string(), fc.boolean(), fc.constant(null), fc.integer(), fc.bigInt({ min: 2n ** 53n }));
  const tree = fc.letrec<{ node: Json }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        tie('node'),
        { maxKeys: 4 },
      ),
    ),
  })).node;

  test('what is printed is read back the same, large integers to the last digit', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(0, 2), (value, indent) => {
        expect(parseJson(formatJson(value, indent))).toEqual(value);
      }),
    );
  });

  test('is laid out as people expect', () => {
    expect(formatJson({ a: [1, 2n], b: {}, c: [] }, 2)).toBe(
      '{\n  "a": [\n    1,\n    2\n  ],\n  "b": {},\n  "c": []\n}',
    );
    expect(formatJson({ a: [1], b: 'x' }, 0)).toBe('{"a":[1],"b":"x"}');
  });
});

describe('fields of an answer', () => {
  test('what is absent or of another type reads as nothing', () => {
    const fields = new Fields({ A_str: 5, B_u32: 'x', C_dt: 'never', D_bool: 'yes', E_ip: '0.0.0.0', L: [1, {}] });
    expect([fields.text('A'), fields.integer('B'), fields.timeMs('C'), fields.flag('D')]).toEqual(['', 0, 0, false]);
    expect([fields.address('E'), fields.count('F'), fields.bytes('G').length]).toEqual(['', 0, 0]);
    expect(fields.rows('L')).toHaveLength(1);
    expect(fields.rows('M')).toEqual([]);
  });

  test('"no time" of SoftEther is 09:00 on 1 January 1970', () => {
    const fields = new Fields({ A_dt: '1970-01-01T09:00:00.000Z', B_dt: '2026-11-22T05:27:31.576Z' });
    expect(fields.timeMs('A')).toBe(0);
    expect(fields.timeMs('B')).toBe(Date.UTC(2026, 10, 22, 5, 27, 31, 576));
  });

  test('text may be typed as either kind of string', () => {
    expect(new Fields({ A_utf: 'ü' }).text('A')).toBe('ü');
    expect(new Fields({ A_str: 'u' }).text('A')).toBe('u');
  });
});

test('text is wrapped at blanks', () => {
  expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapText('averyverylongword x', 5)).toEqual(['averyverylongword', 'x']);
  expect(wrapText('', 5)).toEqual(['']);
});
