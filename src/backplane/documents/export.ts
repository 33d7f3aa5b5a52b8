import type { Clock } from '#io';
import type { Backplane, Entry } from '../backplane.ts';
import {
  documentFormat,
  documentPrefixes,
  documentVersion,
  type ConfigDocument,
  type DocumentEntry,
} from './document.ts';

/** Everything durable, as one document, but what begins with one of `omit`. `clock` only stamps it. */
export async function exportJson(
  backplane: Backplane,
  clock?: Clock,
  { omit = [] }: { readonly omit?: readonly string[] } = {},
): Promise<ConfigDocument> {
  const lists = await Promise.all(documentPrefixes.map((prefix) => backplane.list(prefix)));
  const durable = lists
    .flatMap((list) => list.entries)
    .filter(({ key, lease }) => lease === undefined && !omit.some((prefix) => key.startsWith(prefix)));
  return {
    format: documentFormat,
    version: documentVersion,
    ...(clock === undefined ? {} : { exportedAt: new Date(clock.wallMs()).toISOString() }),
    entries: durable.map(documentEntry),
  };
}

function documentEntry({ key, value }: Entry): DocumentEntry {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const json = asJson(bytes);
  return json === undefined ? { key, base64: bytes.toString('base64') } : { key, value: json.value };
}

/** undefined if the bytes could not be made again from the JSON value: the round trip must be exact. */
function asJson(bytes: Buffer): { readonly value: unknown } | undefined {
  try {
    const text = bytes.toString();
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text && Buffer.from(text).equals(bytes) ? { value } : undefined;
  } catch {
    return undefined;
  }
}
