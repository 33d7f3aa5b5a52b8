import type { Guard, Revision } from '../backplane.ts';
import { entriesOf } from './listed.ts';
import type { Change, Reply, Request, StoredOperation, StoreReply } from './requests.ts';

type Txn = Extract<Request, { kind: 'txn' }>;

/**
 * A transaction on its way to the store's thread: all keys in one text and all values in one piece of memory, since each
 * object of a message costs more than the bytes in it.
 */
export interface PackedTxn {
  readonly kind: 'packed';
  /** Of the operations, in order, with a line feed between them; keys have no control characters. */
  readonly keys: string;
  /** Of each operation: how long its value is, or one of `without`. */
  readonly lengths: readonly number[];
  /** One after the other. */
  readonly values: Uint8Array;
  /** Of each operation; absent: none has one. */
  readonly leases: readonly (string | undefined)[] | undefined;
  readonly guards: readonly Guard[];
}

export type PackedRequest = PackedTxn | Exclude<Request, Txn>;

/** Who asked knows the values: of each operation, in order, the create revision of what it put, or 0 for what it deleted. */
export interface StoredReply {
  readonly kind: 'stored';
  readonly revision: Revision;
  readonly created: readonly Revision[];
}

export type PackedReply = StoredReply | StoreReply;

/** In the place of the length of a value. */
const without = { delete: -1, deletePrefix: -2 } as const;

export function packRequest(request: Request): PackedRequest {
  if (request.kind !== 'txn') return request;
  const { operations, guards } = request;
  let bytes = 0;
  let hasLeases = false;
  for (const operation of operations) {
    if (operation.kind !== 'put') continue;
    bytes += operation.value.length;
    hasLeases ||= operation.lease !== undefined;
  }
  const values = new Uint8Array(bytes);
  const lengths: number[] = [];
  let keys = '';
  let at = 0;
  for (const operation of operations) {
    const key = operation.kind === 'deletePrefix' ? operation.prefix : operation.key;
    keys += lengths.length === 0 ? key : `\n${key}`;
    if (operation.kind !== 'put') {
      lengths.push(without[operation.kind]);
      continue;
    }
    values.set(operation.value, at);
    at += operation.value.length;
    lengths.push(operation.value.length);
  }
  const leases = hasLeases ? operations.map((one) => (one.kind === 'put' ? one.lease : undefined)) : undefined;
  return { kind: 'packed', keys, lengths, values, leases, guards };
}

/** Values are parts of one piece of memory. */
export function unpackRequest(request: PackedRequest): Request {
  if (request.kind !== 'packed') return request;
  const { lengths, values, leases, guards } = request;
  const keys = request.keys.split('\n');
  let at = 0;
  const operations = lengths.map((length, index): StoredOperation => {
    const key = keys[index]!;
    if (length === without.delete) return { kind: 'delete', key };
    if (length === without.deletePrefix) return { kind: 'deletePrefix', prefix: key };
    const value = values.subarray(at, at + length);
    at += length;
    return { kind: 'put', key, value, lease: leases?.[index] };
  });
  return { kind: 'txn', operations, guards };
}

/** Where each operation changed the one key that it names, the changes need not travel. */
export function packReply(reply: StoreReply, request: Request): PackedReply {
  if (reply.kind !== 'done' || request.kind !== 'txn') return reply;
  const { operations } = request;
  const { changes, revision } = reply;
  if (changes.length !== operations.length || !operations.every((one, at) => isOf(changes[at]!, one))) return reply;
  return { kind: 'stored', revision, created: changes.map(({ entry }) => entry?.createRevision ?? 0) };
}

function isOf({ key, entry }: Change, operation: StoredOperation): boolean {
  if (operation.kind === 'deletePrefix' || operation.key !== key) return false;
  return operation.kind === 'put' ? entry?.value === operation.value : entry === undefined;
}

export function unpackReply(reply: PackedReply, request: Request): Reply {
  if (reply.kind === 'listed') return entriesOf(reply);
  if (reply.kind !== 'stored') return reply;
  const { revision, created } = reply;
  const operations = request.kind === 'txn' ? request.operations : [];
  const changes = operations.flatMap((operation, at): Change | [] => {
    if (operation.kind === 'deletePrefix') return [];
    const { key } = operation;
    if (operation.kind === 'delete') return { key, entry: undefined };
    const { value, lease } = operation;
    const entry = { key, value, createRevision: created[at] ?? 0, modRevision: revision };
    return { key, entry: lease === undefined ? entry : { ...entry, lease } };
  });
  return { kind: 'done', revision, changes };
}
