import { MessageReader, MessageWriter } from './message.ts';

/* Messages of etcd's v3 API (rpc.proto; Apache License 2.0). Lease ids are decimal text. */

/** LeaseGrant{1 TTL, 2 ID} */
export function encodeLeaseGrant(id: string, ttlSeconds: number): Buffer {
  return new MessageWriter().number(1, ttlSeconds).id(2, id).finish();
}

/** LeaseRevoke{1 ID}, LeaseKeepAlive{1 ID} */
export function encodeLeaseId(id: string): Buffer {
  return new MessageWriter().id(1, id).finish();
}

export interface LeaseState {
  readonly id: string;
  /** 0 = there is no such lease any more. */
  readonly ttlSeconds: number;
}

/** LeaseGrant and LeaseKeepAlive answer alike: {1 header, 2 ID, 3 TTL} */
export function decodeLeaseState(bytes: Buffer): LeaseState {
  const reader = new MessageReader(bytes);
  let id = '0';
  let ttlSeconds = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) id = reader.id();
    else if (field === 3) ttlSeconds = reader.number();
    else reader.skip();
  }
  return { id, ttlSeconds };
}
