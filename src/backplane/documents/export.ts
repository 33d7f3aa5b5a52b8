import type { Clock } from '#io';
import type { Backplane, Entry } from '../backplane.ts';
import {
  documentFormat,
  documentPrefixes,
  documentVersion,
  type ConfigDocument,
  type DocumentEntry,
} from './document.ts';

export interface ExportOptions {
  /** What begins with one of these is left out. */
  readonly omit?: readonly string[];
}

/** How much of a text is made at a time: nobody waits for the whole of a large one. */
const entriesPerPiece = 250;

/** Everything durable, as one document. `clock` only stamps it. */
export async function exportJson(
  backplane: Pick<Backplane, 'list'>,
  clock?: Clock,
  options: ExportOptions = {},
): Promise<ConfigDocument> {
  const entries = await durableEntries(backplane, options);
  return { ...heading(clock), entries: entries.map(documentEntry) };
}

/** The same document as text, a line for each entry, piece by piece. */
export async function* exportText(
  backplane: Pick<Backplane, 'list'>,
  clock: Clock,
  options: ExportOptions = {},
): AsyncGenerator<Uint8Array> {
  const entries = await durableEntries(backplane, options);
  yield Buffer.from(`${JSON.stringify(heading(clock)).slice(0, -1)},"entries":[`);
  for (let from = 0; from < entries.length; from += entriesPerPiece) {
    const lines = entries.slice(from, from + entriesPerPiece).map((entry) => JSON.stringify(documentEntry(entry)));
    yield Buffer.from(`${from === 0 ? '' : ','}\n${lines.join(',\n')}`);
  }
  yield Buffer.from('\n]}\n');
}

function heading(clock: Clock | undefined): Omit<ConfigDocument, 'entries'> {
  return {
    format: documentFormat,
    version: documentVersion,
    ...(clock === undefined ? {} : { exportedAt: new Date(clock.wallMs()).toISOString() }),
  };
}

async function durableEntries(
  backplane: Pick<Backplane, 'list'>,
  { omit = [] }: ExportOptions,
): Promise<readonly Entry[]> {
  const lists = await Promise.all(documentPrefixes.map((prefix) => backplane.list(prefix)));
  return lists
    .flatMap((list) => list.entries)
    .filter(({ key, lease }) => lease === undefined && !omit.some((prefix) => key.startsWith(prefix)));
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
