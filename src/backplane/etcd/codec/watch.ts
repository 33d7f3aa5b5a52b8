import { decodeHeader, decodeKeyValue, type KeyValue } from './key-value.ts';
import { MessageReader, MessageWriter } from './message.ts';

/* Messages of etcd's v3 API (rpc.proto, kv.proto; Apache License 2.0). */

export interface WatchEvent {
  readonly isDelete: boolean;
  /** Of a deletion: the key and, as `modRevision`, its revision. */
  readonly keyValue: KeyValue;
}

export interface WatchResponse {
  readonly revision: number;
  readonly isCreated: boolean;
  readonly isCanceled: boolean;
  /** Above 0: what was asked for is gone from the history; this is the oldest revision that is left. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  /** The last revision goes on in the next response. */
  readonly isFragment: boolean;
  readonly events: readonly WatchEvent[];
}

/** WatchRequest{1 create_request{1 key, 2 range_end, 3 start_revision, 8 fragment}} */
export function encodeWatchCreate(key: Uint8Array, rangeEnd: Uint8Array, startRevision: number): Buffer {
  const create = new MessageWriter().bytes(1, key).bytes(2, rangeEnd).number(3, startRevision).flag(8, true).finish();
  return new MessageWriter().message(1, create).finish();
}

/** WatchRequest{3 progress_request{}} */
export function encodeProgressRequest(): Buffer {
  return new MessageWriter().message(3, new Uint8Array(0)).finish();
}

/** {1 header, 2 watch_id, 3 created, 4 canceled, 5 compact_revision, 6 cancel_reason, 7 fragment, 11 events} */
export function decodeWatch(bytes: Buffer): WatchResponse {
  const reader = new MessageReader(bytes);
  const events: WatchEvent[] = [];
  let [revision, isCreated, isCanceled, compactRevision, cancelReason, isFragment] = [0, false, false, 0, '', false];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) revision = decodeHeader(reader.bytes());
    else if (field === 3) isCreated = reader.flag();
    else if (field === 4) isCanceled = reader.flag();
    else if (field === 5) compactRevision = reader.number();
    else if (field === 6) cancelReason = reader.text();
    else if (field === 7) isFragment = reader.flag();
    else if (field === 11) events.push(decodeEvent(reader.bytes()));
    else reader.skip();
  }
  return { revision, isCreated, isCanceled, compactRevision, cancelReason, isFragment, events };
}

const noKeyValue = decodeKeyValue(Buffer.alloc(0));

/** Event{1 type (0 put, 1 delete), 2 kv, 3 prev_kv} */
function decodeEvent(bytes: Buffer): WatchEvent {
  const reader = new MessageReader(bytes);
  let isDelete = false;
  let keyValue = noKeyValue;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) isDelete = reader.number() === 1;
    else if (field === 2) keyValue = decodeKeyValue(reader.bytes());
    else reader.skip();
  }
  return { isDelete, keyValue };
}
