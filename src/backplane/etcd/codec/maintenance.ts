import { MessageReader, MessageWriter } from './message.ts';

/* Messages of etcd's v3 API (rpc.proto; Apache License 2.0). */

export interface SnapshotPart {
  readonly remainingBytes: number;
  readonly blob: Buffer;
}

/** {1 header, 2 remaining_bytes, 3 blob} */
export function decodeSnapshotPart(bytes: Buffer): SnapshotPart {
  const reader = new MessageReader(bytes);
  let remainingBytes = 0;
  let blob: Buffer = Buffer.alloc(0);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) remainingBytes = reader.number();
    else if (field === 3) blob = reader.bytes();
    else reader.skip();
  }
  return { remainingBytes, blob };
}

export interface EngineStatus {
  readonly memberId: string;
  readonly version: string;
  /** Of the file. */
  readonly dbBytes: number;
  /** Of what is in it: the rest comes back by defragmentation. */
  readonly dbUsedBytes: number;
  /** '0' = it knows none. */
  readonly leader: string;
  readonly raftIndex: number;
  readonly raftAppliedIndex: number;
  readonly isLearner: boolean;
  readonly errors: readonly string[];
}

/** {1 header{2 member_id}, 2 version, 3 dbSize, 4 leader, 5 raftIndex, 7 raftAppliedIndex, 8 errors, 9 dbSizeInUse, 10 isLearner} */
export function decodeStatus(bytes: Buffer): EngineStatus {
  const reader = new MessageReader(bytes);
  const errors: string[] = [];
  let [memberId, version, leader, isLearner] = ['0', '', '0', false];
  let [dbBytes, dbUsedBytes, raftIndex, raftAppliedIndex] = [0, 0, 0, 0];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) memberId = decodeMemberId(reader.bytes());
    else if (field === 2) version = reader.text();
    else if (field === 3) dbBytes = reader.number();
    else if (field === 4) leader = reader.id();
    else if (field === 5) raftIndex = reader.number();
    else if (field === 7) raftAppliedIndex = reader.number();
    else if (field === 8) errors.push(reader.text());
    else if (field === 9) dbUsedBytes = reader.number();
    else if (field === 10) isLearner = reader.flag();
    else reader.skip();
  }
  return { memberId, version, dbBytes, dbUsedBytes, leader, raftIndex, raftAppliedIndex, isLearner, errors };
}

function decodeMemberId(bytes: Buffer): string {
  const reader = new MessageReader(bytes);
  let memberId = '0';
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) memberId = reader.id();
    else reader.skip();
  }
  return memberId;
}

/** AlarmRequest{1 action, 2 memberID, 3 alarm}: action 2 = deactivate; alarm 1 = no space */
export function encodeDisarmNoSpace(): Buffer {
  return new MessageWriter().number(1, 2).number(3, 1).finish();
}

/** MoveLeader{1 targetID} */
export function encodeMoveLeader(memberId: string): Buffer {
  return new MessageWriter().id(1, memberId).finish();
}
