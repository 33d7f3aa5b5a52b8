import { parseIpAddress } from '#base';
import type { ScalarKind, ScalarValues } from './field.ts';

/** What a field's name ends in on the JSON side, by its type. */
export const JSON_SUFFIX: { readonly [K in ScalarKind]: string } = {
  int: '_u32',
  bool: '_bool',
  str: '_str',
  unistr: '_utf',
  int64: '_u64',
  data: '_bin',
  time: '_dt',
  ip: '_ip',
};

/** The original shows "never" (0 on a wire whose epoch is 09:00 UTC) as this moment; its clients test for it. */
const NEVER = '1970-01-01T09:00:00.000Z';
const NEVER_MS = Date.parse(NEVER);
/** The last moment that a JavaScript Date can show. */
const MAX_TIME_MS = 8.64e15;

export const jsonWriters: { readonly [K in ScalarKind]: (value: ScalarValues[K]) => unknown } = {
  int: (value) => value,
  bool: (value) => value,
  str: (value) => value,
  unistr: (value) => value,
  int64: (value) => value,
  data: (value) => value.toString('base64'),
  time: (value) => (value === 0 ? NEVER : new Date(Math.min(value, MAX_TIME_MS)).toISOString()),
  ip: (value) => (value === '' ? '0.0.0.0' : value),
};

/** Lenient, as the original: numbers, booleans and strings are converted; what makes no sense reads as zero. */
export const jsonReaders: { readonly [K in ScalarKind]: (value: unknown) => ScalarValues[K] } = {
  int: (value) => clamp(toNumber(value), 0xffff_ffff),
  bool: toBool,
  str: toText,
  unistr: toText,
  int64: (value) => clamp(toNumber(value), Number.MAX_SAFE_INTEGER),
  data: (value) => (typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0)),
  time: toTimeMs,
  ip: toIp,
};

function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return Number.parseFloat(value);
  return 0;
}

function clamp(value: number, max: number): number {
  return Number.isNaN(value) ? 0 : Math.min(Math.max(Math.trunc(value), 0), max);
}

function toBool(value: unknown): boolean {
  if (typeof value !== 'string') return value === true || toNumber(value) !== 0;
  return /^\s*(t|y|on)/i.test(value) || clamp(toNumber(value), 1) !== 0;
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function toTimeMs(value: unknown): number {
  const ms = typeof value === 'string' ? Date.parse(value) : toNumber(value);
  return ms === NEVER_MS ? 0 : clamp(ms, MAX_TIME_MS);
}

function toIp(value: unknown): string {
  const text = toText(value).trim();
  return parseIpAddress(text) === undefined ? '' : text;
}
