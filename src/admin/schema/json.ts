import type { Columns, Fields, Scalar, ScalarKind, ValueOf } from './field.ts';
import { JSON_SUFFIX, jsonReaders, jsonWriters } from './json-value.ts';
import { MAX_ROWS } from './pack.ts';

type Loose = Readonly<Record<string, unknown>>;

export function jsonName(name: string, type: ScalarKind): string {
  return name + JSON_SUFFIX[type];
}

/** Reads a struct from the `params` of a call. Names compare without case; unknown ones are ignored. */
export function decodeJson<F extends Fields>(fields: F, params: unknown): ValueOf<F> {
  const given = withoutCase(params);
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.shape === 'scalar') value[name] = readScalar(field, given, name);
    else if (field.shape === 'many') value[name] = readMany(field.type, given, name);
    else value[name] = readRows(field.columns, given.get(name.toLowerCase()));
  }
  return value as ValueOf<F>;
}

function withoutCase(params: unknown): ReadonlyMap<string, unknown> {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) return new Map();
  return new Map(Object.entries(params).map(([name, value]) => [name.toLowerCase(), value]));
}

function readScalar(field: Scalar, given: ReadonlyMap<string, unknown>, name: string): unknown {
  const found = given.get(jsonName(name, field.type).toLowerCase());
  return field.isOptional && found === undefined ? undefined : jsonReaders[field.type](found);
}

function readMany(type: ScalarKind, given: ReadonlyMap<string, unknown>, name: string): unknown[] {
  return rowsOf(given.get(jsonName(name, type).toLowerCase())).map((value) => jsonReaders[type](value));
}

function readRows(columns: Columns, found: unknown): unknown[] {
  return rowsOf(found).map((row) => decodeJson(columns, row));
}

function rowsOf(found: unknown): readonly unknown[] {
  return Array.isArray(found) ? found.slice(0, MAX_ROWS) : [];
}

/** Writes a struct as the `result` of a call. A list without rows is `[]`; several values of which there is none are not there. */
export function encodeJson<F extends Fields>(fields: F, value: ValueOf<F>): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  const loose: Loose = value;
  for (const [name, field] of Object.entries(fields)) {
    const found = loose[name];
    if (field.shape === 'scalar') {
      if (found !== undefined) json[jsonName(name, field.type)] = writeScalar(field.type, found);
    } else if (field.shape === 'many') {
      const items = (found as readonly unknown[]).map((item) => writeScalar(field.type, item));
      if (items.length > 0) json[jsonName(name, field.type)] = items;
    } else {
      json[name] = (found as readonly ValueOf<Columns>[]).map((row) => encodeJson(field.columns, row));
    }
  }
  return json;
}

/** `value` comes out of a struct's value, whose type says that it fits. */
function writeScalar(type: ScalarKind, value: unknown): unknown {
  return (jsonWriters[type] as (value: unknown) => unknown)(value);
}
