import { BadRequest, checkKey, limits, valueBytes } from '../limits.ts';
import { BadDocument, documentFormat, documentPrefixes, documentVersion } from './document.ts';

/** Key → value of a document that is right in every part; else `BadDocument`, which names the entry. */
export function parseDocument(document: unknown): Map<string, Uint8Array> {
  const fields = record(document, 'the document');
  if (fields['format'] !== documentFormat) {
    throw new BadDocument(`its format is ${shown(fields['format'])}, not "${documentFormat}"`);
  }
  if (fields['version'] !== documentVersion) {
    throw new BadDocument(`it has version ${shown(fields['version'])}; this hubfarm reads version ${documentVersion}`);
  }
  refuseUnknown(fields, ['format', 'version', 'exportedAt', 'notes', 'entries'], 'the document');
  const { entries } = fields;
  if (!Array.isArray(entries)) throw new BadDocument('its entries are not a list');
  if (entries.length > limits.transactionMaxOperations) {
    throw new BadDocument(`it has ${entries.length} entries; at most ${limits.transactionMaxOperations} are possible`);
  }
  const values = new Map<string, Uint8Array>();
  entries.forEach((entry: unknown, i) => addEntry(values, entry, i));
  return values;
}

function addEntry(values: Map<string, Uint8Array>, entry: unknown, index: number): void {
  const fields = record(entry, `entry ${index + 1}`);
  const { key } = fields;
  if (typeof key !== 'string') throw new BadDocument(`entry ${index + 1} has no key`);
  const name = `entry ${index + 1} (${shown(key)})`;
  refuseUnknown(fields, ['key', 'value', 'base64'], name);
  if (!documentPrefixes.some((prefix) => key.startsWith(prefix) && key.length > prefix.length)) {
    throw new BadDocument(`${name} is not under ${documentPrefixes.join(' or ')}`);
  }
  if (values.has(key)) throw new BadDocument(`${name} stands there twice`);
  try {
    checkKey(key);
    values.set(key, valueBytes(key, entryValue(fields, name)));
  } catch (error) {
    throw error instanceof BadRequest ? new BadDocument(`${name}: ${error.message}`) : error;
  }
}

function entryValue(fields: Readonly<Record<string, unknown>>, name: string): Uint8Array | string {
  const { value, base64 } = fields;
  const hasValue = 'value' in fields && value !== undefined;
  if (hasValue === 'base64' in fields) throw new BadDocument(`${name} needs either "value" or "base64"`);
  if (hasValue) return JSON.stringify(value);
  const bytes = Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64');
  // Buffer skips what is not base64: only what gives the same text again was right.
  if (bytes.toString('base64') !== base64) throw new BadDocument(`${name} has a "base64" that is not base64`);
  return bytes;
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadDocument(`${name} is not a JSON object`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function refuseUnknown(fields: object, known: readonly string[], name: string): void {
  const unknown = Object.keys(fields).find((field) => !known.includes(field));
  if (unknown !== undefined) throw new BadDocument(`${name} has an unknown field ${shown(unknown)}`);
}

function shown(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
