import { Pack } from '#softether';
import type { Columns, Fields, Scalar, ScalarKind, ScalarValues, ValueOf } from './field.ts';

/** More rows than this in a request are an error of the caller (the original cuts counts at this figure). */
export const MAX_ROWS = 65_536;

type Loose = Readonly<Record<string, unknown>>;

const readers: { readonly [K in ScalarKind]: (pack: Pack, name: string, index: number) => ScalarValues[K] } = {
  int: (pack, name, index) => pack.int(name, index),
  bool: (pack, name, index) => pack.bool(name, index),
  str: (pack, name, index) => pack.str(name, index),
  unistr: (pack, name, index) => pack.unistr(name, index),
  int64: (pack, name, index) => Number(pack.int64(name, index)),
  data: (pack, name, index) => pack.data(name, index),
  time: (pack, name, index) => pack.timeMs(name, index),
  ip: (pack, name, index) => pack.ip(name, index) ?? '',
};

type Writer<V> = (pack: Pack, name: string, values: readonly V[]) => void;

/** Whole columns, which may be long: `setInt(name, ...values)` would fill the stack. */
const writers: { readonly [K in ScalarKind]: Writer<ScalarValues[K]> } = {
  int: (pack, name, values) => pack.set('int', name, values.map(toU32)),
  bool: (pack, name, values) => pack.set('int', name, values.map(Number)),
  str: (pack, name, values) => pack.set('str', name, values),
  unistr: (pack, name, values) => pack.set('unistr', name, values),
  int64: (pack, name, values) => pack.set('int64', name, values.map(toU64)),
  data: (pack, name, values) => pack.set('data', name, values),
  time: (pack, name, values) => pack.set('int64', name, values.map(toPackTime)),
  ip: (pack, name, values) => pack.setIps(name, values),
};

/** Reads a struct. Absent fields and fields of another type read as zero, '' or empty (or undefined if optional). */
export function decodePack<F extends Fields>(fields: F, pack: Pack): ValueOf<F> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.shape === 'scalar') value[name] = readScalar(field, pack, name, 0);
    else if (field.shape === 'many') value[name] = readColumn(field.type, pack, name);
    else value[name] = readRows(field.columns, pack);
  }
  return value as ValueOf<F>;
}

function readScalar(field: Scalar, pack: Pack, name: string, index: number): unknown {
  return field.isOptional && !pack.has(name) ? undefined : readers[field.type](pack, name, index);
}

function readColumn(type: ScalarKind, pack: Pack, name: string): unknown[] {
  return Array.from({ length: Math.min(pack.count(name), MAX_ROWS) }, (_, index) => readers[type](pack, name, index));
}

function readRows(columns: Columns, pack: Pack): Loose[] {
  const counts = Object.keys(columns).map((name) => pack.count(name));
  const rows = Math.min(Math.max(0, ...counts), MAX_ROWS);
  const entries = Object.entries(columns);
  return Array.from({ length: rows }, (_, index) =>
    Object.fromEntries(entries.map(([name, field]) => [name, readScalar(field, pack, name, index)])),
  );
}

/** Writes a struct. A list without rows leaves no element at all, as the original does. */
export function encodePack<F extends Fields>(fields: F, value: ValueOf<F>): Pack {
  const pack = new Pack();
  const loose: Loose = value;
  for (const [name, field] of Object.entries(fields)) {
    if (field.shape === 'scalar') {
      if (loose[name] !== undefined) writeColumn(field.type, pack, name, [loose[name]]);
    } else if (field.shape === 'many') {
      writeColumn(field.type, pack, name, loose[name] as readonly unknown[]);
    } else {
      const rows = loose[name] as readonly Loose[];
      for (const [column, { type }] of Object.entries(field.columns)) {
        writeColumn(
          type,
          pack,
          column,
          rows.map((row) => row[column]),
        );
      }
    }
  }
  return pack;
}

/** `values` come out of a struct's value, whose type says that they fit. */
function writeColumn(type: ScalarKind, pack: Pack, name: string, values: readonly unknown[]): void {
  if (values.length > 0) (writers[type] as Writer<unknown>)(pack, name, values);
}

function toU32(value: number): number {
  return Math.min(Math.max(Math.trunc(value), 0), 0xffff_ffff);
}

function toU64(value: number): bigint {
  return Number.isFinite(value) && value > 0 ? BigInt.asUintN(64, BigInt(Math.trunc(value))) : 0n;
}

/** SoftEther counts from 09:00 UTC of the first day of 1970; 0 stays "never". */
const TIME_SHIFT_MS = 9 * 3_600_000;

function toPackTime(unixMs: number): bigint {
  return unixMs > TIME_SHIFT_MS ? toU64(unixMs - TIME_SHIFT_MS) : 0n;
}
