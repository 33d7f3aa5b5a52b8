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
/** Of keys and values in one transaction of a cluster: its engine takes 8 MB, and says nothing else meanwhile. */
const partMaxBytes = 4 * 1024 * 1024;
/** What an operation costs beside its key and value, about. */
const operationBytes = 64;

/**
 * Writes a document into the store in one transaction: all of it or nothing. Into a cluster what is larger than 4 MB goes in
 * parts; where that is interrupted, the same import completes it. Only what differs is written, so that watchers hear of real
 * changes only. Throws `BadDocument` (code BAD_DOCUMENT) before anything is written.
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
  const operations: KeyedOperation[] = [
    ...stale.map((key) => ({ kind: 'delete', key }) as const),
    ...puts.map(([key, value]) => ({ kind: 'put', key, value }) as const),
  ];
  let revision = 0;
  for (const part of backplane.mode === 'cluster' ? partsOf(operations) : [operations]) {
    const guards: Guard[] = part.map(({ key }) => ({ key, modRevision: present.get(key)?.modRevision ?? 0 }));
    revision = await backplane.txn(part, guards);
  }
  return { revision, written: puts.length, deleted: stale.length };
}

type KeyedOperation = Exclude<Operation, { readonly kind: 'deletePrefix' }>;

/** At least one, which may be empty. */
function partsOf(operations: readonly KeyedOperation[]): readonly (readonly KeyedOperation[])[] {
  const parts: KeyedOperation[][] = [[]];
  let bytes = 0;
  for (const operation of operations) {
    const size = operationBytes + operation.key.length + (operation.kind === 'put' ? operation.value.length : 0);
    if (bytes > 0 && bytes + size > partMaxBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(operation);
    bytes += size;
  }
  return parts;
}

function holds(entry: Entry | undefined, value: Uint8Array): boolean {
  return entry !== undefined && entry.lease === undefined && Buffer.compare(entry.value, value) === 0;
}
