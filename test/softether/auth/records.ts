import { defaultPolicy, type HubRecord, type UserAuth, type UserRecord } from '#hub';
import type { LoginCheck } from '../../../src/softether/auth/check-login.ts';
import { adminPasswordHash, userPasswordHash } from '../../../src/softether/auth/password-hash.ts';

export const random = Buffer.from('6704a3c353d01c00e9ad82078c6698c61d830d0c', 'hex');
/** 2026-06-01 */
export const nowMs = Date.UTC(2026, 5, 1);

export function hubWith(password: string): HubRecord {
  return {
    name: 'DEFAULT',
    kind: 'standalone',
    isOnline: true,
    maxSessions: 0,
    isHiddenFromEnum: false,
    hashedPassword: adminPasswordHash(password).toString('hex'),
    securePassword: userPasswordHash(password, 'administrator').toString('hex'),
    message: '',
    createdAtMs: 0,
  };
}

export function userWith(auth: UserAuth, change: Partial<UserRecord> = {}): UserRecord {
  return {
    name: 'Alice',
    groupName: '',
    realName: '',
    note: '',
    auth,
    createdAtMs: 0,
    updatedAtMs: 0,
    expiresAtMs: 0,
    policy: undefined,
    ...change,
  };
}

export function passwordUser(password: string, change: Partial<UserRecord> = {}): UserRecord {
  const hashedKey = userPasswordHash(password, change.name ?? 'Alice').toString('hex');
  return userWith({ kind: 'password', hashedKey, ntHash: '0'.repeat(32) }, change);
}

export function checkOf(change: Partial<LoginCheck>): LoginCheck {
  return {
    userName: 'ALICE',
    proof: { kind: 'anonymous' },
    hub: hubWith('hubsecret'),
    user: undefined,
    policyOf: (user) => user.policy ?? defaultPolicy,
    random,
    nowMs,
    isFromLoopback: false,
    ...change,
  };
}
