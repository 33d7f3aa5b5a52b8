import { MessageReader, MessageWriter } from './message.ts';

/* Messages of etcd's v3 API (rpc.proto, auth.proto; Apache License 2.0). */

/** A user that can only come with a certificate: AuthUserAdd{1 name, 3 options{1 no_password}} */
export function encodeUserAdd(name: string): Buffer {
  return new MessageWriter().text(1, name).message(3, new MessageWriter().flag(1, true).finish()).finish();
}

/** AuthUserDelete, AuthUserGet, AuthRoleAdd, AuthRoleDelete, AuthRoleGet: {1 name} */
export function encodeName(name: string): Buffer {
  return new MessageWriter().text(1, name).finish();
}

/** AuthUserGrantRole, AuthUserRevokeRole: {1 user, 2 role} */
export function encodeUserRole(user: string, role: string): Buffer {
  return new MessageWriter().text(1, user).text(2, role).finish();
}

export interface Permission {
  readonly may: 'read' | 'readWrite';
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

const kinds = { read: 0, readWrite: 2 } as const;

/** AuthRoleGrantPermission{1 name, 2 perm{1 permType, 2 key, 3 range_end}} */
export function encodeGrant(role: string, { may, key, rangeEnd }: Permission): Buffer {
  const permission = new MessageWriter().number(1, kinds[may]).bytes(2, key).bytes(3, rangeEnd).finish();
  return new MessageWriter().text(1, role).message(2, permission).finish();
}

/** AuthUserGet answers {1 header, 2 roles}; AuthUserList {1 header, 2 users} */
export function decodeNames(bytes: Buffer): string[] {
  const reader = new MessageReader(bytes);
  const names: string[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) names.push(reader.text());
    else reader.skip();
  }
  return names;
}
