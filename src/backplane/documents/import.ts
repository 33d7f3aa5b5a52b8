import { Conflict, type Backplane, type Entry, type Guard, type Operation, type Revision } from '../backplane.ts';
import { documentPrefixes } from './document.ts';
import { parseDocument } from './parse.ts';

export interface ImportOptions {
  /** `replace` (default): what the document does not hold is deleted. `merge`: it stays. */
  readonly mode?: 'replace' | 'merge';
  /** Keys that begin so stay although the document does not hold them: what belongs to this server alone. */
  readonly keep?: readonly string[];
}

export interface ImportResult {
  readonly revision: Revision;
  /** Entries that are new or have another value now. */
  readonly written: number;
  readonly deleted: number;
}

/** Somebody else may write meanwhile; then the comparison begins anew. */
const maxAttempts = 5;

/**
 * Writes a document into the store in one transaction: all of it or nothing. Only what differs is written, so that
 * watchers hear of real changes only. Throws `BadDocument` (code BAD_DOCUMENT) before anything is written.
 */
export async function importJson(
  backplane: Backplane,
  document: unknown,
  options: ImportOptions = {},
): Promise<ImportResult> {
  const values = parseDocument(document);
  for (let attempt = 1; ; attempt++) {
    try {
      return await importOnce(backplane, values, options);
    } catch (error) {
      if (!(error instanceof Conflict) || attempt === maxAttempts) throw error;
    }
  }
}

async function importOnce(
  backplane: Backplane,
  values: ReadonlyMap<string, Uint8Array>,
  { mode = 'replace', keep = [] }: ImportOptions,
): Promise<ImportResult> {
  const lists = await Promise.all(documentPrefixes.map((prefix) => backplane.list(prefix)));
  const present = new Map(lists.flatMap((list) => list.entries).map((entry) => [entry.key, entry]));
  const puts = [...values].filter(([key, value]) => !holds(present.get(key), value));
  const stale =
    mode === 'merge'
      ? []
      : [...present.keys()].filter((key) => !values.has(key) && !keep.some((prefix) => key.startsWith(prefix)));
  const operations: Operation[] = [
    ...stale.map((key) => ({ kind: 'delete', key }) as const),
    ...puts.map(([key, value]) => ({ kind: 'put', key, value }) as const),
  ];
  const guards: Guard[] = [...stale, ...puts.map(([key]) => key)].map((key) => ({
    key,
    modRevision: present.get(key)?.modRevision ?? 0,
  }));
  const revision = await backplane.txn(operations, guards);
  return { revision, written: puts.length, deleted: stale.length };
}

function holds(entry: Entry | undefined, value: Uint8Array): boolean {
  return entry !== undefined && entry.lease === undefined && Buffer.compare(entry.value, value) === 0;
}
