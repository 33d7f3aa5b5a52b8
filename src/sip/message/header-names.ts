import { HeaderId, headerForms } from './header-id.ts';

const TABLE_SIZE = 1024;
const FACTOR = 31;

interface Form {
  readonly id: HeaderId;
  /** In lower case. */
  readonly name: string;
}

export const nameHashSeed = 0;

/** Buckets by the hash of the name in lower case; a name of no bucket is unknown. */
const buckets: readonly (readonly Form[])[] = buildBuckets();
const names: readonly string[] = buildNames();

/** How a header field is written, long form. Empty for `Unknown`. */
export function headerName(id: HeaderId): string {
  return names[id] ?? '';
}

/** One step of the hash over a name: `byte` may be of either case. */
export function nameHash(hash: number, byte: number): number {
  return (Math.imul(hash, FACTOR) + (byte | 0x20)) | 0;
}

/** The number of the name at `start … end` of `bytes`, whose hash was made with `nameHash`. The name is a token. */
export function headerIdAt(bytes: Uint8Array, start: number, end: number, hash: number): HeaderId {
  const bucket = buckets[hash & (TABLE_SIZE - 1)]!;
  for (let i = 0; i < bucket.length; i++) {
    const form = bucket[i]!;
    if (isName(bytes, start, end, form.name)) return form.id;
  }
  return HeaderId.Unknown;
}

/** The number of a name, in any case, long or compact. */
export function headerIdOf(name: string): HeaderId {
  const bytes = Buffer.from(name, 'latin1');
  let hash = nameHashSeed;
  for (const byte of bytes) hash = nameHash(hash, byte);
  return headerIdAt(bytes, 0, bytes.length, hash);
}

// Names hold letters and "-" only, and no byte of a token but these has the same value with bit 0x20 set.
function isName(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let i = start; i < end; i++) if ((bytes[i]! | 0x20) !== name.charCodeAt(i - start)) return false;
  return true;
}

function buildBuckets(): Form[][] {
  const table: Form[][] = Array.from({ length: TABLE_SIZE }, () => []);
  for (const [id, long, compact] of headerForms) {
    for (const form of compact === undefined ? [long] : [long, compact]) {
      const name = form.toLowerCase();
      let hash = nameHashSeed;
      for (let i = 0; i < name.length; i++) hash = nameHash(hash, name.charCodeAt(i));
      table[hash & (TABLE_SIZE - 1)]!.push({ id, name });
    }
  }
  return table;
}

function buildNames(): string[] {
  const result: string[] = [];
  for (const [id, name] of headerForms) result[id] = name;
  return result;
}
