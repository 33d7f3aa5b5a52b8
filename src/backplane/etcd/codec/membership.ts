import { MessageReader, MessageWriter } from './message.ts';

/* Messages of etcd's v3 API (rpc.proto; Apache License 2.0). Ids are unsigned 64-bit numbers, as decimal text. */

export interface EngineMember {
  readonly id: string;
  /** Empty until it has run once. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface MemberAdded {
  readonly id: string;
  /** All of them, the new one too. */
  readonly members: readonly EngineMember[];
}

/** MemberAdd{1 peerURLs, 2 isLearner} */
export function encodeMemberAdd(peerUrl: string, isLearner: boolean): Buffer {
  return new MessageWriter().text(1, peerUrl).flag(2, isLearner).finish();
}

/** MemberRemove{1 ID}, MemberPromote{1 ID} */
export function encodeMemberId(id: string): Buffer {
  return new MessageWriter().id(1, id).finish();
}

/** MemberAdd answers {1 header, 2 member, 3 members} */
export function decodeMemberAdded(bytes: Buffer): MemberAdded {
  const reader = new MessageReader(bytes);
  const members: EngineMember[] = [];
  let id = '0';
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) id = decodeMember(reader.bytes()).id;
    else if (field === 3) members.push(decodeMember(reader.bytes()));
    else reader.skip();
  }
  return { id, members };
}

/** MemberList answers {1 header, 2 members} */
export function decodeMembers(bytes: Buffer): EngineMember[] {
  const reader = new MessageReader(bytes);
  const members: EngineMember[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) members.push(decodeMember(reader.bytes()));
    else reader.skip();
  }
  return members;
}

/** Member{1 ID, 2 name, 3 peerURLs, 4 clientURLs, 5 isLearner} */
function decodeMember(bytes: Buffer): EngineMember {
  const reader = new MessageReader(bytes);
  const peerUrls: string[] = [];
  const clientUrls: string[] = [];
  let [id, name, isLearner] = ['0', '', false];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) id = reader.id();
    else if (field === 2) name = reader.text();
    else if (field === 3) peerUrls.push(reader.text());
    else if (field === 4) clientUrls.push(reader.text());
    else if (field === 5) isLearner = reader.flag();
    else reader.skip();
  }
  return { id, name, peerUrls, clientUrls, isLearner };
}
