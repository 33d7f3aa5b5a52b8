import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { operations } from '#admin';
import { adminPackLimits, Pack } from '#softether';
import {
  bool,
  data,
  type Field,
  type Fields,
  int,
  int64,
  ip,
  list,
  many,
  optional,
  type ScalarKind,
  str,
  time,
  unistr,
  type ValueOf,
} from '../../src/admin/schema/field.ts';
import { decodeJson, encodeJson } from '../../src/admin/schema/json.ts';
import { decodePack, encodePack } from '../../src/admin/schema/pack.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((value) => value.replaceAll('\0', ''));
const arbitraryOf: { readonly [K in ScalarKind]: fc.Arbitrary<unknown> } = {
  int: fc.integer({ min: 0, max: 0xffff_ffff }),
  bool: fc.boolean(),
  str: text,
  unistr: text,
  int64: fc.maxSafeNat(),
  data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  // Later than the wire's own zero: earlier moments cannot be told from "never".
  time: fc.oneof(fc.constant(0), fc.integer({ min: 9 * 3_600_000 + 1, max: 4_102_444_800_000 })),
  ip: fc.oneof(fc.ipV4(), fc.constantFrom('::1', '2001:db8::5')),
};

/** Any value of a struct. Lists with rows, since what has none cannot be told apart in PACK. */
function valueArbitrary(fields: Fields): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldArbitrary(field)])));
}

function fieldArbitrary(field: Field): fc.Arbitrary<unknown> {
  if (field.shape === 'list') return fc.array(valueArbitrary(field.columns), { minLength: 1, maxLength: 3 });
  if (field.shape === 'many') return fc.array(arbitraryOf[field.type], { minLength: 1, maxLength: 3 });
  return arbitraryOf[field.type];
}

const supported = [...operations.values()].filter((operation) => operation.noun !== '');
const structs = supported.flatMap(({ name, input, output, faces }) => [
  { name: `${name} input`, fields: input, isOverRpc: faces !== 'json' },
  { name: `${name} output`, fields: output, isOverRpc: faces !== 'json' },
]);

describe('whatever a struct holds comes back', () => {
  // Lists without columns have nothing to come back.
  const withColumns = structs.filter(({ fields }) =>
    Object.values(fields).every((field) => field.shape !== 'list' || Object.keys(field.columns).length > 0),
  );

  test.each(withColumns.filter(({ isOverRpc }) => isOverRpc))('through PACK: $name', ({ fields }) => {
    fc.assert(
      fc.property(valueArbitrary(fields), (value) => {
        const pack = encodePack(fields, value as never);
        expect(decodePack(fields, Pack.decode(pack.encode(), adminPackLimits))).toEqual(value);
      }),
      { numRuns: 10 },
    );
  });

  test.each(withColumns)('through JSON: $name', ({ fields }) => {
    fc.assert(
      fc.property(valueArbitrary(fields), (value) => {
        const json: unknown = JSON.parse(JSON.stringify(encodeJson(fields, value as never)));
        expect(decodeJson(fields, json)).toEqual(value);
      }),
      { numRuns: 10 },
    );
  });
});

const struct = {
  HubName: str(),
  Number: int(),
  Big: int64(),
  Flag: bool(),
  Note: unistr(),
  When: time(),
  Blob: data(),
  Where: ip(),
  Maybe: optional(str()),
  Ports: many(int()),
  Rows: list({ Name: str(), Address: ip() }),
};

describe('a struct in PACK', () => {
  test('reads what is absent, or of another type, as zero or empty, and what is optional as undefined', () => {
    const pack = new Pack().setInt('HubName', 5).setStr('Number', 'x');
    expect(decodePack(struct, pack)).toEqual({
      HubName: '',
      Number: 0,
      Big: 0,
      Flag: false,
      Note: '',
      When: 0,
      Blob: Buffer.alloc(0),
      Where: '',
      Maybe: undefined,
      Ports: [],
      Rows: [],
    });
  });

  test('leaves no element for a list without rows or an optional field without value', () => {
    const value: ValueOf<typeof struct> = decodePack(struct, new Pack());
    const names = encodePack(struct, value).elements.map(({ name }) => name);
    expect(names).not.toEqual(expect.arrayContaining(['Name']));
    expect(names.filter((name) => ['Maybe', 'Ports', 'Name', 'Address'].includes(name))).toEqual([]);
  });

  test('takes the length of a list from its longest column', () => {
    const pack = new Pack().setStr('Name', 'a', 'b', 'c').setIp('Address', '192.0.2.1');
    expect(decodePack(struct, pack).Rows).toEqual([
      { Name: 'a', Address: '192.0.2.1' },
      { Name: 'b', Address: '' },
      { Name: 'c', Address: '' },
    ]);
  });

  test('carries the largest list there is', () => {
    const Rows = Array.from({ length: 100_000 }, (_, index) => ({ Name: `n${index}`, Address: '192.0.2.1' }));
    const pack = encodePack({ Rows: struct.Rows }, { Rows });
    expect(pack.count('Name')).toBe(100_000);
  });
});

describe('a struct in JSON', () => {
  const read = (params: object): ValueOf<typeof struct> => decodeJson(struct, params);

  test.each([
    ['Number_u32', '42', 'Number', 42],
    ['Number_u32', true, 'Number', 1],
    ['Number_u32', 'nonsense', 'Number', 0],
    ['Number_u32', -1, 'Number', 0],
    ['Number_u32', 1e20, 'Number', 0xffff_ffff],
    ['Number_u32', null, 'Number', 0],
    ['Flag_bool', 'true', 'Flag', true],
    ['Flag_bool', 'yes', 'Flag', true],
    ['Flag_bool', '0', 'Flag', false],
    ['Flag_bool', 1, 'Flag', true],
    ['Flag_bool', {}, 'Flag', false],
    ['HubName_str', 5, 'HubName', '5'],
    ['HubName_str', ['x'], 'HubName', ''],
    ['hubname_STR', 'any case', 'HubName', 'any case'],
    ['When_dt', '2030-01-01T00:00:00.000Z', 'When', Date.UTC(2030, 0, 1)],
    ['When_dt', '1970-01-01T09:00:00.000Z', 'When', 0],
    ['When_dt', 1_893_456_000_000, 'When', 1_893_456_000_000],
    ['When_dt', 'soon', 'When', 0],
    ['Where_ip', ' 2001:db8::1 ', 'Where', '2001:db8::1'],
    ['Where_ip', '1.2.3', 'Where', ''],
  ])('reads %s %j as %s %j', (name, given, field, wanted) => {
    expect(read({ [name]: given })).toMatchObject({ [field]: wanted });
  });

  test('ignores fields with another suffix, and parameters that are no object', () => {
    expect(read({ HubName_utf: 'x', HubName: 'y' }).HubName).toBe('');
    for (const params of [null, 5, 'x', [1]]) expect(decodeJson(struct, params).Rows).toEqual([]);
  });

  test('writes "never" as the original does, and no address as 0.0.0.0', () => {
    const json = encodeJson(struct, read({}));
    expect(json).toMatchObject({ When_dt: '1970-01-01T09:00:00.000Z', Where_ip: '0.0.0.0', Rows: [] });
    expect(json).not.toHaveProperty('Ports_u32');
    expect(json).not.toHaveProperty('Maybe_str');
  });
});
