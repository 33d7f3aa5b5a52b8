import type { Entry } from '#backplane';
import { objectOf, stringOf } from '../parse-record.ts';

/* An entry as it is kept: create revision and mod revision, eight bytes each, big-endian, then the value. */
const revisionBytes = 8;
const headerBytes = 2 * revisionBytes;

export interface SeenMark {
  readonly clusterId: string;
  /** Unix milliseconds. */
  readonly seenAtMs: number;
}

export function encodeSeen({ createRevision, modRevision, value }: Entry): Buffer {
  const kept = Buffer.alloc(headerBytes + value.length);
  kept.writeBigUInt64BE(BigInt(createRevision), 0);
  kept.writeBigUInt64BE(BigInt(modRevision), revisionBytes);
  kept.set(value, headerBytes);
  return kept;
}

/** undefined = that was never written by `encodeSeen`. */
export function decodeSeen(key: string, bytes: Uint8Array): Entry | undefined {
  if (bytes.length < headerBytes) return undefined;
  const kept = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const createRevision = Number(kept.readBigUInt64BE(0));
  const modRevision = Number(kept.readBigUInt64BE(revisionBytes));
  if (!Number.isSafeInteger(createRevision) || !Number.isSafeInteger(modRevision)) return undefined;
  return { key, value: kept.subarray(headerBytes), createRevision, modRevision };
}

export function parseSeenMark(bytes: Uint8Array | undefined): SeenMark | undefined {
  if (bytes === undefined) return undefined;
  try {
    const mark = objectOf(JSON.parse(Buffer.from(bytes).toString()));
    const seenAtMs = mark['seenAtMs'];
    return typeof seenAtMs === 'number' ? { clusterId: stringOf(mark, 'clusterId'), seenAtMs } : undefined;
  } catch {
    return undefined;
  }
}
