import { MessageReader, MessageWriter } from './message.ts';

/*
 * Messages of etcd's v3 API (rpc.proto and kv.proto of etcd, Apache License 2.0): field numbers and meanings are theirs.
 * Revisions are numbers below 2^53; leases are decimal text.
 */

export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  /** '0' = none. */
  readonly lease: string;
}

export interface RangeRequest {
  readonly key: Uint8Array;
  /** Absent = this key only; a single zero byte = from `key` to the end. */
  readonly rangeEnd?: Uint8Array;
  readonly limit?: number;
  /** Absent = now. */
  readonly revision?: number;
}

/** Range{1 key, 2 range_end, 3 limit, 4 revision} */
export function encodeRange({ key, rangeEnd, limit = 0, revision = 0 }: RangeRequest): Buffer {
  const writer = new MessageWriter().bytes(1, key);
  if (rangeEnd !== undefined) writer.bytes(2, rangeEnd);
  return writer.number(3, limit).number(4, revision).finish();
}

export interface RangeResponse {
  readonly revision: number;
  readonly entries: readonly KeyValue[];
  readonly hasMore: boolean;
}

/** {1 header, 2 kvs, 3 more, 4 count} */
export function decodeRange(bytes: Buffer): RangeResponse {
  const reader = new MessageReader(bytes);
  const entries: KeyValue[] = [];
  let revision = 0;
  let hasMore = false;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) revision = decodeHeader(reader.bytes());
    else if (field === 2) entries.push(decodeKeyValue(reader.bytes()));
    else if (field === 3) hasMore = reader.flag();
    else reader.skip();
  }
  return { revision, entries, hasMore };
}

/** ResponseHeader{1 cluster_id, 2 member_id, 3 revision, 4 raft_term} → revision */
export function decodeHeader(bytes: Buffer): number {
  const reader = new MessageReader(bytes);
  let revision = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 3) revision = reader.number();
    else reader.skip();
  }
  return revision;
}

/** KeyValue{1 key, 2 create_revision, 3 mod_revision, 4 version, 5 value, 6 lease} */
export function decodeKeyValue(bytes: Buffer): KeyValue {
  const reader = new MessageReader(bytes);
  let key = '';
  let value: Buffer = empty;
  let createRevision = 0;
  let modRevision = 0;
  let lease = '0';
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.text();
    else if (field === 2) createRevision = reader.number();
    else if (field === 3) modRevision = reader.number();
    else if (field === 5) value = reader.bytes();
    else if (field === 6) lease = reader.id();
    else reader.skip();
  }
  return { key, value, createRevision, modRevision, lease };
}

const empty = Buffer.alloc(0);

export interface PutRequest {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** '0' = none. */
  readonly lease: string;
}

/** Put{1 key, 2 value, 3 lease} */
export function encodePut({ key, value, lease }: PutRequest): Buffer {
  return new MessageWriter().bytes(1, key).bytes(2, value).id(3, lease).finish();
}

export interface DeleteRangeRequest {
  readonly key: Uint8Array;
  readonly rangeEnd?: Uint8Array;
}

/** DeleteRange{1 key, 2 range_end} */
export function encodeDeleteRange({ key, rangeEnd }: DeleteRangeRequest): Buffer {
  const writer = new MessageWriter().bytes(1, key);
  return (rangeEnd === undefined ? writer : writer.bytes(2, rangeEnd)).finish();
}

/** The target is in `what`; etcd's numbers for it. */
export interface Compare {
  readonly key: Uint8Array;
  readonly what: 'create' | 'mod';
  readonly equals: number;
}

const equal = 0;
const target = { create: 1, mod: 2 } as const;
const targetField = { create: 5, mod: 6 } as const;

/** Compare{1 result, 2 target, 3 key, 5 create_revision | 6 mod_revision} */
function encodeCompare({ key, what, equals }: Compare): Buffer {
  return new MessageWriter()
    .number(1, equal)
    .number(2, target[what])
    .bytes(3, key)
    .always(targetField[what], equals)
    .finish();
}

export interface TxnRequest {
  readonly compares: readonly Compare[];
  readonly puts: readonly PutRequest[];
  readonly deletes: readonly DeleteRangeRequest[];
  /** Asked when a compare fails, so that the refusal can say what was found. */
  readonly otherwise: readonly RangeRequest[];
}

/** Txn{1 compare, 2 success, 3 failure}; RequestOp{1 range, 2 put, 3 delete_range} */
export function encodeTxn({ compares, puts, deletes, otherwise }: TxnRequest): Buffer {
  const writer = new MessageWriter();
  for (const compare of compares) writer.message(1, encodeCompare(compare));
  for (const each of deletes) writer.message(2, new MessageWriter().message(3, encodeDeleteRange(each)).finish());
  for (const put of puts) writer.message(2, new MessageWriter().message(2, encodePut(put)).finish());
  for (const range of otherwise) writer.message(3, new MessageWriter().message(1, encodeRange(range)).finish());
  return writer.finish();
}

export interface TxnResponse {
  readonly revision: number;
  readonly hasSucceeded: boolean;
  /** What `otherwise` found, in its order; empty when it succeeded. */
  readonly found: readonly RangeResponse[];
}

/** {1 header, 2 succeeded, 3 responses}; ResponseOp{1 response_range, …} */
export function decodeTxn(bytes: Buffer): TxnResponse {
  const reader = new MessageReader(bytes);
  const found: RangeResponse[] = [];
  let revision = 0;
  let hasSucceeded = false;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) revision = decodeHeader(reader.bytes());
    else if (field === 2) hasSucceeded = reader.flag();
    else if (field === 3) found.push(...decodeResponseOp(reader.bytes()));
    else reader.skip();
  }
  return { revision, hasSucceeded, found };
}

function decodeResponseOp(bytes: Buffer): RangeResponse[] {
  const reader = new MessageReader(bytes);
  const found: RangeResponse[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) found.push(decodeRange(reader.bytes()));
    else reader.skip();
  }
  return found;
}
