import { AccountError } from './errors.ts';
import type { AccountRecord, DomainRecord } from './records.ts';

type Values = Readonly<Record<string, unknown>>;

const noAliases: readonly string[] = Object.freeze([]);

/** What has its usual value is left out: a hundred thousand of them are read at each start. */
export function encodeAccount(record: AccountRecord): string {
  const { ha1Md5, ha1Sha256, ha1Sha512, ha1bMd5, aliases, displayName, isEnabled, maxContacts } = record;
  const { createdAtMs, updatedAtMs } = record;
  return JSON.stringify({
    ha1Md5,
    ha1Sha256,
    ...(ha1Sha512 === '' ? {} : { ha1Sha512 }),
    ...(ha1bMd5 === '' ? {} : { ha1bMd5 }),
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(displayName === '' ? {} : { displayName }),
    ...(isEnabled ? {} : { isEnabled }),
    ...(maxContacts === 0 ? {} : { maxContacts }),
    createdAtMs,
    updatedAtMs,
  });
}

export function encodeDomain({ aliases, createdAtMs }: DomainRecord): string {
  return JSON.stringify({ aliases, createdAtMs });
}

/** @throws AccountError BAD_RECORD, naming the key and the field. */
export function decodeAccount(key: string, user: string, value: Uint8Array): AccountRecord {
  const values = parse(key, value);
  return {
    user,
    ha1Md5: text(key, values, 'ha1Md5', ''),
    ha1Sha256: text(key, values, 'ha1Sha256', ''),
    ha1Sha512: text(key, values, 'ha1Sha512', ''),
    ha1bMd5: text(key, values, 'ha1bMd5', ''),
    aliases: texts(key, values, 'aliases'),
    displayName: text(key, values, 'displayName', ''),
    isEnabled: flag(key, values, 'isEnabled', true),
    maxContacts: count(key, values, 'maxContacts'),
    createdAtMs: count(key, values, 'createdAtMs'),
    updatedAtMs: count(key, values, 'updatedAtMs'),
  };
}

/** @throws AccountError BAD_RECORD. */
export function decodeDomain(key: string, name: string, value: Uint8Array): DomainRecord {
  const values = parse(key, value);
  return { name, aliases: texts(key, values, 'aliases'), createdAtMs: count(key, values, 'createdAtMs') };
}

function parse(key: string, bytes: Uint8Array): Values {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch (cause) {
    throw new AccountError('BAD_RECORD', `${key}: not JSON`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Values;
  throw new AccountError('BAD_RECORD', `${key}: not an object`);
}

function text(key: string, values: Values, name: string, fallback: string): string {
  const value = values[name] ?? fallback;
  return typeof value === 'string' ? value : wrong(key, name);
}

function flag(key: string, values: Values, name: string, fallback: boolean): boolean {
  const value = values[name] ?? fallback;
  return typeof value === 'boolean' ? value : wrong(key, name);
}

function count(key: string, values: Values, name: string): number {
  const value = values[name] ?? 0;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : wrong(key, name);
}

function texts(key: string, values: Values, name: string): readonly string[] {
  const value = values[name] ?? noAliases;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return wrong(key, name);
  return value.length === 0 ? noAliases : value;
}

function wrong(key: string, name: string): never {
  throw new AccountError('BAD_RECORD', `${key}: field "${name}" has the wrong type`);
}
